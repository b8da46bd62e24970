"""The runtime session: a sealed model file that has proven itself on this machine."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from skinscore.contract.contract import Contract, TensorSpec
from skinscore.contract.golden import Answers, Crops, Masks, self_test
from skinscore.contract.release import ModelFile
from skinscore.errors import InternalFault, NotReady

if TYPE_CHECKING:
    import onnxruntime

_ORT_TYPES: Final = {"uint8": "tensor(uint8)", "float32": "tensor(float)"}


class Session:
    """Runs the graph; every instance has passed the signature check and the golden self-test.

    Args:
        model: an opened model file.
        threads: intra-op threads; ``usable_cpus()`` for one photo at a time, 1 per worker when
            several sessions share the machine.

    Raises:
        NotReady: ``model_not_onnx``, ``signature_mismatch`` or ``self_test_failed``.
    """

    def __init__(self, model: ModelFile, threads: int) -> None:
        self._names = model.contract.tensors
        self._session = _create(model.data, threads)
        _require_signature(self._session, model.contract)
        self.self_test_deviation = self_test(
            self.run,
            model.contract.golden.cases,
            model.contract.golden.tolerance,
            model.contract.geometry,
        )

    def run(self, crops: Crops, masks: Masks) -> Answers:
        """Return probabilities (N, K, 3, 5) and severity maps (N, 3, h, w), both float32.

        Args:
            crops: (N, S, S, 3) uint8 sRGB.
            masks: (N, K, S, S) uint8, 0 or 255; an all-zero slot's answer means nothing.

        Raises:
            InternalFault: ``inference_failed``.
        """
        names = self._names
        try:
            probabilities, severity_map = self._session.run(
                [names.probabilities.name, names.severity_map.name],
                {names.crops.name: crops, names.masks.name: masks},
            )
        except Exception as fault:  # onnxruntime raises bare C++ errors of many types
            raise InternalFault(
                "inference_failed",
                f"the runtime answered {type(fault).__name__} to crops {crops.shape}",
                "the contract's tensor shapes",
            ) from fault
        return np.asarray(probabilities), np.asarray(severity_map)


def usable_cpus() -> int:
    """Return how many CPUs this process may use: affinity, cut by the container's quota."""
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every platform
        cpus = os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cpus
    return cpus if quota == "max" else max(1, min(cpus, int(quota) // int(period)))


def _create(data: bytes, threads: int) -> "onnxruntime.InferenceSession":
    import onnxruntime  # 60 ms and 40 MB: only when something is to be graded

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads burn the CPU that decoding and other sessions need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as fault:
        raise NotReady(
            "model_not_onnx",
            f"the runtime refused the graph ({type(fault).__name__})",
            "a graph of standard operators",
        ) from fault


def _require_signature(session: "onnxruntime.InferenceSession", contract: Contract) -> None:
    tensors = contract.tensors
    promised = [
        (tensors.crops, session.get_inputs()),
        (tensors.masks, session.get_inputs()),
        (tensors.probabilities, session.get_outputs()),
        (tensors.severity_map, session.get_outputs()),
    ]
    if len(session.get_inputs()) != 2 or len(session.get_outputs()) != 2:
        raise NotReady(
            "signature_mismatch",
            f"{len(session.get_inputs())} inputs, {len(session.get_outputs())} outputs",
            "two of each",
        )
    for spec, nodes in promised:
        node = next((node for node in nodes if node.name == spec.name), None)
        found = None if node is None else (node.type, _free(node.shape))
        if found != (_ORT_TYPES[spec.dtype], spec.shape):
            raise NotReady(
                "signature_mismatch",
                f"tensor {spec.name} is {found}",
                f"the contract promises {spec.dtype} {_words(spec)}",
            )


def _free(shape: list[int | str | None]) -> tuple[int, ...]:
    return tuple(size if isinstance(size, int) else -1 for size in shape)


def _words(spec: TensorSpec) -> str:
    return "x".join("any" if size == -1 else str(size) for size in spec.shape)

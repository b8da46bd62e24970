"""From torch to one ONNX graph, and the proof that both compute the same.

torch 2.9 and later export through ``torch.export``; the options stand here in full because their
defaults moved between releases and a wrong one shows only in the clinic (weights in a second file,
a batch axis frozen at the example's size).
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from skinscore.contract.contract import Tensors, TensorSpec
from skinscore.contract.golden import Answers, Crops, Masks, Run
from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.errors import InternalFault
from skinscore.imaging.rules import Geometry
from skinscore_training.model.heads import MAP_STRIDE
from skinscore_training.model.network import Servable

OPSET: Final = 18
_EXAMPLES: Final = 2  # a batch of 1 would be specialised away
_LARGEST_BATCH: Final = 4096


def tensors(geometry: Geometry) -> Tensors:
    """Return the graph's signature for crops of this geometry; -1 is the batch."""
    side, slots, cells = geometry.side_px, geometry.slots, geometry.side_px // MAP_STRIDE
    return Tensors(
        crops=TensorSpec(
            name="crops",
            dtype="uint8",
            shape=(-1, side, side, 3),
            meaning="crop, y, x, channel; sRGB 0..255",
        ),
        masks=TensorSpec(
            name="masks",
            dtype="uint8",
            shape=(-1, slots, side, side),
            meaning="crop, slot, y, x; 255 inside the slot's zone, else 0; unused slots all 0",
        ),
        probabilities=TensorSpec(
            name="probabilities",
            dtype="float32",
            shape=(-1, slots, len(CONCERNS), len(GRADES)),
            meaning="crop, slot, concern, grade; calibrated, each row sums to 1",
        ),
        severity_map=TensorSpec(
            name="severity_map",
            dtype="float32",
            shape=(-1, len(CONCERNS), cells, cells),
            meaning=f"crop, concern, y, x at 1/{MAP_STRIDE} of the crop; 0 none to 1 severe",
        ),
    )


def to_onnx(model: Servable, geometry: Geometry) -> bytes:
    """Return ``model`` as one self-contained ONNX file with a free batch size."""
    signature = tensors(geometry)
    batch = torch.export.Dim("batch", min=1, max=_LARGEST_BATCH)
    example = tuple(
        torch.zeros((_EXAMPLES, *spec.shape[1:]), dtype=torch.uint8)
        for spec in (signature.crops, signature.masks)
    )
    with _quiet_exporter():
        program = torch.onnx.export(
            model.eval(),
            example,
            dynamo=True,
            opset_version=OPSET,
            input_names=[signature.crops.name, signature.masks.name],
            output_names=[signature.probabilities.name, signature.severity_map.name],
            dynamic_shapes={"crops": {0: batch}, "masks": {0: batch}},
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise InternalFault("parity_failed", "torch exported nothing", "one ONNX program")
    data: bytes = program.model_proto.SerializeToString(deterministic=True)
    return data


def runner(data: bytes, threads: int = 1) -> Run:
    """Return a function that runs the file with onnxruntime on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def run(crops: Crops, masks: Masks) -> Answers:
        probabilities, severity_map = session.run(
            ["probabilities", "severity_map"], {"crops": crops, "masks": masks}
        )
        return probabilities, severity_map

    return run


def torch_runner(model: Servable) -> Run:
    """Return a function that runs the network in torch, as :func:`runner` does the file."""
    model.eval()

    def run(crops: Crops, masks: Masks) -> Answers:
        with torch.inference_mode():
            probabilities, severity = model(torch.from_numpy(crops), torch.from_numpy(masks))
        return probabilities.numpy(), severity.numpy()

    return run


def random_inputs(geometry: Geometry, seed: int, batch: int) -> tuple[Crops, Masks]:
    """Return noise with masks of every kind: random boxes, full (the first), empty (last slots)."""
    rng = np.random.default_rng(seed)
    side, slots = geometry.side_px, geometry.slots
    crops = rng.integers(0, 256, (batch, side, side, 3), dtype=np.uint8)
    masks = np.zeros((batch, slots, side, side), np.uint8)
    for picture in range(batch):
        for slot in range(slots - 1 if picture % 2 else slots):
            top, left = rng.integers(0, side // 2, 2)
            masks[picture, slot, top : top + side // 2, left : left + side // 2] = 255
    masks[0, 0] = 255
    return crops, masks


def require_parity(
    model: Servable, run: Run, crops: Crops, masks: Masks, tolerance: float
) -> float:
    """Return the largest difference between torch and ``run``, over both outputs.

    The inputs are answered in one batch and again one by one.

    Raises:
        InternalFault: ``parity_failed`` beyond ``tolerance`` or when an answer is not finite.
    """
    expected = torch_runner(model)(crops, masks)
    worst = 0.0
    for found in (run(crops, masks), _one_by_one(run, crops, masks)):
        for ours, theirs in zip(found, expected, strict=True):
            difference = float(np.abs(ours - theirs).max())
            if not difference <= tolerance:  # also true for NaN
                raise InternalFault(
                    "parity_failed",
                    f"onnxruntime differs from torch by {difference:.3g}",
                    f"at most {tolerance:.3g} is allowed",
                )
            worst = max(worst, difference)
    return worst


def _one_by_one(run: Run, crops: Crops, masks: Masks) -> Answers:
    parts = [run(crops[i : i + 1], masks[i : i + 1]) for i in range(len(crops))]
    first: NDArray[np.float32] = np.concatenate([part[0] for part in parts])
    second: NDArray[np.float32] = np.concatenate([part[1] for part in parts])
    return first, second


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's notes (operators we do not use, one axis name shared by both inputs) off
    the progress display."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

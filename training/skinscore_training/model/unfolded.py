"""From a model file back to weights that can be trained on.

The file is what everyone has; the training weights of a release are nowhere else. The exporter
folds each batch normalisation into the convolution before it. Here it is taken out again: the
folded numbers stay where they are, the normalisation starts as the identity, and
:func:`renormalise` then gives it the statistics of real crops without changing any answer.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from skinscore_training.model.network import SkinNet

_PREFIX: Final = "network."  # of the trained weights in the served graph
_FOLDED: Final = "_bias"  # what the exporter adds to a weight's name for the bias it folded in


class Unlike(ValueError):
    """The file's graph is not that of the network at hand; says which weight differs."""


def read_weights(data: bytes, network: SkinNet) -> dict[str, Tensor]:
    """Return the state of ``network`` with the weights of the model file ``data``.

    In eval mode the network then answers as the file does, before calibration. What the file does
    not hold (the training-only relief) stays as it is in ``network``.

    Raises:
        Unlike: when a weight is missing, left over or of another shape.
    """
    graph = onnx.load_from_string(data).graph
    constants = {f"{_PREFIX}{name}" for name in _constants(network)}
    values = {
        each.name: numpy_helper.to_array(each)
        for each in graph.initializer
        if each.name not in constants
    }
    found: dict[str, Tensor] = {}
    normalised = _normalisations(network)
    linear = iter([name for name, part in network.named_modules() if isinstance(part, nn.Linear)])
    for node in graph.node:
        named = [name for name in node.input if name.startswith(_PREFIX) and name in values]
        for name in named:
            if name.endswith(_FOLDED):
                convolution = name.removeprefix(_PREFIX).removesuffix(f".weight{_FOLDED}")
                if convolution not in normalised:
                    raise Unlike(f"{name} belongs to no batch normalisation")
                found |= _identity(normalised[convolution], values[name], network)
            else:
                found[name.removeprefix(_PREFIX)] = _tensor(values[name])
        if node.op_type == "MatMul" and node.input[1] in values:
            place = next(linear, None)
            if place is None:
                raise Unlike("it has more linear layers than the network")
            found[f"{place}.weight"] = _tensor(values[node.input[1]].T)
    return _completed(found, network)


def renormalise(network: SkinNet, batches: Iterator[tuple[Tensor, Tensor]]) -> None:
    """Give every batch normalisation the statistics of ``batches`` of (crops, masks).

    The network's answers in eval mode stay what they were, up to rounding; in training mode, where
    a batch is normalised by itself, they now stay near them. A channel that is always the same
    keeps its value.
    """
    sums: dict[str, list[Tensor]] = {}
    modules = network.named_modules()
    parts = {name: part for name, part in modules if isinstance(part, nn.BatchNorm2d)}

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            flat = inputs[0].transpose(0, 1).flatten(1).double()
            count, total, square = sums.setdefault(name, [torch.zeros(()).double()] * 3)
            sums[name] = [count + flat.shape[1], total + flat.sum(1), square + (flat**2).sum(1)]

        return note

    was_training = network.training
    with ExitStack() as stack, torch.inference_mode():
        for name, part in parts.items():
            stack.callback(part.register_forward_pre_hook(watch(name)).remove)
        network.eval()
        for crops, masks in batches:
            network(crops, masks)
    network.train(was_training)
    for name, part in parts.items():
        count, total, square = sums[name]
        mean = total / count
        _restate(part, mean, (square / count - mean**2).clamp(min=0))


@torch.no_grad()
def _restate(part: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Give ``part`` these statistics and the scale and shift that leave its function unchanged."""
    assert part.running_mean is not None
    assert part.running_var is not None
    slope = part.weight.double() / (part.running_var.double() + part.eps).sqrt()
    shift = part.bias.double() - slope * part.running_mean.double()
    part.weight.copy_(slope * (variance + part.eps).sqrt())
    part.bias.copy_(shift + slope * mean)
    part.running_mean.copy_(mean)
    part.running_var.copy_(variance)


def _constants(network: SkinNet) -> set[str]:
    """What follows from the crops' side alone: the exporter names it only where it is large."""
    return {name for name, _ in network.named_buffers()} - network.state_dict().keys()


def _normalisations(network: SkinNet) -> dict[str, str]:
    """Convolution to the batch normalisation that follows it, by name."""
    out, before = {}, None
    for name, part in network.named_modules():
        if isinstance(part, nn.BatchNorm2d) and before is not None:
            out[before] = name
        before = name if isinstance(part, nn.Conv2d) else None
    return out


def _identity(name: str, bias: np.ndarray, network: SkinNet) -> dict[str, Tensor]:
    """The state of the normalisation ``name`` that adds ``bias`` and changes nothing else."""
    part = network.get_submodule(name)
    assert isinstance(part, nn.BatchNorm2d)
    shift = _tensor(bias)
    one = torch.ones_like(shift)
    return {
        f"{name}.weight": one,
        f"{name}.bias": shift,
        f"{name}.running_mean": torch.zeros_like(shift),
        f"{name}.running_var": one - part.eps,
    }


def _completed(found: dict[str, Tensor], network: SkinNet) -> dict[str, Tensor]:
    own = network.state_dict()
    training_only = {name for name in own if name.startswith("relief.") or "_tracked" in name}
    if missing := sorted(own.keys() - found.keys() - training_only):
        raise Unlike(f"{len(missing)} weights are missing, first {missing[0]}")
    if surplus := sorted(found.keys() - own.keys()):
        raise Unlike(f"{len(surplus)} weights are left over, first {surplus[0]}")
    if other := sorted(name for name in found if found[name].shape != own[name].shape):
        raise Unlike(f"{len(other)} weights have another shape, first {other[0]}")
    return own | found


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))

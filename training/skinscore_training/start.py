"""Weights to start from, and whose labels shaped a model: rendered, graded or both.

A training goes on from a finished run or from nothing but a model file, as the package ships one.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from skinscore.contract.contract import Contract
from skinscore.contract.golden import self_test
from skinscore.contract.release import read_model
from skinscore.domain.document import sha256_hex
from skinscore.errors import NotReady, RequestRefused
from skinscore.imaging.rules import Geometry
from skinscore_training import checkpoint, rules, runs, sealing
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.model import network
from skinscore_training.model.onnx_graph import torch_runner
from skinscore_training.model.unfolded import Unlike, read_weights, renormalise
from skinscore_training.presets import Preset, require_start

Labels = Literal["rendered", "graded", "rendered+graded"]

STATISTICS_CROPS: Final = 480  # that give a model file's network its batch statistics

_BOTH: Final = "rendered+graded"


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A finished run or a model file that another training goes on from."""

    weights: dict[str, Any]
    sha256: str  # of the weights' file
    labels: Labels  # of its release
    normalised: bool  # False: weights of a model file, without batch statistics of their own
    mapped: tuple[str, ...]  # limits of its release that name mappings


def read_start(preset: Preset) -> Start | None:
    """Return what the preset starts from; None when it starts from scratch.

    Raises:
        RequestRefused: ``stage_input_missing`` when the run is not finished; ``preset_invalid``
            when its crops show other skin than this release's, its network has another shape than
            the preset's, or it is to be taken over as it is and its crops have another scale or it
            no longer gives its own golden answers here.
        NotReady: when ``fit.start`` is a file, but no sealed model; see
            :func:`skinscore.contract.release.open_model`.
    """
    if preset.fit.start is None:
        return None
    require_start(preset)
    path = Path(preset.fit.start)
    return _of_file(preset, path) if path.is_file() else _of_run(preset, runs.RunFolder(path))


def settled(start: Start, preset: Preset, train: RenderedDataset) -> dict[str, Any]:
    """Return the weights to train on from, with batch statistics of what is trained on."""
    if start.normalised:
        return start.weights
    net = network.build(preset.model, rules.GEOMETRY, preset.fit.seed)
    net.load_state_dict(start.weights)
    spread = np.linspace(0, len(train) - 1, min(len(train), STATISTICS_CROPS)).astype(int)
    parts = np.array_split(spread, max(1, len(spread) // preset.fit.batch_crops))
    batches = (train.__getitems__(part.tolist()).flat() for part in parts)
    renormalise(net, ((crops, masks) for crops, masks, _ in batches))
    return net.state_dict()


def _of_run(preset: Preset, folder: runs.RunFolder) -> Start:
    contract = read_model(runs.require(folder.release, "evaluate")).contract
    _require_same_rules(preset, contract)
    weights = checkpoint.load_weights(folder.weights)
    _require_same_shape(preset, weights)
    _require_same_answers(preset, weights, contract)
    return Start(
        weights=_grown(preset, weights),
        sha256=sha256_hex(folder.weights.read_bytes()),
        labels=contract.provenance.label_source,
        mapped=_mapped(contract),
        normalised=_normalised(weights),
    )


def _of_file(preset: Preset, path: Path) -> Start:
    model = read_model(path)
    _require_same_rules(preset, model.contract)
    try:
        weights = read_weights(model.data, _network_of_start(preset))
    except Unlike as problem:
        raise RequestRefused(
            "preset_invalid",
            f"fit.start: the model file is not a float model of this shape ({problem})",
            "a float32 model file whose network is that of section model, with fit.start_depths",
            "Copy section model from the preset that the model's card names.",
        ) from None
    _require_same_answers(preset, weights, model.contract)
    return Start(
        weights=_grown(preset, weights),
        sha256=sha256_hex(model.data),
        labels=model.contract.provenance.label_source,
        mapped=_mapped(model.contract),
        normalised=False,
    )


def _normalised(weights: dict[str, Any]) -> bool:
    """Whether the weights have batch statistics: what a run took over from a model file as it was
    has none either.
    """
    return any(
        bool(values.any()) for name, values in weights.items() if name.endswith("running_mean")
    )


def _network_of_start(preset: Preset) -> network.SkinNet:
    """The preset's network with the blocks that its start has."""
    depths = preset.fit.start_depths or preset.model.depths
    settings = preset.model.model_copy(update={"depths": depths})
    return network.build(settings, rules.GEOMETRY, preset.fit.seed)


def _grown(preset: Preset, weights: dict[str, Any]) -> dict[str, Any]:
    """Return the weights of the preset's network; blocks that the start lacks are the identity.

    They stand at the end of a stage, behind a ReLU, and their residual branch begins at zero
    (Net2DeeperNet: Chen, Goodfellow and Shlens, ICLR 2016).
    """
    return network.build(preset.model, rules.GEOMETRY, preset.fit.seed).state_dict() | weights


def labels_of(preset: Preset) -> Labels:
    """Return which labels shaped the weights of the preset, those of its start included."""
    start = read_start(preset)
    found = set() if start is None else set(start.labels.split("+"))
    if preset.fit.epochs:
        if preset.photos is not None:
            found.add("graded")
        if preset.photos is None or preset.photos.share < 1:
            found.add("rendered")
    if len(found) > 1:
        return _BOTH
    return "graded" if "graded" in found else "rendered"


def mapping_digests(preset: Preset, folder: runs.RunFolder) -> dict[str, str]:
    """Return scale -> sha256 of the mapping file by which the run's photos were cut; nothing for
    a preset without photos.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    if preset.photos is None:
        return {}
    record = runs.read_json(folder.rendered / shards.CUT, "render")
    digests: dict[str, str] = record["claim"]["mappings"]
    return digests


def limits_of(preset: Preset, folder: runs.RunFolder, calibrated_on: str) -> tuple[str, ...]:
    """Return the limits that the release must name: photos take part when they shaped weights,
    those of the start included, or calibration, or are what it is measured on; so do the mappings
    by which they were read.

    Args:
        calibrated_on: ``source`` of the calibration.
    """
    limits = sealing.LIMITS_GRADED
    if labels_of(preset) == calibrated_on == "rendered":
        if preset.evaluate.source == "rendered":
            return sealing.LIMITS
        limits = sealing.LIMITS_MEASURED
    start = read_start(preset)
    own = (
        sealing.mapping_limit(scale, digest)
        for scale, digest in mapping_digests(preset, folder).items()
    )
    mapped = sorted({*own, *(() if start is None else start.mapped)})
    return (*limits[:2], *mapped, *limits[2:])


def _mapped(contract: Contract) -> tuple[str, ...]:
    limits = contract.intended_use.limits
    return tuple(limit for limit in limits if limit.startswith(sealing.MAPPED))


def _require_same_rules(preset: Preset, contract: Contract) -> None:
    """Refuse crops that show other skin; another scale too, where no training gets used to it."""
    own, other = rules.GEOMETRY, contract.geometry
    if preset.fit.epochs:
        own, other = _without_scale(own), _without_scale(other)
    if (contract.decode, contract.face, other) != (rules.DECODE, rules.FACE, own):
        raise RequestRefused(
            "preset_invalid",
            f"fit.start: {contract.identity.name} {contract.identity.version} reads photos by "
            "other rules than this release trains with",
            "decode, face and crop rules are equal; the scale of crops may differ where fit.epochs "
            "is 1 or more",
            "Train the starting model again with this release.",
        )


def _without_scale(geometry: Geometry) -> Geometry:
    """The same crops in a raster of nothing: the network is one for any."""
    crops = tuple(plan.model_copy(update={"mm_per_px": 1.0}) for plan in geometry.crops)
    return geometry.model_copy(update={"side_px": 1, "crops": crops})


def _require_same_shape(preset: Preset, weights: dict[str, Any]) -> None:
    own = _network_of_start(preset).state_dict()
    differing = sorted(
        name
        for name in own.keys() | weights.keys()
        if name not in own or name not in weights or own[name].shape != weights[name].shape
    )
    if differing:
        raise RequestRefused(
            "preset_invalid",
            f"fit.start: {len(differing)} of {len(own)} weights have another shape, first "
            f"{differing[0]}",
            "section model, with fit.start_depths, is that of the run to start from",
            f"Copy section model from the preset of {preset.fit.start}.",
        )


def _require_same_answers(preset: Preset, weights: dict[str, Any], contract: Contract) -> None:
    """Refuse to take over weights that fit into today's network and are read otherwise by it.

    Training mends that; thresholds alone would hide it.
    """
    if preset.fit.epochs:
        return
    own = _network_of_start(preset)
    own.load_state_dict(weights)
    temperatures = tuple(row.temperature for row in contract.calibration.concerns)
    answers = torch_runner(network.Servable(own, temperatures))
    try:
        self_test(answers, contract.golden.cases, contract.golden.tolerance, contract.geometry)
    except NotReady as deviation:
        raise RequestRefused(
            "preset_invalid",
            f"fit.start: {contract.identity.name} {contract.identity.version} was made by another "
            f"release, whose network read its weights otherwise ({deviation.found})",
            "fit.epochs of 1 or more, or a model that this release made",
            "Recalibrate with the release that made the model, or let preset finetune train it.",
        ) from None

"""Ablations: the preset's recipe with one part changed at a time, on equal budgets, several seeds.

Not a stage of the pipeline: it answers which parts of the recipe earn their place. Every variant
starts where the preset starts, trains on the same first crops of the training part for the same
number of steps and is measured on the same people of the calibration part.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final

import pandas as pd
import torch

from skinscore.errors import RequestRefused
from skinscore_training import corpus, runs, scale
from skinscore_training.data.mixture import Mixture
from skinscore_training.data.rendered import Batch, RenderedDataset
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.held_out import cross_talks, disagreements, mean_absolute_errors
from skinscore_training.leaks import require_apart
from skinscore_training.presets import LossWeights, Preset
from skinscore_training.progress import bars
from skinscore_training.start import read_start, settled
from skinscore_training.trainer import Trainer

Change = Callable[[Preset], Preset]

TABLE: Final = "ablations.csv"


def _without(term: str) -> Change:
    def change(preset: Preset) -> Preset:
        loss: LossWeights = preset.fit.loss.model_copy(update={term: 0.0})
        return preset.model_copy(update={"fit": preset.fit.model_copy(update={"loss": loss})})

    return change


def _plain(preset: Preset) -> Preset:
    return preset


class _WholeCrops(RenderedDataset):
    """The same crops with every zone's mask spread over the whole crop, in training and after."""

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        batch = super().__getitems__(indices)
        spread = batch.masks.amax(dim=(-2, -1), keepdim=True).expand_as(batch.masks)
        return replace(batch, masks=spread.contiguous())


@dataclass(frozen=True, slots=True)
class Variant:
    """One part of the recipe changed."""

    change: Change = _plain
    data: type[RenderedDataset] = RenderedDataset


VARIANTS: Final[Mapping[str, Variant]] = MappingProxyType(
    {
        "as in the preset": Variant(),
        "without view consistency": Variant(_without("consistency")),
        "without the relief pretext": Variant(_without("relief")),
        "without severity maps": Variant(_without("maps")),
        "without the mean term": Variant(_without("mean")),
        "the whole crop for the zone": Variant(data=_WholeCrops),
    }
)


def ablate(
    preset: Preset, folder: runs.RunFolder, *, crops: int, epochs: int, seeds: int
) -> pd.DataFrame:
    """Train every variant with every seed; return one row per training, written after each.

    Columns: variant, seed, and per concern, in grades, raw, on the calibration part, smoothed
    weights: error (``mae``), how far two photos of the same skin are graded apart (``gap``), and
    how much another concern moves it (``talk``); see :mod:`skinscore_training.held_out`.

    Raises:
        RequestRefused, NotReady: see :func:`skinscore_training.start.read_start`;
            ``preset_invalid`` when the preset renders nobody or held-out people taught its start;
            ``output_not_writable`` while another process trains or renders in ``folder``.
    """
    with runs.alone(folder):
        return _ablate(preset, folder, crops, epochs, seeds)


def _ablate(
    preset: Preset, folder: runs.RunFolder, crops: int, epochs: int, seeds: int
) -> pd.DataFrame:
    torch.set_num_threads(preset.fit.threads)
    train = corpus.rows(folder, Part.TRAIN, Source.RENDERED)[:crops]
    held_out = corpus.rows(folder, Part.CALIBRATION, Source.RENDERED)
    if train.empty or held_out.empty:
        raise RequestRefused(
            "preset_invalid",
            f"preset {preset.name} renders nobody",
            "parts of the recipe are compared on rendered people: maps and views are known there",
            "Take a preset with render.people above 0.",
        )
    start = read_start(preset)
    require_apart(preset, folder, start, [(Part.CALIBRATION, Source.RENDERED)])
    plain = RenderedDataset(folder.rendered, train)
    weights = None if start is None else settled(start, preset, plain)
    group = scale.fabric(preset.fit.precision)
    rows: list[dict[str, float | str]] = []
    # Every variant once before any a second time: whoever stops early has a whole table.
    trainings = [(seed, name) for seed in range(1, seeds + 1) for name in VARIANTS]
    with bars() as display:
        whole = display.add_task("ablate", total=len(trainings), note="")
        for seed, name in trainings:
            variant = VARIANTS[name]
            changed = variant.change(preset).fit
            fit = changed.model_copy(update={"epochs": epochs, "seed": seed})
            data = variant.data(folder.rendered, train)
            mixture = Mixture(len(data), 0, fit.batch_crops, share=0.0)
            trainer = Trainer(preset.model, fit, mixture, "ablation", "", group)
            if weights is not None:
                trainer.begin_with(weights)
            steps = display.add_task(f"  {name}", total=epochs * mixture.steps, note="")
            for _ in range(epochs):
                trainer.epoch(data, partial(display.advance, steps), _keep_nothing)
            display.remove_task(steps)
            answers = trainer.answers(variant.data(folder.rendered, held_out), views=2)
            found = mean_absolute_errors(answers) | disagreements(answers) | cross_talks(answers)
            rows.append({"variant": name, "seed": seed, **found})
            table = pd.DataFrame(rows)
            runs.write(folder.root / TABLE, table.to_csv(index=False, lineterminator="\n"))
            display.advance(whole)
    return table


def _keep_nothing() -> None:
    """A training that is killed begins again."""

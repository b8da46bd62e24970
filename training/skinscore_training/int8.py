"""The int8 releases: made in stage ``export``, kept or dropped in stage ``evaluate``.

An int8 file is a release of its own, with its own contract and digest, in the same family as the
fp32 one. It is released only inside its margin, overall and in every tone, and only when faster;
otherwise the verdict says why, with the figures, and no file is left. Why, and why two variants:
docs/decisions/0018-int8-must-earn-its-release.md.
"""

import dataclasses
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd

from skinscore.contract.contract import Figure, Identity
from skinscore.contract.golden import Crops, Masks, Run
from skinscore.grading.grader import Grader
from skinscore_training import comparison, runs, sealing
from skinscore_training.comparison import Difference
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.model import quantize
from skinscore_training.presets import EvaluateSettings, Int8Settings

_BATCH: Final = 8  # crops per calibration batch
_ROUNDS: Final = 10


class Variant(StrEnum):
    """Which CPUs an int8 file is made for."""

    VNNI = "int8"  # weights of 8 bits: x86 with VNNI, ARM
    REDUCED = "int8-reduced"  # weights of 7 bits: also right where 16-bit sums saturate


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one int8 file costs and gains on the same crops as fp32."""

    variant: Variant
    megabytes: float
    speed_up: float  # processor time of fp32 over int8, one thread
    differences: tuple[Difference, ...]  # fp32 to int8
    reasons: tuple[str, ...]  # against a release; none when it is released

    @property
    def released(self) -> bool:
        return not self.reasons

    @property
    def kappas(self) -> tuple[Difference, ...]:
        """What the gate reads: kappa of every graded concern, overall and in each tone."""
        return tuple(
            row
            for row in self.differences
            if row.metric == comparison.KAPPA and row.by in ("all", "tone")
        )


def spread_over_tones(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return ``count`` rows (fewer when there are fewer) at even steps of the sorted tones."""
    by_tone = rows.sort_values(["ita_deg", "subject", "crop"], kind="stable")
    places = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))
    return by_tone.iloc[places].reset_index(drop=True)


def quantized(
    graph: bytes, data: RenderedDataset, settings: Int8Settings, variant: Variant
) -> bytes:
    """Return the graph in int8, its ranges measured on the first view of all crops of ``data``."""
    return quantize.to_int8(
        graph,
        _batches(data),
        moving_average=settings.ranges == "mean",
        reduce_range=variant is Variant.REDUCED,
    )


def identity(fp32: Identity, variant: Variant) -> Identity:
    """Return the name of the int8 release that belongs to an fp32 one: ``1.2.0+int8``."""
    joint = "." if set(fp32.version) & set("-+") else "+"
    version = f"{fp32.version}{joint}{variant}"
    return fp32.model_copy(update={"version": version, "precision": "int8"})


def milliseconds(files: Mapping[str, Run], crops: Crops, masks: Masks) -> dict[str, float]:
    """Return the least processor time of each file for these crops, on one thread.

    Processor time, in turns: whatever else the machine does then weighs on all of them alike.
    """
    best = dict.fromkeys(files, float("inf"))
    for _ in range(_ROUNDS):
        for name, run in files.items():
            started = time.thread_time()
            run(crops, masks)
            best[name] = min(best[name], time.thread_time() - started)
    return {name: round(1000 * seconds, 2) for name, seconds in best.items()}


def judge(
    variant: Variant,
    megabytes: float,
    speed_up: float,
    differences: Iterable[Difference],
    kappa_drop: float,
) -> Verdict:
    """Return the verdict: kappa may fall by ``kappa_drop`` overall and in each tone, no more.

    A concern whose kappa is not defined overall speaks against a release, since nothing says what
    int8 costs it. A tone where it is not defined (few people, all of one grade) is told, no more.
    """
    verdict = Verdict(variant, megabytes, speed_up, tuple(differences), reasons=())
    reasons = [
        f"{row.name} falls from {row.first:.3f} to {row.second:.3f}, by more than {kappa_drop:g}"
        for row in verdict.kappas
        if row.loss > kappa_drop
    ]
    reasons += comparison.incomparable(verdict.differences)
    if not speed_up > 1:
        reasons.append(f"it is not faster: {speed_up:.2f} times the speed of fp32")
    return dataclasses.replace(verdict, reasons=tuple(reasons))


def release(
    folder: runs.RunFolder,
    settings: Int8Settings,
    evaluation: EvaluateSettings,
    speed_ups: Mapping[Variant, float],
    reference: pd.DataFrame,
    grade: Callable[[Grader], pd.DataFrame],
    figures_of: Callable[[pd.DataFrame], tuple[Figure, ...]],
) -> list[Verdict]:
    """Measure every candidate through ``Grader``, keep those inside the margins, and say why.

    Args:
        speed_ups: processor time of fp32 over each candidate's.
        reference: what the fp32 file graded.
        grade: grades the same crops with another file.
        figures_of: what the contract says of grades.
    """
    shutil.rmtree(folder.int8, ignore_errors=True)
    folder.int8.mkdir(parents=True)
    verdicts = []
    for variant in Variant:
        candidate = runs.require(folder.quantized(variant), "export")
        graded = grade(Grader.load(candidate))
        verdict = judge(
            variant,
            candidate.stat().st_size / 1e6,
            speed_ups[variant],
            comparison.compare(reference, graded, evaluation.resamples, evaluation.seed),
            settings.kappa_drop,
        )
        if verdict.released:
            sealed = sealing.with_figures(candidate.read_bytes(), figures_of(graded))
            runs.write(folder.int8 / candidate.name, sealed)
        verdicts.append(verdict)
    runs.write_json(folder.int8_verdicts, {row.variant: _record(row) for row in verdicts})
    return verdicts


def _batches(data: RenderedDataset) -> Iterator[tuple[Crops, Masks]]:
    for start in range(0, len(data), _BATCH):
        batch = data.__getitems__(range(start, min(start + _BATCH, len(data))))
        yield batch.crops[:, 0].numpy(), batch.masks[:, 0].numpy()


def _record(verdict: Verdict) -> dict[str, object]:
    compared = [row for row in verdict.kappas if row.defined]
    return {
        "released": int(verdict.released),
        "megabytes": round(verdict.megabytes, 3),
        "speed_up": round(verdict.speed_up, 3),
        # None: nothing was compared
        "largest_kappa_drop": round(max(r.loss for r in compared), 4) if compared else None,
        "kappa": {
            row.name: {"fp32": round(row.first, 4), "int8": round(row.second, 4)}
            for row in compared
        },
        "not_compared": [row.name for row in verdict.kappas if not row.defined],
        "reasons": list(verdict.reasons),
    }

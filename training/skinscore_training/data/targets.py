"""From what raters said, on whatever scale, to what the network is to answer.

Each vote becomes an engine grade or an interval of them (:mod:`skinscore_training.data.scales`).
The target of a zone and concern is the mean of its votes' soft targets, so that two raters who say
1 and 3 teach doubt, not a sure 2; raters may be weighted (:mod:`skinscore_training.raters`).

An interval claims nothing inside itself. Where nobody gave a single grade, the target is a set:
the loss is -log of the probability of the set, the union of the raters' intervals. Where somebody
did, an interval joins the mean as the even mixture of its grades.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from skinscore.domain.concerns import GRADES
from skinscore.errors import RequestRefused
from skinscore_training.data.manifest import Manifest
from skinscore_training.data.scales import ENGINE, SCALES, Crosswalk, ScaleMapping, crosswalks
from skinscore_training.model.losses import soft_target

Place = tuple[str, str, str]  # photo, zone, concern
Weights = Mapping[tuple[str, str], float]  # (concern, rater) -> weight; 1 for who is not in it

_COUNT: Final = len(GRADES)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What one zone of one photo should answer for one concern."""

    score: float  # weighted mean of the single grades; NaN when there are intervals only
    probabilities: NDArray[np.float32]  # (5,) soft target, sums to 1
    allowed: NDArray[np.bool_]  # (5,) the set, when there are intervals only; else all False


def engine_votes(manifest: Manifest, mappings: Sequence[ScaleMapping] = ()) -> pd.DataFrame:
    """Return the graded rows with ``engine_low`` and ``engine_high``.

    Raises:
        RequestRefused: ``scale_not_mapped``, naming every scale without a written way and why.
    """
    ways = crosswalks(mappings)
    grades = manifest.grades
    if lost := [name for name in dict.fromkeys(grades["scale"]) if name not in ways]:
        counts = grades["scale"].value_counts()
        raise RequestRefused(
            "scale_not_mapped",
            "; ".join(f"{counts[name]} grades on {name}: {SCALES[name].unmapped}" for name in lost),
            f"scales with a written mapping: {', '.join(ways)}",
        )
    ends = [
        _engine(scale, low, high, ways)
        for scale, low, high in zip(grades["scale"], grades["low"], grades["high"], strict=True)
    ]
    return grades.assign(
        engine_low=[low for low, _ in ends], engine_high=[high for _, high in ends]
    )


def engine_targets(
    manifest: Manifest, mappings: Sequence[ScaleMapping] = (), weights: Weights | None = None
) -> dict[Place, Target]:
    """Return the target of every zone and concern that somebody graded; blanks have none.

    Raises:
        RequestRefused: ``scale_not_mapped``.
    """
    votes = engine_votes(manifest, mappings)
    known = weights or {}
    votes = votes.assign(
        weight=[
            known.get((concern, rater), 1.0)
            for concern, rater in zip(votes["concern"], votes["rater"], strict=True)
        ]
    )
    return {
        (str(photo), str(zone), str(concern)): _target(
            group["engine_low"].to_numpy(float),
            group["engine_high"].to_numpy(float),
            group["weight"].to_numpy(float),
        )
        for (photo, zone, concern), group in votes.groupby(["photo", "zone", "concern"], sort=False)
    }


def _engine(
    scale: str, low: float, high: float, ways: Mapping[str, Crosswalk]
) -> tuple[float, float]:
    if scale == ENGINE:
        return low, high
    way = ways[scale]
    return float(way[int(low)][0]), float(way[int(high)][1])


def _target(
    low: NDArray[np.float64], high: NDArray[np.float64], weight: NDArray[np.float64]
) -> Target:
    single = low == high
    spread = np.stack([_spread(a, b) for a, b in zip(low, high, strict=True)])
    mean = np.average(spread, axis=0, weights=weight).astype(np.float32)
    allowed = np.zeros(_COUNT, bool)
    if single.any():
        return Target(float(np.average(low[single], weights=weight[single])), mean, allowed)
    for a, b in zip(low, high, strict=True):
        allowed[int(a) : int(b) + 1] = True
    return Target(float("nan"), mean, allowed)


def _spread(low: float, high: float) -> NDArray[np.float64]:
    """Return the soft target of one vote; of an interval, the even mixture of its grades."""
    grades = [low] if low == high else list(range(int(low), int(high) + 1))
    soft: NDArray[np.float64] = soft_target(torch.tensor(grades, dtype=torch.float64)).numpy()
    mean: NDArray[np.float64] = soft.mean(axis=0)
    return mean

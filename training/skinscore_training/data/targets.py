"""From what raters said, on whatever scale, to what the network is to answer.

Each vote becomes an engine grade or an interval of them (:mod:`skinscore_training.data.scales`).
The target of a zone and concern is the mean of its votes' soft targets, so that two raters who say
1 and 3 teach doubt, not a sure 2; raters may be weighted (:mod:`skinscore_training.raters`).

An interval claims nothing inside itself. Where nobody gave a single grade, the target is a set, the
union of the raters' intervals (:func:`skinscore_training.model.losses.set_losses`). Where somebody
did, an interval joins the mean as the even mixture of its grades.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

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
    anchored: bool  # a rater saw a model's suggestion: it teaches, and is no evidence of any model


class _Vote(NamedTuple):
    low: float  # engine grades
    high: float
    weight: float
    anchored: bool


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
    by_place: dict[Place, list[_Vote]] = {}
    columns = ("photo", "zone", "concern", "rater", "engine_low", "engine_high", "prelabelled")
    for photo, zone, concern, rater, low, high, suggested in zip(
        *(votes[c] for c in columns), strict=True
    ):
        vote = _Vote(low, high, known.get((concern, rater), 1.0), suggested != "")
        by_place.setdefault((photo, zone, concern), []).append(vote)
    return {place: _target(tuple(given)) for place, given in by_place.items()}


def _engine(
    scale: str, low: float, high: float, ways: Mapping[str, Crosswalk]
) -> tuple[float, float]:
    if scale == ENGINE:
        return low, high
    way = ways[scale]
    return float(way[int(low)][0]), float(way[int(high)][1])


@lru_cache(maxsize=4096)
def _target(votes: tuple[_Vote, ...]) -> Target:
    weights = [vote.weight for vote in votes]
    spread = np.stack([_spread(vote.low, vote.high) for vote in votes])
    mean = np.average(spread, axis=0, weights=weights).astype(np.float32)
    allowed = np.zeros(_COUNT, bool)
    anchored = any(vote.anchored for vote in votes)
    if single := [vote for vote in votes if vote.low == vote.high]:
        total = sum(vote.weight for vote in single)
        score = sum(vote.weight * vote.low for vote in single) / total
        return Target(score, mean, allowed, anchored)
    for vote in votes:
        allowed[int(vote.low) : int(vote.high) + 1] = True
    return Target(float("nan"), mean, allowed, anchored)


def _spread(low: float, high: float) -> NDArray[np.float64]:
    """Return the soft target of one vote; of an interval, the even mixture of its grades."""
    grades = [low] if low == high else list(range(int(low), int(high) + 1))
    soft: NDArray[np.float64] = soft_target(torch.tensor(grades, dtype=torch.float64)).numpy()
    mean: NDArray[np.float64] = soft.mean(axis=0)
    return mean

"""What a training is watched by: raw mean grades of held-out crops, and how far off they are.

Raw, before any calibration: they say what the weights have learned, and are comparable within one
recipe. What a release is judged by is :mod:`skinscore_training.evaluate`.
"""

from dataclasses import dataclass
from itertools import permutations
from typing import Final

import torch
from torch import Tensor

from skinscore.domain.concerns import CONCERNS

_ABSENT: Final = 0.5  # scores below round to grade 0
_SEVERE: Final = 2.5  # scores from here on round to grade 3 or 4


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Mean grades 0..4 that a network gives n crops in V views."""

    found: Tensor  # (n, V, K, 3)
    target: Tensor  # (n, K, 3) mean of what is to be learned; NaN where only intervals are known
    score: Tensor  # (n, K, 3) 0..4; NaN where nobody gave a single grade


def mean_absolute_errors(answers: Answers) -> dict[str, float]:
    """Return per concern how far the first view's grades lie from their targets, in grades."""
    return _by_concern("mae", (answers.found[:, 0] - answers.target).abs())


def disagreements(answers: Answers) -> dict[str, float]:
    """Return per concern how far the first two views of the same skin are graded apart, in grades:
    the mean over labelled zones.
    """
    gaps = (answers.found[:, 0] - answers.found[:, 1]).abs()
    return _by_concern("gap", gaps.where(~answers.score.isnan(), torch.nan))


def cross_talks(answers: Answers) -> dict[str, float]:
    """Return per concern how much another one moves its grade where itself is absent, in grades.

    On first views: the mean where the other is severe less that where it is absent too; of the two
    others the one that moves more, by size. NaN where either is seen in no zone.
    """
    first, score = answers.found[:, 0], answers.score
    moved: dict[str, list[Tensor]] = {concern.value: [] for concern in CONCERNS}
    for (mine, concern), (other, _) in permutations(enumerate(CONCERNS), 2):
        absent = score[..., mine] < _ABSENT
        severe = first[..., mine][absent & (score[..., other] >= _SEVERE)]
        clear = first[..., mine][absent & (score[..., other] < _ABSENT)]
        moved[concern.value].append((severe.mean() - clear.mean()).abs())
    return {f"talk_{name}": float(torch.stack(shifts).max()) for name, shifts in moved.items()}


def _by_concern(name: str, values: Tensor) -> dict[str, float]:
    """Means of (n, K, 3) over what is not NaN."""
    mean = values.nanmean(dim=(0, 1))
    return {f"{name}_{concern}": float(mean[i]) for i, concern in enumerate(CONCERNS)}

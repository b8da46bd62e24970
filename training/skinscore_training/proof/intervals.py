"""Statistics that the parts share, and their intervals by bootstrap over subjects.

:func:`skinscore_training.metrics.bootstrap` resamples figures that are functions of sums; ranks are
not, so here whole subjects are drawn by index.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore_training.proof.findings import Interval

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

RESAMPLES: Final = 2000  # methods f.1


def over_subjects(
    statistic: Callable[[Index], float], subjects: int, seed: int, resamples: int | None = None
) -> Interval:
    """Return the percentile 95 % interval of ``statistic``.

    Args:
        statistic: of the subjects with these indices, repeats included; NaN where undefined.
        resamples: RESAMPLES when None.

    Undefined resamples are left out; (NaN, NaN) when all are.
    """
    rng = np.random.default_rng(seed)
    count = 0 if subjects == 0 else RESAMPLES if resamples is None else resamples
    values = np.array([statistic(rng.integers(0, subjects, subjects)) for _ in range(count)])
    values = values[~np.isnan(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def auc(positive: Floats, negative: Floats) -> float:
    """Return the chance that a positive scores above a negative, ties half (Mann-Whitney)."""
    if not positive.size or not negative.size:
        return float("nan")
    apart = positive[:, None] - negative[None, :]
    return float((apart > 0).mean() + 0.5 * (apart == 0).mean())


def spearman(one: Floats, other: Floats) -> float:
    """Return the rank correlation, ties at their mean rank; NaN when one side is constant."""
    return pearson(_ranks(one), _ranks(other))


def pearson(one: Floats, other: Floats) -> float:
    """Return the correlation; NaN when one side is constant or fewer than three pairs are given."""
    if one.size < 3:
        return float("nan")
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 1e-12 else float("nan")


def mean(values: Floats) -> float:
    """Return the mean of what is not NaN; NaN when nothing is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _ranks(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], np.float64)

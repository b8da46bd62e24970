"""How well raters agree, in numpy: what :mod:`skinscore_training.metrics` does not hold.

Ratings are a matrix (things, raters) of category numbers 0..K-1, -1 where a rater is silent. A
category need not be a whole grade: every figure here but :func:`within` is the same for any evenly
spaced categories.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SILENT: Final = -1

Ratings = NDArray[np.integer]


def pair_counts(one: Ratings, other: Ratings, categories: int) -> NDArray[np.int64]:
    """Return (K, K) counts of what two raters said of the things that both rated."""
    both = (one != SILENT) & (other != SILENT)
    counts = np.zeros((categories, categories), np.int64)
    np.add.at(counts, (one[both], other[both]), 1)
    return counts


def exact(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the share of equal ratings of (..., K, K) counts; NaN without any."""
    return within(counts, 0)


def within(counts: NDArray[np.number], steps: int) -> NDArray[np.float64]:
    """Return the share of ratings at most ``steps`` categories apart; NaN without any."""
    grades = np.arange(counts.shape[-1])
    near = np.abs(grades[:, None] - grades[None, :]) <= steps
    total = counts.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((counts * near).sum(axis=(-2, -1)) / total, np.float64)


def coincidences(ratings: Ratings, categories: int) -> NDArray[np.float64]:
    """Return each thing's (K, K) coincidence matrix, (things, K, K), to be added over things.

    Every ordered pair of two ratings of one thing counts 1 / (m - 1) where m is the number of its
    ratings; a thing with fewer than two ratings adds nothing (Krippendorff 2011).
    """
    tallies = np.stack([(ratings == k).sum(axis=1) for k in range(categories)], axis=1)
    given = tallies.sum(axis=1)
    pairs = tallies[:, :, None] * tallies[:, None, :]
    pairs = pairs - np.eye(categories) * tallies[:, :, None]
    share = np.where(given > 1, 1.0 / np.maximum(given - 1, 1), 0.0)
    return np.asarray(pairs * share[:, None, None], np.float64)


def krippendorff_alpha(matrix: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return Krippendorff's alpha with ordinal difference of (..., K, K) coincidences.

    1 - D_o / D_e with delta(c, k)^2 = (sum of n_g for g = c..k - (n_c + n_k) / 2)^2. 1 is perfect,
    0 is chance. Takes any number of raters and missing ratings. NaN when nothing varies.
    """
    margins = matrix.sum(axis=-1)
    total = margins.sum(axis=-1)
    # Where each category lies when ratings are put in order: the middle of its block of ranks.
    ranks = np.cumsum(margins, axis=-1) - margins / 2
    difference = (ranks[..., :, None] - ranks[..., None, :]) ** 2
    observed = (matrix * difference).sum(axis=(-2, -1))
    expected = (margins[..., :, None] * margins[..., None, :] * difference).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        alpha = 1.0 - (total - 1) * observed / expected
    return np.where(expected > 0, alpha, np.nan)

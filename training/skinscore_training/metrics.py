"""Grade metrics, in numpy, with their formulas; the truth is an integer grade 0..4 unless said.

Intervals are percentile bootstraps over subjects: crops of one person are not independent.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import GRADES
from skinscore.grading.uncertainty import rps_of_grades

Grades = NDArray[np.integer]
Floats = NDArray[np.floating]

_COUNT: Final = len(GRADES)


def confusion(truth: Grades, found: Grades) -> NDArray[np.int64]:
    """Return (5, 5) counts, row the true grade, column the grade found."""
    counts = np.zeros((_COUNT, _COUNT), np.int64)
    np.add.at(counts, (truth, found), 1)
    return counts


def quadratic_weighted_kappa(truth: Grades, found: Grades) -> float:
    """Return Cohen's quadratically weighted kappa (1968); see :func:`kappa_of_counts`."""
    return float(kappa_of_counts(confusion(truth, found)))


def kappa_of_counts(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Return 1 - sum(w O) / sum(w E) of (..., K, K) confusion counts O.

    w_ij = (i - j)^2 / (K - 1)^2, E the product of the margins / n. 1 is perfect, 0 is chance,
    below 0 is worse than chance. NaN when both margins are the same single grade: agreement beyond
    chance is then not defined. Depends on prevalence, so it never stands alone.
    """
    observed = counts.astype(np.float64)
    total = observed.sum(axis=(-2, -1), keepdims=True)
    rows, columns = observed.sum(axis=-1, keepdims=True), observed.sum(axis=-2, keepdims=True)
    grades = np.arange(observed.shape[-1])
    weights = (grades[:, None] - grades[None, :]) ** 2 / (len(grades) - 1) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = (weights * rows * columns / total).sum(axis=(-2, -1))
        kappa = 1.0 - (weights * observed).sum(axis=(-2, -1)) / chance
    return np.where(chance > 0, kappa, np.nan)


def mean_absolute_error(truth: Floats | Grades, score: Floats) -> float:
    """Return mean |score - truth| in grades, 0 is perfect."""
    return _mean(np.abs(score - truth))


def within_one(truth: Grades, found: Grades) -> float:
    """Return the share of grades at most one off, 0..1."""
    return _mean(np.abs(truth.astype(int) - found.astype(int)) <= 1)


def bias(truth: Floats | Grades, score: Floats) -> float:
    """Return mean (score - truth) in grades; above 0 grades too severely."""
    return _mean(score - truth)


def ranked_probability_score(truth: Grades, probabilities: Floats) -> float:
    """Return the mean of sum_k (F_k - 1[y <= k])^2 / 4, 0..1, 0 is perfect (Epstein 1969)."""
    scores = rps_of_grades(probabilities.astype(np.float64))
    return _mean(scores[np.arange(len(truth)), truth] / (_COUNT - 1))


def coverage(truth: Grades, low: Grades, high: Grades) -> float:
    """Return the share of truths inside [low, high], 0..1."""
    return _mean((low <= truth) & (truth <= high))


def range_width(low: Grades, high: Grades) -> float:
    """Return the mean number of grades in the range, 1..5."""
    return _mean(high - low + 1)


def icc_2_1(ratings: Floats) -> float:
    """Return ICC(2,1) of (n things, k raters or repeats), complete (Shrout and Fleiss 1979).

    (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n): two-way random, absolute agreement, one
    rating. At most 1; NaN when nothing varies.
    """
    return float(icc_of_sums(icc_sums(ratings).sum(axis=0)))


def icc_sums(ratings: Floats) -> NDArray[np.float64]:
    """Return what :func:`icc_of_sums` needs of each thing, (n, 3 + k), to be added over things."""
    ratings = ratings.astype(np.float64)
    ones = np.ones((len(ratings), 1))
    squares = (ratings**2).sum(axis=1, keepdims=True)
    return np.hstack([ones, ratings.sum(axis=1, keepdims=True) ** 2, squares, ratings])


def icc_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ICC(2,1) of added sums (..., 3 + k)."""
    n, row_squares, squares, columns = sums[..., 0], sums[..., 1], sums[..., 2], sums[..., 3:]
    k = columns.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = columns.sum(axis=-1) ** 2 / (n * k)
        between_rows = row_squares / k - centre
        between_columns = (columns**2).sum(axis=-1) / n - centre
        msr, msc = between_rows / (n - 1), between_columns / (k - 1)
        mse = (squares - centre - between_rows - between_columns) / ((n - 1) * (k - 1))
        scale = msr + (k - 1) * mse + k * (msc - mse) / n
        return np.where(scale > 1e-12, (msr - mse) / scale, np.nan)


def macro_error_of_counts(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the mean over true grades of their mean absolute error, of (..., 5, 5) counts.

    Rare grades weigh as much as common ones; grades that nobody has are left out.
    """
    observed = counts.astype(np.float64)
    apart = np.abs(np.arange(_COUNT)[:, None] - np.arange(_COUNT)[None, :])
    people = observed.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = (observed * apart).sum(axis=-1) / people
        seen = people > 0
        return np.asarray(np.where(seen, errors, 0).sum(axis=-1) / seen.sum(axis=-1))


def detectable_change_of_sums(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest detectable change, 1.96 sqrt(2) S_w, of sums of :func:`icc_sums`.

    S_w^2 is the mean variance within a thing (Bland and Altman 1996): a change between two photos
    that is smaller may be the photo's.
    """
    n, row_squares, squares, k = sums[..., 0], sums[..., 1], sums[..., 2], sums.shape[-1] - 3
    with np.errstate(invalid="ignore", divide="ignore"):
        within = (squares - row_squares / k) / (n * (k - 1))
    return np.asarray(1.96 * np.sqrt(2 * np.maximum(within, 0)))


def reliability(
    truth: Grades, probabilities: Floats, k: int, bins: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what was said and what is true of "more than grade ``k``", k of 0..3.

    Both are means over ``bins`` bins of equal mass, from improbable to sure.
    """
    said = probabilities.astype(np.float64)[:, k + 1 :].sum(axis=1)
    true = truth > k
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return (
        np.array([said[part].mean() for part in parts]),
        np.array([true[part].mean() for part in parts]),
    )


def expected_calibration_error(truth: Grades, probabilities: Floats) -> float:
    """Return the mean distance between the two of :func:`reliability`, 0..1, 0 is perfect.

    The mean over the four thresholds, each by itself: what one says too often does not make up for
    what another says too rarely.
    """
    curves = (reliability(truth, probabilities, k) for k in range(_COUNT - 1))
    return _mean(np.array([_mean(np.abs(said - true)) for said, true in curves]))


def risk_coverage(
    error: NDArray[np.float64], probabilities: Floats, steps: int = 50
) -> list[tuple[float, float]]:
    """Return (share kept, mean error of those kept), the surest grades kept first.

    Sure is a small standard deviation of the grade under ``probabilities`` (m, 5).
    """
    grades = np.arange(_COUNT)
    exact = probabilities.astype(np.float64)
    mean = exact @ grades
    spread = np.sqrt(np.maximum(exact @ grades**2 - mean**2, 0))
    running = np.cumsum(error[np.argsort(spread, kind="stable")]) / np.arange(1, len(error) + 1)
    places = np.unique(np.linspace(1, len(error), min(steps, len(error))).round().astype(int))
    return [(float(place / len(error)), float(running[place - 1])) for place in places]


def bootstrap(
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    sums: NDArray[np.float64],
    resamples: int,
    seed: int,
) -> tuple[float, float]:
    """Return the 95 % interval of ``statistic`` over people drawn with replacement.

    Args:
        statistic: takes added sums (..., m) and returns the figure (...).
        sums: (people, m), what each person adds; a resample adds the rows of those drawn.

    Undefined resamples (NaN) are left out; (NaN, NaN) when all are, or when there is nobody.
    """
    people = len(sums)
    if not people:
        return float("nan"), float("nan")
    draws = np.random.default_rng(seed).multinomial(
        people, np.full(people, 1.0 / people), size=resamples
    )
    values = statistic(draws @ sums)
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _mean(values: NDArray[np.generic]) -> float:
    return float(np.mean(values.astype(np.float64))) if values.size else float("nan")

"""From calibrated probabilities to a score, a grade and a likely range.

The likely range is a conformal set under the ranked probability score. The score of a candidate
grade y is sum_k (F_k - 1[y <= k])^2 with F_k = P(Y <= k); S(y + 1) - S(y) = 2 F_y - 1 never
decreases in y, so {y : S(y) <= q} is a contiguous run around the median grade.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.contract.contract import ConcernCalibration
from skinscore.domain.concerns import GRADES

Probabilities = NDArray[np.float64]  # (..., 5), grade 0 first, sums to 1

_LIKELY: Final = 0.5  # of the probability: what a range holds at least
_ALIKE: Final = 1e-12  # of a ranked probability score, 0..4: rounding
_GRADES: Final = np.array(GRADES, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the probabilities of one zone and concern say."""

    score: float  # 0..4, four decimals
    grade: int
    likely_range: tuple[int, int]  # lowest and highest grade, ``grade`` among them
    unsure: bool  # more grades are likely than the gate lets pass, or others are likelier


def read(
    probabilities: Probabilities, calibration: ConcernCalibration, max_range_width: int
) -> Reading:
    """Return what an assessment shows of ``probabilities`` (5,); figures are measured on the same.

    The median grade starts the conformal set, the expectation the grade: both are in the range.
    Where probabilities have two peaks, the set may be a single grade between them. A range that
    holds less than half of the probability is no likely range, so such a reading is unsure too.
    """
    low, high = likely_range(probabilities, calibration.conformal_threshold)
    score = round(severity_score(probabilities, calibration), 4)
    grade = grade_of(score)
    lowest, highest = min(low, grade), max(high, grade)
    held = float(probabilities[lowest : highest + 1].sum())
    return Reading(
        score=score,
        grade=grade,
        likely_range=(lowest, highest),
        unsure=high - low + 1 > max_range_width or held < _LIKELY,
    )


def rps_of_grades(probabilities: Probabilities) -> NDArray[np.float64]:
    """Return the ranked probability score of every candidate grade, (..., 5), lower fits better."""
    cumulative = np.cumsum(probabilities, axis=-1)[..., None, :-1]  # F_0 .. F_3
    step = np.arange(len(GRADES))[:, None] <= np.arange(len(GRADES) - 1)[None, :]
    return np.asarray(((cumulative - step) ** 2).sum(axis=-1))


def likely_range(probabilities: Probabilities, threshold: float) -> tuple[int, int]:
    """Return the lowest and highest grade of the conformal set; never empty.

    Args:
        probabilities: (5,) of one zone and concern.
        threshold: the contract's ``conformal_threshold`` for this concern.
    """
    scores = rps_of_grades(probabilities)
    # Where none fits, the best is in; of two that fit alike, both, whichever end is counted from.
    reached = max(threshold, float(scores.min()) + _ALIKE)
    inside = [grade for grade in GRADES if scores[grade] <= reached]
    return inside[0], inside[-1]


def severity_score(probabilities: Probabilities, calibration: ConcernCalibration) -> float:
    """Return the expected grade, 0..4, higher is worse.

    Soft training targets, and doubt, pull the raw expectation away from both ends; the contract's
    ``score_knots`` (the expectation that means 0, 1, 2, 3, 4) undo that, piecewise linearly.
    """
    expectation = float(probabilities @ _GRADES)
    return float(np.interp(expectation, calibration.score_knots, _GRADES))


def grade_of(score: float) -> int:
    """Return the grade nearest to ``score``; a half goes to the worse grade."""
    return int(np.floor(score + 0.5))

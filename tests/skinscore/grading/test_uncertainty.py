"""Laws of the score and the likely range."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skinscore.contract.contract import ConcernCalibration
from skinscore.domain.concerns import Concern
from skinscore.grading.uncertainty import (
    Probabilities,
    grade_of,
    likely_range,
    read,
    rps_of_grades,
    severity_score,
)

CALIBRATION = ConcernCalibration(
    concern=Concern.WRINKLES,
    temperature=1.0,
    score_knots=(0.197, 1.05, 2.0, 2.95, 3.803),
    conformal_threshold=0.3,
)


@st.composite
def distributions(draw: st.DrawFn) -> Probabilities:
    weights = draw(st.lists(st.floats(1e-6, 1), min_size=5, max_size=5))
    return np.asarray(np.array(weights) / np.sum(weights))


def soft_target(grade: int) -> Probabilities:
    weights = np.exp(-1.8 * np.abs(np.arange(5) - grade))
    return np.asarray(weights / weights.sum())


@given(distributions(), st.floats(0.01, 4))
def test_the_likely_range_holds_exactly_the_grades_below_the_threshold(
    probabilities: Probabilities, threshold: float
) -> None:
    low, high = likely_range(probabilities, threshold)
    inside = np.flatnonzero(rps_of_grades(probabilities) <= threshold)
    if inside.size:
        assert list(inside) == list(range(low, high + 1)), "contiguous"
    else:
        assert low == high == int(rps_of_grades(probabilities).argmin())


@given(distributions(), st.floats(0.01, 2), st.floats(0.01, 2))
def test_a_higher_threshold_never_narrows_the_range(
    probabilities: Probabilities, first: float, second: float
) -> None:
    narrow = likely_range(probabilities, min(first, second))
    wide = likely_range(probabilities, max(first, second))
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


@given(distributions())
@example(np.array([0.25, 0.25, 0.25, 0.125, 0.125]))  # none fits, and two fit alike
def test_turning_the_scale_round_turns_the_range_round(probabilities: Probabilities) -> None:
    low, high = likely_range(probabilities, 0.37)
    assert likely_range(probabilities[::-1], 0.37) == (4 - high, 4 - low)


@given(distributions(), st.integers(0, 3))
def test_moving_probability_to_a_worse_grade_never_lowers_the_score(
    probabilities: Probabilities, grade: int
) -> None:
    moved = probabilities.copy()
    moved[grade + 1] += moved[grade] / 2
    moved[grade] /= 2
    assert severity_score(moved, CALIBRATION) >= severity_score(probabilities, CALIBRATION) - 1e-9


@pytest.mark.parametrize("grade", range(5))
def test_the_soft_target_of_a_grade_reads_back_as_that_grade(grade: int) -> None:
    score = severity_score(soft_target(grade), CALIBRATION)
    assert score == pytest.approx(grade, abs=0.01)
    assert grade_of(score) == grade


@given(st.floats(0, 4))
def test_the_grade_is_the_nearest_one_and_a_half_is_the_worse(score: float) -> None:
    grade = grade_of(score)
    assert grade in range(5)
    assert score - 0.5 <= grade <= score + 0.5
    assert grade_of(2.5) == 3


@given(distributions(), st.integers(1, 5))
def test_a_reading_shows_the_grade_inside_its_range(
    probabilities: Probabilities, widest: int
) -> None:
    reading = read(probabilities, CALIBRATION, widest)
    low, high = likely_range(probabilities, CALIBRATION.conformal_threshold)
    shown_low, shown_high = reading.likely_range
    assert shown_low <= min(low, reading.grade) <= max(high, reading.grade) <= shown_high
    assert {shown_low, shown_high} <= {low, high, reading.grade}
    assert reading.grade == grade_of(reading.score)
    assert reading.score == pytest.approx(severity_score(probabilities, CALIBRATION), abs=1e-4)
    held = probabilities[shown_low : shown_high + 1].sum()
    assert reading.unsure == (high - low + 1 > widest or held < 0.5)


def test_a_range_between_two_peaks_is_no_likely_range() -> None:
    peaks = np.array([0.4, 0.05, 0.06, 0.44, 0.05])
    tight = CALIBRATION.model_copy(update={"conformal_threshold": 0.6})
    reading = read(peaks, tight, max_range_width=3)
    low, high = reading.likely_range
    assert peaks[low : high + 1].sum() < 0.5
    assert reading.unsure
    sure = np.array([0.05, 0.1, 0.7, 0.1, 0.05])
    assert not read(sure, tight, max_range_width=3).unsure

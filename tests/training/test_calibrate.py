"""Calibration: what is already calibrated stays, and ranges cover what they promise."""

from itertools import pairwise

import numpy as np
import pytest

from skinscore.contract.contract import Calibration, ConcernCalibration
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.grading.uncertainty import rps_of_grades
from skinscore_training.calibrate import (
    conformal_threshold,
    fewest_people,
    fit_knots,
    fit_temperature,
    softmax,
    taught_knots,
    without_range,
)


def graders(people: int, zones: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits that are honest probabilities, truths drawn from them, and whose zone it is."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (people * zones, 5))
    cumulative = softmax(logits).cumsum(axis=1)
    truth = (rng.random((len(logits), 1)) > cumulative).sum(axis=1).clip(0, 4)
    return logits, truth, np.arange(people).repeat(zones)


@pytest.mark.parametrize("sharpened", [0.7, 1.0, 2.5])
def test_the_temperature_undoes_a_sharpening(sharpened: float) -> None:
    logits, truth, _ = graders(6000, 1, seed=1)
    assert fit_temperature(logits * sharpened, truth) == pytest.approx(sharpened, rel=0.12)


def test_likely_ranges_of_new_people_cover_what_was_promised() -> None:
    covered = []
    for seed in range(20):
        logits, truth, owner = graders(400, 3, seed)
        scores = rps_of_grades(softmax(logits))[np.arange(len(truth)), truth]
        seen = owner < 200
        threshold = conformal_threshold(scores[seen], owner[seen], coverage=0.9)
        covered.append((scores[~seen] <= threshold).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)


def test_a_person_with_many_zones_weighs_no_more_than_another() -> None:
    scores = np.concatenate([np.full(1000, 2.0), np.linspace(0, 1, 39)])
    owner = np.concatenate([np.zeros(1000, int), np.arange(1, 40)])
    assert conformal_threshold(scores, owner, coverage=0.9) < 1.0


def test_a_higher_promise_needs_a_wider_range() -> None:
    rng = np.random.default_rng(3)
    scores, owner = rng.random(300), np.arange(300)
    thresholds = [conformal_threshold(scores, owner, level) for level in (0.5, 0.8, 0.9, 0.95)]
    assert thresholds == sorted(thresholds)


def test_too_few_people_promise_every_grade() -> None:
    assert conformal_threshold(np.zeros(5), np.arange(5), coverage=0.9) == 4.0


@pytest.mark.parametrize(("coverage", "people"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19)])
def test_the_fewest_people_of_a_promise_are_the_first_with_a_range(
    coverage: float, people: int
) -> None:
    assert fewest_people(coverage) == people
    assert conformal_threshold(np.full(people, 0.5), np.arange(people), coverage) == 0.5
    if people > 1:
        fewer = np.arange(people - 1)
        assert conformal_threshold(np.full(people - 1, 0.5), fewer, coverage) == 4.0


def test_a_concern_of_too_few_people_is_named() -> None:
    def calibrated(concern: Concern, threshold: float) -> ConcernCalibration:
        return ConcernCalibration(
            concern=concern,
            temperature=1.0,
            score_knots=taught_knots(1.0),
            conformal_threshold=threshold,
        )

    known = Calibration(
        source="graded",
        people=6,
        coverage=0.9,
        concerns=tuple(
            calibrated(concern, 4.0 if concern is Concern.WRINKLES else 0.7) for concern in CONCERNS
        ),
    )
    assert without_range(known) == ["wrinkles"]


def test_what_was_taught_is_read_at_the_temperature() -> None:
    assert taught_knots(1.0) == pytest.approx((0.197, 1.050, 2.000, 2.950, 3.803), abs=5e-4)
    sharp, blunt = np.array(taught_knots(0.5)), np.array(taught_knots(2.0))
    grades = np.arange(5)
    assert (np.abs(sharp - grades) <= np.abs(blunt - grades)).all()
    assert sharp == pytest.approx(grades, abs=0.03)


def answers(people: int, shrunk: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expectations of a network that is unsure: true scores drawn to the middle, and noise."""
    rng = np.random.default_rng(seed)
    score = rng.uniform(0, 4, people * 3)
    unsure = 2 + shrunk * (score - 2) + rng.normal(0, 0.15, len(score))
    return unsure.clip(0, 4), score, np.arange(people).repeat(3)


def mean_error(knots: tuple[float, ...], expectation: np.ndarray, score: np.ndarray) -> float:
    return float(np.abs(np.interp(expectation, knots, range(5)) - score).mean())


@pytest.mark.parametrize("shrunk", [0.85, 0.9, 0.95])
def test_fitted_knots_undo_what_being_unsure_draws_to_the_middle(shrunk: float) -> None:
    taught = taught_knots(0.5)
    knots = fit_knots(*answers(400, shrunk, seed=1), taught)
    fresh, score, _ = answers(400, shrunk, seed=2)
    assert mean_error(knots, fresh, score) < mean_error(taught, fresh, score)
    assert knots == pytest.approx(2 + shrunk * (np.arange(5) - 2), abs=0.1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_doubt_is_not_magnified_far_beyond_what_was_taught(temperature: float) -> None:
    taught = taught_knots(temperature)
    knots = fit_knots(*answers(400, 0.3, seed=1), taught)
    assert (np.diff(knots) >= 0.8 * np.diff(taught) - 1e-5).all()


@pytest.mark.parametrize("temperature", [0.1, 5.0])
def test_knots_can_be_fitted_at_every_temperature(temperature: float) -> None:
    few = fit_knots(*answers(50, 0.8, seed=5), taught_knots(temperature))
    assert all(a < b for a, b in pairwise(few))


@pytest.mark.parametrize("temperature", [0.1, 0.3, 3.0, 5.0])
def test_the_fit_is_as_good_wherever_it_begins(temperature: float) -> None:
    for seed in range(3):
        people = answers(400, 0.85, seed)
        expectation, score, _ = people
        usual = mean_error(fit_knots(*people, taught_knots(0.5)), expectation, score)
        found = mean_error(fit_knots(*people, taught_knots(temperature)), expectation, score)
        assert found < 1.04 * usual


def test_few_people_hardly_move_what_was_taught() -> None:
    taught = np.array(taught_knots(0.5))
    moved = [
        np.abs(np.array(fit_knots(*answers(people, 0.85, 3), tuple(taught))) - taught).mean()
        for people in (2, 2000)
    ]
    assert moved[0] < 0.25 * moved[1]


def test_a_person_with_many_zones_moves_no_knot_more_than_another() -> None:
    taught = taught_knots(0.5)
    expectation, score, owner = answers(300, 0.9, seed=4)
    often = np.full(3000, 2.0)  # one person of many zones, every one graded far off
    knots = fit_knots(
        np.concatenate([expectation, often]),
        np.concatenate([score, np.full(3000, 4.0)]),
        np.concatenate([owner, np.full(3000, 300)]),
        taught,
    )
    assert knots == pytest.approx(fit_knots(expectation, score, owner, taught), abs=0.1)

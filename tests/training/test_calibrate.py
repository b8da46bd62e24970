"""Calibration: what is already calibrated stays, and ranges cover what they promise."""

import numpy as np
import pytest

from skinscore.grading.uncertainty import rps_of_grades
from skinscore_training.calibrate import conformal_threshold, fit_temperature, score_knots, softmax


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


def test_score_knots_are_the_means_of_the_soft_targets() -> None:
    assert score_knots() == pytest.approx((0.197, 1.050, 2.000, 2.950, 3.803), abs=5e-4)

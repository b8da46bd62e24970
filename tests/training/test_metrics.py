"""Metrics against hand-made examples and known identities."""

import numpy as np
import pytest

from skinscore_training import metrics

TRUTH = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])


def noisy(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(TRUTH.repeat(20) + rng.integers(-1, 2, 200), 0, 4)


def test_kappa_is_one_for_equal_and_minus_one_for_mirrored_grades() -> None:
    assert metrics.quadratic_weighted_kappa(TRUTH, TRUTH) == 1.0
    assert metrics.quadratic_weighted_kappa(TRUTH, 4 - TRUTH) == pytest.approx(-1.0)


def test_kappa_of_a_hand_made_example() -> None:
    # truth 0 0 4 4, found 0 4 4 4: observed disagreement 1 of weight 1; expected (2*3 + 2*1)/4 = 2
    assert metrics.quadratic_weighted_kappa(
        np.array([0, 0, 4, 4]), np.array([0, 4, 4, 4])
    ) == pytest.approx(0.5)


def test_kappa_is_zero_for_a_grader_who_always_says_the_same() -> None:
    assert metrics.quadratic_weighted_kappa(TRUTH, np.full(10, 2)) == pytest.approx(0.0)


def test_kappa_does_not_care_who_is_called_the_truth() -> None:
    one, other = noisy(1), noisy(2)
    assert metrics.quadratic_weighted_kappa(one, other) == pytest.approx(
        metrics.quadratic_weighted_kappa(other, one)
    )


def test_kappa_is_undefined_when_there_is_one_grade_only() -> None:
    assert np.isnan(metrics.quadratic_weighted_kappa(np.full(4, 3), np.full(4, 3)))


def test_errors_of_a_constant_shift() -> None:
    score = TRUTH + 0.5
    assert metrics.mean_absolute_error(TRUTH, score) == 0.5
    assert metrics.bias(TRUTH, score) == 0.5
    assert metrics.bias(TRUTH, 2.0 * TRUTH - score) == -0.5


def test_within_one_counts_neighbours() -> None:
    assert metrics.within_one(np.array([0, 1, 2, 3]), np.array([1, 1, 0, 3])) == 0.75


def test_rps_is_zero_when_sure_and_right_and_one_when_sure_and_far_off() -> None:
    sure = np.eye(5)[[0, 4]]
    assert metrics.ranked_probability_score(np.array([0, 4]), sure) == 0.0
    assert metrics.ranked_probability_score(np.array([4, 0]), sure) == 1.0


def test_coverage_and_width_of_a_hand_made_example() -> None:
    low, high = np.array([0, 1, 4]), np.array([2, 1, 4])
    assert metrics.coverage(np.array([2, 2, 4]), low, high) == pytest.approx(2 / 3)
    assert metrics.range_width(low, high) == pytest.approx(5 / 3)


def test_icc_of_the_published_example() -> None:
    # Shrout and Fleiss 1979, table 2: six targets, four judges; ICC(2,1) = .29
    ratings = np.array(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    )
    assert metrics.icc_2_1(ratings) == pytest.approx(0.29, abs=0.005)


def test_icc_is_one_for_equal_repeats_and_falls_with_a_shift() -> None:
    repeats = np.stack([TRUTH, TRUTH], axis=1)
    assert metrics.icc_2_1(repeats) == pytest.approx(1.0)
    assert metrics.icc_2_1(repeats + np.array([0, 1])) < 0.9


def test_the_interval_holds_the_figure_and_narrows_with_more_people() -> None:
    def mean(sums: np.ndarray) -> np.ndarray:
        return np.asarray(sums[..., 0] / sums[..., 1])

    values = np.random.default_rng(4).normal(2.0, 1.0, 400)
    sums = np.stack([values, np.ones(400)], axis=1)
    few = metrics.bootstrap(mean, sums[:50], resamples=500, seed=1)
    many = metrics.bootstrap(mean, sums, resamples=500, seed=1)
    assert few[0] < values[:50].mean() < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert many == metrics.bootstrap(mean, sums, resamples=500, seed=1)


def test_the_interval_of_one_persons_many_crops_is_no_interval() -> None:
    def total(sums: np.ndarray) -> np.ndarray:
        return np.asarray(sums[..., 0])

    assert metrics.bootstrap(total, np.array([[7.0]]), resamples=20, seed=1) == (7.0, 7.0)
    assert np.isnan(metrics.bootstrap(total, np.zeros((0, 1)), resamples=20, seed=1)).all()


def test_the_macro_error_weighs_rare_grades_like_common_ones() -> None:
    truth = np.array([0] * 98 + [4, 4])
    found = np.array([0] * 98 + [2, 2])
    macro = float(metrics.macro_error_of_counts(metrics.confusion(truth, found)))
    assert macro == pytest.approx((0 + 2) / 2)
    assert metrics.mean_absolute_error(truth, found) == pytest.approx(0.04)


def test_the_smallest_detectable_change_follows_the_scatter_between_repeats() -> None:
    rng = np.random.default_rng(2)
    ratings = rng.uniform(0, 4, (20_000, 1)) + rng.normal(0, 0.2, (20_000, 3))
    found = float(metrics.detectable_change_of_sums(metrics.icc_sums(ratings).sum(axis=0)))
    assert found == pytest.approx(1.96 * np.sqrt(2) * 0.2, rel=0.02)
    same = metrics.icc_sums(np.tile(rng.uniform(0, 4, (50, 1)), 3)).sum(axis=0)
    assert float(metrics.detectable_change_of_sums(same)) == pytest.approx(0, abs=1e-4)


def test_honest_probabilities_are_reliable_and_boasting_ones_are_not() -> None:
    rng = np.random.default_rng(5)
    honest = rng.dirichlet(np.ones(5), 8000)
    truth = (rng.random((8000, 1)) > honest.cumsum(axis=1)).sum(axis=1).clip(0, 4)
    assert metrics.expected_calibration_error(truth, honest) < 0.02
    boasting = honest**3 / (honest**3).sum(axis=1, keepdims=True)
    assert metrics.expected_calibration_error(truth, boasting) > 0.05


def test_what_one_threshold_overstates_another_does_not_make_up_for() -> None:
    truth = np.ones(60, np.int64)
    split = np.tile([0.5, 0.0, 0.5, 0.0, 0.0], (60, 1))  # half "more than 0", half "more than 1"
    assert metrics.expected_calibration_error(truth, split) == pytest.approx((0.5 + 0.5) / 4)


def test_leaving_out_the_least_sure_lowers_the_error() -> None:
    sure, unsure = np.eye(5)[[2]].repeat(60, axis=0), np.full((40, 5), 0.2)
    errors = np.concatenate([np.zeros(60), np.ones(40)])
    steps = metrics.risk_coverage(errors, np.vstack([sure, unsure]), steps=10)
    assert steps[0][1] == 0
    assert steps[-1] == pytest.approx((1.0, 0.4))
    assert [error for _, error in steps] == sorted(error for _, error in steps)

"""The statistics agree with their definitions, and intervals hold the value."""

import numpy as np
import pytest

from skinscore_training.proof.intervals import auc, over_subjects, pearson, spearman


def test_auc_counts_pairs_in_order_and_ties_half() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auc(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == pytest.approx(0.5)
    assert auc(np.array([0.0]), np.array([1.0])) == 0.0
    assert np.isnan(auc(np.array([]), np.array([1.0])))


def test_spearman_sees_order_alone() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(x, np.exp(x)) == pytest.approx(1.0)
    assert spearman(x, -(x**3)) == pytest.approx(-1.0)
    assert np.isnan(spearman(x, np.ones(4)))


def test_spearman_gives_ties_their_mean_rank() -> None:
    one, other = np.array([0.0, 0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(one, other) == pytest.approx(
        pearson(np.array([1.5, 1.5, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    )


def test_the_interval_narrows_with_more_subjects() -> None:
    rng = np.random.default_rng(0)

    def width(count: int) -> float:
        values = rng.normal(0, 1, count)
        low, high = over_subjects(lambda drawn: float(values[drawn].mean()), count, 0, 300)
        assert low < values.mean() < high
        return high - low

    assert width(500) < width(20) / 3


def test_an_undefined_statistic_has_no_interval() -> None:
    assert all(np.isnan(over_subjects(lambda drawn: float("nan"), 5, 0, 20)))
    assert all(np.isnan(over_subjects(lambda drawn: 1.0, 0, 0, 20)))

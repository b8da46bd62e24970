"""Agreement figures against published examples and hand-made ones."""

import numpy as np
import pytest

from skinscore_training import agreement
from skinscore_training.agreement import SILENT

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section D: four observers, twelve
# units, missing values; ordinal alpha 0.815.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


def alpha(ratings: np.ndarray, categories: int) -> float:
    matrix = agreement.coincidences(ratings, categories).sum(axis=0)
    return float(agreement.krippendorff_alpha(matrix))


def test_alpha_of_the_published_example() -> None:
    ratings = np.where(KRIPPENDORFF == 0, SILENT, KRIPPENDORFF - 1)
    matrix = agreement.coincidences(ratings, 5)
    assert matrix.sum() == pytest.approx(40)  # pairable values, as published
    assert alpha(ratings, 5) == pytest.approx(0.815, abs=0.0005)


def test_alpha_does_not_mind_how_raters_and_unused_categories_stand() -> None:
    ratings = np.where(KRIPPENDORFF == 0, SILENT, KRIPPENDORFF - 1)
    assert alpha(ratings[:, ::-1], 9) == pytest.approx(alpha(ratings, 5))


def test_alpha_is_one_for_equal_ratings_and_undefined_without_variation() -> None:
    same = np.array([[0, 0], [2, 2], [4, 4]])
    assert alpha(same, 5) == pytest.approx(1.0)
    assert np.isnan(alpha(np.full((4, 2), 3), 5))


def test_alpha_is_below_zero_when_raters_systematically_disagree() -> None:
    assert alpha(np.array([[0, 4], [4, 0], [0, 4], [4, 0]]), 5) < 0


def test_a_thing_rated_once_adds_nothing() -> None:
    one = np.array([[1, 1], [3, 4]])
    more = np.vstack([one, [[2, SILENT], [SILENT, SILENT]]])
    assert alpha(more, 5) == pytest.approx(alpha(one, 5))


def test_pairs_count_only_what_both_rated() -> None:
    counts = agreement.pair_counts(np.array([0, 1, SILENT, 4]), np.array([0, 2, 3, SILENT]), 5)
    assert counts.sum() == 2
    assert counts[0, 0] == counts[1, 2] == 1
    assert agreement.exact(counts) == 0.5
    assert agreement.within(counts, 1) == 1.0


def test_shares_of_nothing_are_undefined() -> None:
    assert np.isnan(agreement.exact(np.zeros((5, 5))))

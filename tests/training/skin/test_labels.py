"""Laws of the label table."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.domain.zones import ZoneKind
from skinscore_training.skin import labels


@pytest.mark.parametrize(
    "knots",
    [labels.SCAR_KNOTS, labels.PIGMENT_KNOTS, *labels.WRINKLE_KNOTS.values()],
)
def test_thresholds_rise(knots: tuple[float, ...]) -> None:
    assert len(knots) == len(labels.SCORES)
    assert all(low < high for low, high in pairwise(knots))


def test_every_zone_kind_has_its_thresholds() -> None:
    assert set(labels.WRINKLE_KNOTS) == set(labels.LINE_DENSITY) == set(ZoneKind)


@given(st.floats(0, 10), st.floats(0, 10))
def test_more_pigment_never_scores_lower(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= labels.pigment_score(low) <= labels.pigment_score(high) <= 4


@given(
    st.sampled_from(list(ZoneKind)),
    st.lists(st.tuples(st.floats(0.1, 20), st.floats(0, 3)), min_size=1, max_size=12),
    st.floats(1, 3),
)
def test_deeper_lines_never_score_lower(
    kind: ZoneKind, pieces: list[tuple[float, float]], factor: float
) -> None:
    length, depth = np.array(pieces).T
    before = labels.wrinkle_score(kind, length, depth, 900.0)
    assert 0 <= before <= labels.wrinkle_score(kind, length, depth * factor, 900.0) + 1e-9 <= 4.1


@given(st.integers(1, 30), st.floats(0.05, 1.0), st.sampled_from([0, 1, 2]))
def test_one_more_scar_never_scores_lower(count: int, slope: float, kind: int) -> None:
    def score(number: int) -> float:
        return labels.scar_score(np.full(number, kind), np.full(number, slope), 1500.0)

    assert score(count) <= score(count + 1)


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 2)), min_size=1, max_size=40))
def test_steeper_scars_never_score_lower_and_beyond_the_visible_slope_no_higher(
    drawn: list[tuple[int, float]],
) -> None:
    kind, slope = (np.array(values) for values in zip(*drawn, strict=True))
    low = labels.scar_score(kind, slope, 1500.0)
    assert low <= labels.scar_score(kind, 1.5 * slope, 1500.0) + 1e-9
    steep = np.maximum(slope, labels.VISIBLE_SLOPE)
    assert labels.scar_score(kind, steep, 1500.0) == labels.scar_score(kind, 9 * steep, 1500.0)


def test_one_faint_broad_dent_does_not_outweigh_ten_sharp_pits() -> None:
    dent = labels.scar_score(np.array([2]), np.array([0.1]), 1600.0)
    pits = labels.scar_score(np.zeros(10, np.int64), np.full(10, 0.8), 1600.0)
    assert labels.grade_of(dent) == 0
    assert labels.grade_of(pits) == 2


def test_nothing_scores_nothing() -> None:
    none = np.zeros(0)
    assert labels.wrinkle_score(ZoneKind.CHEEK, none, none, 1000.0) == 0
    assert labels.scar_score(np.zeros(0, np.int64), none, 1000.0) == 0
    assert labels.pigment_score(0.0) == 0


def test_the_order_of_the_pieces_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    length, depth = rng.uniform(0.1, 4, 40), rng.uniform(0, 1, 40)
    turned = labels.wrinkle_score(ZoneKind.FOREHEAD, length[::-1], depth[::-1], 2000.0)
    assert labels.wrinkle_score(ZoneKind.FOREHEAD, length, depth, 2000.0) == pytest.approx(turned)


def test_grades_change_at_the_halves() -> None:
    assert [labels.grade_of(score) for score in (0, 0.49, 0.5, 1.5, 2.5, 3.49, 3.5, 4)] == [
        0, 0, 1, 2, 3, 3, 4, 4,
    ]  # fmt: skip

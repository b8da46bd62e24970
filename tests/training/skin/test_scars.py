"""Laws of the scar map: it counts scars, whatever their size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore_training.skin import labels
from skinscore_training.skin.scars import (
    BOXCAR,
    FULL_DENSITY,
    ICE_PICK,
    ROLLING,
    Scars,
    draw_scars,
    joined,
    scar_map,
)
from skinscore_training.skin.sheet import Sheet

SHEET = Sheet(height=200, width=200, mm_per_px=0.4)  # 80 mm wide
WIDTH_MM = SHEET.width * SHEET.mm_per_px


def one_scar(kind: int, radius_mm: float, depth_mm: float) -> Scars:
    def column(value: float) -> np.ndarray:
        return np.array([value])

    return Scars(
        xy=np.array([[99.5, 99.5]]),
        kind=np.array([kind]),
        radius_mm=column(radius_mm),
        depth_mm=column(depth_mm),
        aspect=column(1.0),
        angle=column(0.0),
        phase=column(0.0),
    )


def index_on(drawn: np.ndarray) -> float:
    """Counted scars per cm^2 over the sheet, as its map tells them."""
    return float(drawn.mean()) * FULL_DENSITY * 100


@given(
    st.sampled_from([(ICE_PICK, 0.4, 1.0), (BOXCAR, 0.8, 2.2), (ROLLING, 2.5, 6.0)]),
    st.floats(0, 1),
    st.floats(0.05, 1.5),
)
def test_the_map_of_one_scar_holds_what_it_counts_at_any_size_and_depth(
    kind: tuple[int, float, float], share: float, depth_mm: float
) -> None:
    number, small, large = kind
    scar = one_scar(number, small + share * (large - small), depth_mm)
    found = index_on(scar_map(SHEET, scar)) * WIDTH_MM**2 / 100
    assert found == pytest.approx(float(scar.counted.sum()), rel=0.01)


@pytest.mark.parametrize("severity", [0.3, 1.0, 2.0, 3.0, 3.9])
def test_the_mean_of_the_map_is_the_scar_index(severity: float) -> None:
    inside = np.zeros(SHEET.shape, bool)
    inside[40:160, 40:160] = True  # marks at the edge of the sheet would lose a part of theirs
    scars = draw_scars(np.random.default_rng(3), inside, severity, SHEET.mm_per_px)
    index = float(scars.counted.sum()) / (WIDTH_MM**2 / 100)
    assert index_on(scar_map(SHEET, scars)) == pytest.approx(index, rel=0.03)
    score = labels.scar_score(scars.kind, scars.slope, WIDTH_MM**2)
    assert score == pytest.approx(float(np.interp(index, labels.SCAR_KNOTS, labels.SCORES)))


def test_no_scars_no_map() -> None:
    assert not scar_map(SHEET, joined([])).any()

"""Laws of scars: they count by what a photo shows of them, and their map counts them."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skinscore_training.skin import labels, light, tissue
from skinscore_training.skin.scars import (
    BOXCAR,
    FULL_DENSITY,
    ICE_PICK,
    ROLLING,
    Scars,
    draw_scars,
    joined,
    scar_map,
    scar_relief,
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


def contrast(scar: Scars) -> float:
    """L* by which the px that stands out most differs from bare skin, mean over eight lights."""
    sheet = Sheet(height=96, width=96, mm_per_px=0.4)
    scar = dataclasses.replace(scar, xy=np.array([[47.5, 47.5]]))
    height, _ = scar_relief(sheet, scar)
    tone = torch.full((1, *sheet.shape), float(tissue.melanin_of_ita(20.0)))
    albedo = tissue.reflectance(tone, torch.ones(1, *sheet.shape))[0]
    lights = [light.draw_lighting(np.random.default_rng(number)) for number in range(8)]

    def lightness(relief: np.ndarray) -> torch.Tensor:
        oil = torch.full(sheet.shape, 0.5)
        surface = light.Surface.of(albedo, torch.from_numpy(relief), oil, 0.85, sheet.mm_per_px)
        colour = light.shade(surface, lights).clamp(min=0)
        luminance = torch.einsum("vchw,c->vhw", colour, torch.tensor((0.2126, 0.7152, 0.0722)))
        exposed = 0.25 * luminance / luminance.mean((1, 2), keepdim=True)
        return 116 * exposed.clamp(min=1e-4) ** (1 / 3) - 16

    change = lightness(height) - lightness(np.zeros(sheet.shape, np.float32))
    return float(change.abs().amax((1, 2)).mean())


def test_a_scar_counts_by_what_a_photo_shows_of_it_whatever_its_type() -> None:
    scars = [
        one_scar(ICE_PICK, radius_mm=0.45, depth_mm=0.6),
        one_scar(ICE_PICK, radius_mm=0.45, depth_mm=1.2),
        one_scar(ICE_PICK, radius_mm=0.9, depth_mm=0.5),
        one_scar(BOXCAR, radius_mm=1.0, depth_mm=0.15),
        one_scar(BOXCAR, radius_mm=2.0, depth_mm=0.4),
        one_scar(ROLLING, radius_mm=3.0, depth_mm=0.6),
        one_scar(ROLLING, radius_mm=5.0, depth_mm=0.5),
        one_scar(ROLLING, radius_mm=5.0, depth_mm=1.4),
    ]
    per_slope = [contrast(scar) / float(scar.slope[0]) for scar in scars]
    assert max(per_slope) < 2 * min(per_slope)  # by the slope as it is, not as it shows: 16 times

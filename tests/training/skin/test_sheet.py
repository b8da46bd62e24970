"""A blur is a blur, however wide: on the full raster or on half of it."""

import cv2
import numpy as np
import pytest

from skinscore_training.skin.sheet import Map, Sheet, as_map, blur, splat
from skinscore_training.skin.wrinkles import PIECE_PX

WIDTHS_PX = (1.0, 4.9, 5.0, 9.0, 20.0)


def dot(side: int, row: int, column: int) -> Map:
    out = np.zeros((side, side), np.float32)
    out[row, column] = 1
    return out


@pytest.mark.parametrize("sigma", WIDTHS_PX)
def test_a_blur_keeps_the_sum_and_has_its_width(sigma: float) -> None:
    soft = blur(dot(256, 128, 127), sigma)
    place = np.arange(256)
    mean = (soft.sum(0) * place).sum()
    spread = np.sqrt((soft.sum(0) * (place - mean) ** 2).sum())
    assert soft.sum() == pytest.approx(1, abs=1e-4)
    assert mean == pytest.approx(127, abs=0.51)
    assert spread == pytest.approx(sigma, rel=0.03)


@pytest.mark.parametrize("sigma", WIDTHS_PX)
def test_a_blur_leaves_what_is_even_even(sigma: float) -> None:
    even = np.full((128, 96), 0.3, np.float32)
    assert np.abs(blur(even, sigma) - even).max() < 1e-6


@pytest.mark.parametrize("side", [200, 201])
def test_a_wide_blur_is_the_same_on_half_the_raster(side: int) -> None:
    rows, columns = np.mgrid[:side, :side]
    image = as_map(np.sin(rows / 9) * np.cos(columns / 14) + rows / side)
    size = 2 * int(np.ceil(3 * 6.0)) + 1
    whole = cv2.GaussianBlur(image, (size, size), 6.0, borderType=cv2.BORDER_REFLECT_101)
    inside = slice(20, -20)
    assert np.abs(blur(image, 6.0) - whole)[inside, inside].max() < 0.01


@pytest.mark.parametrize(("sigma_mm", "most"), [(0.12, 0.14), (0.25, 0.06), (0.5, 0.02)])
@pytest.mark.parametrize("angle", [0.0, 10.0, 45.0, 63.0])
def test_pieces_of_a_line_join_to_the_line_that_closer_ones_make(
    angle: float, sigma_mm: float, most: float
) -> None:
    sheet = Sheet(128, 128, 0.33)
    along = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])

    def line(step: float) -> Map:
        place = np.arange(-40, 40, step)
        volume = np.full(place.size, step * sheet.mm_per_px)
        return splat(sheet, 63.3 + place[:, None] * along, volume, np.full(place.size, sigma_mm))

    fine, coarse = line(0.1), line(PIECE_PX)
    assert np.abs(coarse - fine)[40:-40, 40:-40].max() < most * fine.max()

"""Laws of the physical layers: tissue, relief, marks on a sheet, camera."""

import numpy as np
import pytest
import torch

from skinscore_training.skin import relief, tissue
from skinscore_training.skin.camera import draw_camera, photograph
from skinscore_training.skin.sheet import Discs, Sheet, lay_discs, smooth_noise, splat
from skinscore_training.skin.streams import stream
from skinscore_training.skin.wrinkles import Lines, line_relief


def colour(melanin: float, blood: float) -> np.ndarray:
    one = torch.ones(1, 1, 1)
    return tissue.reflectance(melanin * one, blood * one)[0, :, 0, 0].numpy()


def test_more_melanin_darkens_blue_most() -> None:
    ratio = colour(6.0, 1.0) / colour(3.0, 1.0)
    assert ratio[2] < ratio[1] < ratio[0] < 1


def test_more_blood_darkens_green_more_than_red() -> None:
    ratio = colour(3.0, 3.0) / colour(3.0, 1.0)
    assert ratio[1] < 0.85 * ratio[0]
    assert ratio[0] < 1


@pytest.mark.parametrize("tone", [60.0, 30.0, 0.0, -40.0])
def test_melanin_falls_as_the_tone_gets_lighter(tone: float) -> None:
    assert tissue.melanin_of_ita(tone) > tissue.melanin_of_ita(tone + 5)


@pytest.mark.parametrize("tone", [65.0, 50.0, 30.0, 10.0, -10.0, -30.0, -60.0])
def test_a_mark_of_one_strength_has_about_the_same_contrast_on_every_tone(tone: float) -> None:
    bare = tissue.melanin_of_ita(tone)

    def lightness(melanin: float) -> float:
        luminance = float(colour(melanin, 1.0) @ (0.2126, 0.7152, 0.0722))
        return float(116 * np.cbrt(luminance) - 16)

    drop = lightness(bare) - lightness(bare + 2 * tissue.contrast_dilution(bare))
    assert 3.6 < drop < 4.8


def test_level_skin_faces_the_camera_and_loses_no_light() -> None:
    flat = torch.full((2, 32, 32), 1.5)
    assert torch.allclose(relief.normals(flat, 0.4)[:, 2], torch.ones(2, 32, 32))
    assert torch.allclose(relief.cavity(flat, 0.4), torch.ones(2, 32, 32), atol=1e-4)
    light = torch.full((2, 3, 32, 32), 0.7)
    assert torch.allclose(relief.subsurface(light, 0.4, 1.0), light, atol=1e-5)


def test_light_spreads_farther_in_red_than_in_blue() -> None:
    x = torch.arange(64) * 0.4
    wave = torch.sin(2 * torch.pi * x / 3.2).expand(1, 3, 64, 64)
    spread = relief.subsurface(wave, 0.4, 1.0).amax((0, 2, 3))
    assert spread[0] < spread[1] < spread[2] < 1


def test_a_mark_keeps_its_volume_however_fine_the_raster() -> None:
    for mm in (0.2, 0.4, 1.0):
        sheet = Sheet(int(40 / mm), int(40 / mm), mm)
        middle = np.array([[20 / mm + 0.3, 20 / mm - 0.2]])
        drawn = splat(sheet, middle, np.array([2.5]), np.array([0.7]))
        assert drawn.sum() * mm**2 == pytest.approx(2.5, rel=1e-3)


def test_a_disc_covers_its_area() -> None:
    sheet = Sheet(100, 120, 0.4)
    one = np.ones(1)
    disc = Discs(50.2 * one, 49.7 * one, 6 * one, 0.5 * one, one, one, 0 * one, one, one)
    assert lay_discs(sheet, disc).sum() * 0.4**2 == pytest.approx(np.pi * 36, rel=0.02)


def test_noise_has_about_unit_spread() -> None:
    spread = [
        smooth_noise(stream(0, number), Sheet(200, 200, 0.4), 12.0).std() for number in range(8)
    ]
    assert 0.7 < np.mean(spread) < 1.3


def test_a_groove_is_as_deep_as_its_line_says() -> None:
    sheet = Sheet(200, 200, 0.2)
    count = 400
    along = np.stack([np.linspace(0, 199, count), np.full(count, 100.0)], 1)
    full = np.ones(count)
    line = Lines(
        along, full * 0.2 * 199 / count, 0.3 * full, 1.5 * full, 0 * full, np.zeros((count, 2))
    )
    assert -line_relief(sheet, line)[:, 100].min() == pytest.approx(0.3, rel=0.12)


def test_a_photo_of_an_even_wall_stays_even_and_repeats() -> None:
    wall = np.full((64, 64, 3), 0.5, np.float32)
    for number in range(12):
        camera = draw_camera(stream(1, number))
        one, two = (photograph(wall, camera, 2.5, stream(2, number)) for _ in range(2))
        assert np.array_equal(one, two)
        assert abs(float(one.mean()) - 127.5) < 4

"""Colour as numbers: L*a*b*, skin tone, and what a forgotten profile would cost."""

import numpy as np
import pytest

from skinscore.imaging.colour import ita_deg, to_lab
from skinscore.imaging.decode import decode
from skinscore_training.rules import DECODE
from tests import pictures

# Values as published (Lindbloom's calculator, sRGB, D65).
KNOWN = {
    "white": ((255, 255, 255), (100.0, 0.0, 0.0)),
    "black": ((0, 0, 0), (0.0, 0.0, 0.0)),
    "middle grey": ((119, 119, 119), (50.03, 0.0, 0.0)),
    "red": ((255, 0, 0), (53.24, 80.09, 67.20)),
    "green": ((0, 255, 0), (87.73, -86.18, 83.18)),
    "blue": ((0, 0, 255), (32.30, 79.19, -107.86)),
}


@pytest.mark.parametrize(("rgb", "lab"), KNOWN.values(), ids=KNOWN.keys())
def test_known_colours_have_their_published_values(
    rgb: pictures.Colour, lab: tuple[float, float, float]
) -> None:
    assert to_lab(np.array([rgb], np.uint8))[0] == pytest.approx(lab, abs=0.02)


def test_every_grey_is_neutral_and_a_lighter_grey_is_lighter() -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    lab = to_lab(greys)
    assert np.abs(lab[:, 1:]).max() < 0.02
    assert (np.diff(lab[:, 0]) > 0).all()


def test_a_picture_gives_what_its_pixels_give_one_by_one() -> None:
    picture = np.asarray(pictures.noise(190, 170))  # more than one block of pixels
    whole = to_lab(picture)
    assert whole.shape == picture.shape
    assert whole.dtype == np.float32
    for row in (0, 85, 86, 169):
        np.testing.assert_allclose(to_lab(picture[row, ::17]), whole[row, ::17], atol=1e-3)


def test_shape_does_not_matter_and_nothing_gives_nothing() -> None:
    picture = np.asarray(pictures.noise(30, 20))
    lab = to_lab(picture)
    np.testing.assert_allclose(to_lab(picture.reshape(-1, 3)), lab.reshape(-1, 3), atol=1e-3)
    np.testing.assert_allclose(to_lab(picture.swapaxes(0, 1)), lab.swapaxes(0, 1), atol=1e-3)
    assert to_lab(np.zeros((0, 3), np.uint8)).shape == (0, 3)


MONK = (  # the ten swatches of the Monk scale and their angle, as measured before
    *(("f6ede4", 83), ("f3e7db", 80), ("f7ead0", 72), ("eadaba", 65), ("d7bd96", 50)),
    *(("a07e56", 11), ("825c43", -20), ("604134", -55), ("3a312a", -78), ("292420", -84)),
)


@pytest.mark.parametrize(("swatch", "angle"), MONK)
def test_the_monk_swatches_have_their_angles(swatch: str, angle: float) -> None:
    lightness, _, b = to_lab(np.frombuffer(bytes.fromhex(swatch), np.uint8)[None])[0]
    assert ita_deg(lightness, b) == pytest.approx(angle, abs=0.6)


def test_lighter_skin_of_the_same_yellow_has_a_larger_angle() -> None:
    angles = [ita_deg(lightness, 18.0) for lightness in range(20, 90, 5)]
    assert angles == sorted(angles)
    assert ita_deg(50, 18) == 0
    assert ita_deg(50 + 18, 18) == pytest.approx(45)
    assert ita_deg(50 - 18, 18) == pytest.approx(-45)


# What a phone means by these Display P3 values, against reading them as sRGB.
SKIN = {  # P3 values; ITA ignored, ITA right, a* ignored, a* right
    "light": ((224, 178, 152), 53.0, 49.6, 13.1, 17.1),
    "medium": ((190, 140, 112), 29.0, 26.2, 15.4, 20.2),
    "tan": ((150, 105, 80), -4.1, -2.6, 14.9, 18.9),
    "dark": ((95, 62, 48), -54.6, -50.0, 12.6, 16.3),
    "erythema": ((205, 110, 95), 15.6, 14.7, 36.0, 44.8),
}


@pytest.mark.parametrize(
    ("values", "ita_ignored", "ita_right", "a_ignored", "a_right"), SKIN.values(), ids=SKIN.keys()
)
def test_a_phone_photo_has_the_redness_the_phone_meant(
    values: pictures.Colour,
    ita_ignored: float,
    ita_right: float,
    a_ignored: float,
    a_right: float,
) -> None:
    picture = pictures.plain(values)
    tagged = pictures.encoded(
        picture, "PNG", icc_profile=pictures.matrix_profile(pictures.DISPLAY_P3)
    )
    for data, ita, a in (
        (pictures.encoded(picture, "PNG"), ita_ignored, a_ignored),
        (tagged, ita_right, a_right),
    ):
        lightness, red, yellow = to_lab(decode(data, DECODE).pixels)[40, 40]
        assert red == pytest.approx(a, abs=0.1)
        assert ita_deg(lightness, yellow) == pytest.approx(ita, abs=0.1)

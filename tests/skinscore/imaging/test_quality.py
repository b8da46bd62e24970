from collections.abc import Callable

import cv2
import numpy as np
import pytest

from skinscore.domain.zones import ZONES, View, Zone
from skinscore.imaging.quality import PhotoQuality, measure, measure_close_up
from skinscore.imaging.types import Face, Pixels, ZoneRegion
from skinscore.imaging.zones import excluded_areas, zone_mask, zone_regions
from skinscore_training.rules import FACE, GATE
from tests.skinscore.imaging.faces import (
    HEIGHT,
    WIDTH,
    as_pixels,
    dark,
    face_at,
    photo_of,
    texture,
)

SKIN = texture(0, sigma=0.6)


def quality_of(pixels: Pixels, face: Face | None = None) -> PhotoQuality:
    face = face or face_at()
    return measure(photo_of(pixels), face, zone_regions(face, FACE))


def painted(zone: Zone, colour: tuple[int, int, int], share: float = 1.0) -> Pixels:
    """The skin picture with the left ``share`` of a zone painted over."""
    face = face_at()
    mask = zone_mask(zone_regions(face, FACE)[zone], excluded_areas(face), (HEIGHT, WIDTH)) > 0
    order = np.argsort(np.nonzero(mask)[1], kind="stable")[: int(share * mask.sum())]
    rows, columns = (index[order] for index in np.nonzero(mask))
    pixels = SKIN.copy()
    pixels[rows, columns] = colour
    return pixels


def test_bare_skin_in_even_light_is_visible_everywhere() -> None:
    quality = quality_of(SKIN)
    assert set(quality.zones) == set(ZONES)
    for zone in quality.zones.values():
        assert zone.in_frame_fraction == 1.0
        assert zone.visible_fraction > 0.95, zone.zone
        assert zone.clipped_fraction == 0.0
        assert zone.px_per_mm == quality.px_per_mm


@pytest.mark.parametrize(
    "cover",
    [(30, 25, 22), (60, 160, 150), (235, 235, 240), (90, 120, 60)],
    ids=["black hair", "dyed hair", "white hair", "cloth"],
)
def test_what_covers_a_zone_is_not_visible_skin(cover: tuple[int, int, int]) -> None:
    quality = quality_of(painted(Zone.FOREHEAD, cover))
    assert quality.zones[Zone.FOREHEAD].visible_fraction < 0.1
    assert quality.zones[Zone.CHIN].visible_fraction > 0.95


def test_the_visible_share_falls_as_the_cover_grows() -> None:
    shares = [
        quality_of(painted(Zone.FOREHEAD, (30, 25, 22), share)).zones[Zone.FOREHEAD]
        for share in (0.0, 0.25, 0.5, 0.75)
    ]
    measured = [zone.visible_fraction for zone in shares]
    assert measured == sorted(measured, reverse=True)
    for share, seen in zip((0.0, 0.25, 0.5, 0.75), measured, strict=True):
        assert seen == pytest.approx(1 - share, abs=0.12)


def test_deep_lines_are_not_taken_for_hair() -> None:
    face = face_at()
    pixels = SKIN.astype(np.float64)
    top = int(face.points[10, 1])
    for row in range(top, top + 90, 22):  # forehead lines, 2.5 px wide, a third darker
        shade = 1 - 0.35 * np.exp(-(((np.arange(HEIGHT) - row) / 1.25) ** 2))
        pixels *= shade[:, None, None]
    assert quality_of(as_pixels(pixels)).zones[Zone.FOREHEAD].visible_fraction > 0.8


def test_side_light_covers_nothing() -> None:
    light = np.linspace(0.75, 1.1, WIDTH)[None, :, None]
    quality = quality_of(as_pixels(SKIN * light))
    assert min(zone.visible_fraction for zone in quality.zones.values()) > 0.85


def test_sharpness_falls_with_every_step_of_blur() -> None:
    steps = [SKIN] + [
        np.asarray(cv2.GaussianBlur(SKIN, (0, 0), sigma), np.uint8)
        for sigma in (0.5, 1.0, 1.5, 2.0, 3.0)
    ]
    measured = [quality_of(step).zones for step in steps]
    for zone in (Zone.CHEEK_LEFT, Zone.FOREHEAD, Zone.NOSE, Zone.CHIN):
        row = [zones[zone].sharpness for zones in measured]
        assert row == sorted(row, reverse=True), zone
        assert row[0] > 3 * row[-1]


def test_a_blur_of_one_millimetre_fails_the_limit_and_sharp_skin_passes() -> None:
    blurred = np.asarray(cv2.GaussianBlur(SKIN, (0, 0), 3.0), np.uint8)  # 3 px at 3 px/mm
    assert min(zone.sharpness for zone in quality_of(SKIN).zones.values()) > GATE.min_sharpness
    assert max(zone.sharpness for zone in quality_of(blurred).zones.values()) < GATE.min_sharpness


def test_less_light_lowers_lightness_and_leaves_sharpness() -> None:
    bright, dim = quality_of(SKIN).zones, quality_of(dark(SKIN, 0.4)).zones
    for zone in (Zone.CHEEK_LEFT, Zone.FOREHEAD, Zone.CHIN):
        assert dim[zone].sharpness == pytest.approx(bright[zone].sharpness, rel=0.1)
        assert dim[zone].median_lightness < bright[zone].median_lightness - 10
        assert dim[zone].visible_fraction == pytest.approx(bright[zone].visible_fraction, abs=0.03)


def test_the_scale_of_the_photo_hardly_moves_the_measures() -> None:
    large = np.asarray(
        cv2.resize(SKIN, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8
    )
    face = face_at(WIDTH - 0.5, HEIGHT - 0.5, px_per_mm=6.0)
    small, big = quality_of(SKIN).zones, quality_of(large, face).zones
    for zone in (Zone.CHEEK_LEFT, Zone.FOREHEAD, Zone.CHIN):
        assert big[zone].sharpness == pytest.approx(small[zone].sharpness, rel=0.25)
        assert big[zone].median_lightness == pytest.approx(small[zone].median_lightness, abs=1.0)


def test_burnt_out_skin_is_clipped_and_a_pale_highlight_is_glare() -> None:
    burnt = quality_of(painted(Zone.NOSE, (255, 235, 215), 0.5)).zones[Zone.NOSE]
    assert burnt.clipped_fraction > 0.3
    shiny = quality_of(painted(Zone.CHEEK_LEFT, (236, 218, 208), 0.4)).zones[Zone.CHEEK_LEFT]
    assert shiny.clipped_fraction == 0.0
    assert shiny.glare_fraction > 0.2
    assert quality_of(SKIN).zones[Zone.NOSE].glare_fraction < 0.02


def test_a_grey_photo_has_no_chroma() -> None:
    grey = np.repeat(cv2.cvtColor(SKIN, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert quality_of(np.asarray(grey, np.uint8)).median_chroma < GATE.min_median_chroma
    assert quality_of(SKIN).median_chroma > 3 * GATE.min_median_chroma


def test_a_zone_beyond_the_border_is_partly_in_frame() -> None:
    face = face_at(x=WIDTH - 60)  # the subject's left half is cut off
    zones = quality_of(SKIN, face).zones
    assert zones[Zone.LOWER_CHEEK_LEFT].in_frame_fraction == 0.0
    assert 0.0 < zones[Zone.FOREHEAD].in_frame_fraction < 1.0
    assert zones[Zone.CHEEK_RIGHT].in_frame_fraction == 1.0


def test_a_face_outside_the_picture_measures_nothing_and_does_not_fail() -> None:
    quality = quality_of(SKIN, face_at(x=-4000.0))
    for zone in quality.zones.values():
        assert zone.in_frame_fraction == zone.visible_fraction == zone.sharpness == 0.0
    assert quality.skin_tone is None


@pytest.mark.parametrize("change", [lambda p: p, lambda p: p[:, ::-1]], ids=["plain", "mirrored"])
def test_lighter_skin_has_the_higher_tone_angle(change: Callable[[Pixels], Pixels]) -> None:
    tones = []
    for colour in ((85, 52, 38), (141, 92, 68), (190, 140, 115), (232, 195, 175)):
        pixels = as_pixels(SKIN.astype(float) - np.array((190, 140, 115)) + np.array(colour))
        tone = quality_of(np.ascontiguousarray(change(pixels))).skin_tone
        assert tone is not None
        assert tone.ita_range_deg[0] <= tone.ita_deg <= tone.ita_range_deg[1]
        tones.append(tone.ita_deg)
    assert tones == sorted(tones)


def test_uneven_light_widens_the_range_of_the_tone() -> None:
    light = np.linspace(0.7, 1.1, WIDTH)[None, :, None]
    even, uneven = quality_of(SKIN).skin_tone, quality_of(as_pixels(SKIN * light)).skin_tone
    assert even is not None
    assert uneven is not None
    widths = [tone.ita_range_deg[1] - tone.ita_range_deg[0] for tone in (even, uneven)]
    assert widths[1] > widths[0] + 5


def test_a_close_up_is_measured_as_one_free_zone() -> None:
    outline = np.array([(0.0, 0.0), (WIDTH, 0.0), (WIDTH, HEIGHT), (0.0, HEIGHT)])
    region = ZoneRegion(Zone.CHEEK_LEFT, outline, 1.0, False)
    quality = measure_close_up(photo_of(SKIN), region, 3.0)
    assert quality.pose is None
    assert quality.skin_tone is None
    assert list(quality.zones) == [Zone.CHEEK_LEFT]
    zone = quality.zones[Zone.CHEEK_LEFT]
    assert zone.in_frame_fraction == zone.visible_fraction == zone.facing == 1.0
    blurred = np.asarray(cv2.GaussianBlur(SKIN, (0, 0), 3.0), np.uint8)
    assert measure_close_up(photo_of(blurred), region, 3.0).zones[Zone.CHEEK_LEFT].sharpness < (
        zone.sharpness / 2
    )


def test_the_pose_is_handed_on() -> None:
    face = face_at(yaw_deg=25.0, roll_deg=-7.0)
    assert quality_of(SKIN, face).pose == (25.0, 0.0, -7.0)
    assert face.view == View.FRONTAL

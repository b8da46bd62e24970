from dataclasses import replace
from typing import Any

import pytest

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import CODES
from skinscore.imaging.gate import Blocks, limits_passed, photo_blocks, zone_blocks
from skinscore.imaging.quality import PhotoQuality, ZoneQuality
from skinscore_training.rules import GATE

GOOD = ZoneQuality(
    zone=Zone.CHEEK_LEFT,
    facing=0.9,
    far_side=False,
    in_frame_fraction=1.0,
    visible_fraction=1.0,
    px_per_mm=5.0,
    sharpness=0.5,
    median_lightness=60.0,
    clipped_fraction=0.0,
    glare_fraction=0.0,
)


def photo(
    zone: Zone | None = None,
    *,
    pose: tuple[float, float, float] | None = (0.0, 0.0, 0.0),
    px_per_mm: float = 5.0,
    median_chroma: float = 25.0,
    **changes: Any,
) -> PhotoQuality:
    """A flawless photo, but for ``changes`` of one zone (of every zone when None)."""
    zones = {}
    for name in ZONES:
        good = replace(GOOD, zone=name, px_per_mm=px_per_mm)
        zones[name] = replace(good, **changes) if zone in (name, None) else good
    return PhotoQuality(pose, px_per_mm, median_chroma, None, zones)


def blocks(quality: PhotoQuality, zone: Zone, concern: Concern = Concern.WRINKLES) -> Blocks:
    return zone_blocks(limits_passed(quality, GATE), zone, concern)


def test_a_flawless_photo_passes_no_limit() -> None:
    assert limits_passed(photo(), GATE) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"facing": 0.1}, "zone_out_of_view"),
        ({"facing": -0.4}, "zone_out_of_view"),
        ({"in_frame_fraction": 0.5}, "zone_out_of_frame"),
        ({"visible_fraction": 0.3}, "zone_occluded"),
    ],
)
def test_geometry_blocks_every_concern_of_its_zone_only(changes: dict[str, Any], code: str) -> None:
    passed = limits_passed(photo(Zone.NOSE, **changes), GATE)
    for concern in CONCERNS:
        assert zone_blocks(passed, Zone.NOSE, concern) == Blocks((code,), ())
        assert zone_blocks(passed, Zone.CHIN, concern) == Blocks((), ())
    assert photo_blocks(passed) == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sharpness": 0.01}, "zone_blurred"),
        ({"median_lightness": 5.0}, "zone_shadow"),
        ({"clipped_fraction": 0.5}, "zone_glare"),
        ({"glare_fraction": 0.9}, "zone_glare"),
    ],
)
def test_light_and_blur_are_matters_of_quality(changes: dict[str, Any], code: str) -> None:
    assert blocks(photo(Zone.NOSE, **changes), Zone.NOSE) == Blocks((), (code,))
    assert blocks(photo(Zone.NOSE, **changes), Zone.CHIN) == Blocks((), ())


def test_a_zone_that_geometry_rules_out_is_not_judged_further() -> None:
    quality = photo(Zone.NOSE, facing=-0.5, sharpness=0.0, median_lightness=0.0)
    assert blocks(quality, Zone.NOSE) == Blocks(("zone_out_of_view",), ())


def test_the_far_side_is_out_of_view_only_on_a_turned_head() -> None:
    for yaw, codes in ((GATE.max_far_side_yaw_deg, ()), (-30.0, ("zone_out_of_view",))):
        quality = photo(Zone.CHEEK_RIGHT, pose=(yaw, 0.0, 0.0), far_side=True)
        assert blocks(quality, Zone.CHEEK_RIGHT).geometry == codes


def test_pigment_needs_fewer_pixels_than_relief() -> None:
    between = (GATE.min_px_per_mm_pigmentation + GATE.min_px_per_mm_relief) / 2
    quality = photo(px_per_mm=between)
    assert blocks(quality, Zone.CHIN, Concern.PIGMENTATION).quality == ()
    for concern in (Concern.WRINKLES, Concern.ACNE_SCARRING):
        assert blocks(quality, Zone.CHIN, concern).quality == ("zone_too_small",)


def test_a_face_too_small_for_pigment_is_refused_whole() -> None:
    passed = limits_passed(photo(px_per_mm=0.9 * GATE.min_px_per_mm_pigmentation), GATE)
    assert photo_blocks(passed) == ("face_too_small",)
    assert "zone_too_small" in zone_blocks(passed, Zone.CHIN, Concern.PIGMENTATION).quality


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sharpness": 0.01}, "blurred"),
        ({"median_lightness": 5.0}, "too_dark"),
        ({"clipped_fraction": 0.5}, "overexposed"),
    ],
)
def test_the_photo_has_a_fault_when_every_visible_zone_has_it(
    changes: dict[str, Any], code: str
) -> None:
    assert photo_blocks(limits_passed(photo(**changes), GATE)) == (code,)
    assert photo_blocks(limits_passed(photo(Zone.NOSE, **changes), GATE)) == ()


@pytest.mark.parametrize(("axis", "code"), [(0, "pose_yaw"), (1, "pose_pitch"), (2, "pose_roll")])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_pose_is_limited_both_ways(axis: int, code: str, sign: float) -> None:
    limit = (GATE.max_yaw_deg, GATE.max_pitch_deg, GATE.max_roll_deg)[axis]
    for angle, codes in ((limit, ()), (limit + 1, (code,))):
        pose = [0.0, 0.0, 0.0]
        pose[axis] = sign * angle
        passed = limits_passed(photo(pose=(pose[0], pose[1], pose[2])), GATE)
        assert photo_blocks(passed) == codes


def test_a_close_up_has_no_pose_to_pass() -> None:
    assert limits_passed(photo(pose=None, far_side=True), GATE) == ()


def test_a_grey_photo_blocks_pigment_and_nothing_else() -> None:
    passed = limits_passed(photo(median_chroma=0.0), GATE)
    assert photo_blocks(passed) == ()
    assert zone_blocks(passed, Zone.CHIN, Concern.PIGMENTATION).quality == ("not_colour",)
    assert zone_blocks(passed, Zone.CHIN, Concern.WRINKLES).quality == ()


def test_every_measure_stands_beyond_its_limit_and_every_code_is_known() -> None:
    worst = photo(
        pose=(80.0, 80.0, 80.0),
        px_per_mm=0.1,
        median_chroma=0.0,
        sharpness=0.0,
        median_lightness=0.0,
        clipped_fraction=1.0,
    )
    passed = limits_passed(worst, GATE)
    assert {row.code for row in passed} <= set(CODES)
    assert all(row.measured != row.limit for row in passed)
    assert [row.zone is None for row in passed] == sorted(
        (row.zone is None for row in passed), reverse=True
    )


def test_a_zone_out_of_view_does_not_vouch_for_the_photo() -> None:
    blurred = photo(sharpness=0.01)
    away = replace(GOOD, zone=Zone.CHIN, facing=-1.0)  # sharp, but it shows other skin
    zones = {**blurred.zones, Zone.CHIN: away}
    assert photo_blocks(limits_passed(replace(blurred, zones=zones), GATE)) == ("blurred",)

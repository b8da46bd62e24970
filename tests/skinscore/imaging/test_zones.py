from itertools import combinations

import numpy as np
import pytest

from skinscore.domain.zones import ZONES, Side, Zone
from skinscore.imaging.types import Face
from skinscore.imaging.zones import (
    MIDLINE,
    MIRROR,
    ZONE_POINTS,
    draw_masks,
    excluded_areas,
    half_outline,
    zone_mask,
    zone_regions,
)
from skinscore_training.rules import FACE
from tests.skinscore.imaging.faces import HEIGHT, WIDTH, face_at, mirrored_face

SHAPE = (HEIGHT, WIDTH)
PLAIN = np.eye(2, 3)


def masks_of(face: Face) -> dict[Zone, np.ndarray]:
    outlines = {zone: region.polygon for zone, region in zone_regions(face, FACE).items()}
    return draw_masks(outlines, excluded_areas(face), PLAIN, SHAPE)


def test_the_mirror_map_is_its_own_inverse_and_fixes_the_midline() -> None:
    assert sorted(MIRROR) == list(range(468))
    assert all(MIRROR[MIRROR[index]] == index for index in range(468))
    assert {index for index in range(468) if MIRROR[index] == index} == set(MIDLINE)


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_of_the_other_side_is_the_mirrored_zone(zone: Zone) -> None:
    mirrored = {MIRROR[index] for index in ZONE_POINTS[zone]}
    assert mirrored == set(ZONE_POINTS[zone.mirrored])


def test_a_mirrored_face_has_mirrored_outlines_and_the_same_facing() -> None:
    face = face_at(yaw_deg=12.0, roll_deg=5.0)
    regions = zone_regions(face, FACE)
    flipped = zone_regions(mirrored_face(face, WIDTH), FACE)
    for zone, region in regions.items():
        other = flipped[zone.mirrored]
        seen = {(round(WIDTH - 1 - x, 6), round(y, 6)) for x, y in region.polygon}
        assert seen == {(round(x, 6), round(y, 6)) for x, y in other.polygon}
        assert region.facing == pytest.approx(other.facing)
        assert region.far_side == other.far_side


def test_every_zone_faces_the_camera_on_a_frontal_face() -> None:
    regions = zone_regions(face_at(), FACE)
    assert all(region.facing > 0 for region in regions.values())
    for front in (Zone.FOREHEAD, Zone.NOSE, Zone.UPPER_LIP):
        assert regions[front].facing > 0.9


def test_turning_the_head_turns_the_far_side_away_and_the_near_side_in() -> None:
    facing = {
        yaw: {
            zone: region.facing for zone, region in zone_regions(face_at(yaw_deg=yaw), FACE).items()
        }
        for yaw in (0.0, 15.0, 30.0, 45.0)
    }
    for before, after in zip((0.0, 15.0, 30.0), (15.0, 30.0, 45.0), strict=True):
        assert facing[after][Zone.CHEEK_LEFT] < facing[before][Zone.CHEEK_LEFT]
        assert facing[after][Zone.LOWER_CHEEK_RIGHT] > facing[before][Zone.LOWER_CHEEK_RIGHT]
    assert facing[45.0][Zone.LOWER_CHEEK_LEFT] < 0  # still drawn, but over other skin


def test_the_far_side_is_the_side_that_the_head_looks_to() -> None:
    looks_left = zone_regions(face_at(yaw_deg=30.0), FACE)
    looks_right = zone_regions(face_at(yaw_deg=-30.0), FACE)
    for zone in ZONES:
        assert looks_left[zone].far_side == (zone.side == Side.LEFT)
        assert looks_right[zone].far_side == (zone.side == Side.RIGHT)


def test_roll_and_scale_change_no_facing() -> None:
    plain = zone_regions(face_at(), FACE)
    for face in (face_at(roll_deg=77.0), face_at(px_per_mm=11.0), face_at(3.0, -500.0)):
        for zone, region in zone_regions(face, FACE).items():
            assert region.facing == pytest.approx(plain[zone].facing)


def test_zones_share_no_more_than_their_borders() -> None:
    masks = masks_of(face_at())
    for one, other in combinations(ZONES, 2):
        shared = int(((masks[one] > 0) & (masks[other] > 0)).sum())
        edge = 3 * (HEIGHT + WIDTH) ** 0.5 * 4
        assert shared < edge, (one, other)
        assert shared < 0.1 * min((masks[one] > 0).sum(), (masks[other] > 0).sum())


def test_every_zone_has_gradable_skin() -> None:
    areas = {zone: int((mask > 0).sum()) for zone, mask in masks_of(face_at()).items()}
    assert all(area > 200 for area in areas.values()), areas
    assert areas[Zone.FOREHEAD] == max(areas.values())


def test_brows_eyes_and_lips_are_in_no_mask() -> None:
    face = face_at()
    union = np.maximum.reduce(list(masks_of(face).values()))
    for point in (66, 105, 296, 334, 159, 145, 386, 374, 13, 14, 0, 17):  # brows, lids, lips
        x, y = np.round(face.points[point, :2]).astype(int)
        assert union[y, x] == 0, point


def test_the_forehead_is_raised_towards_the_hair() -> None:
    face = face_at()
    higher = FACE.model_copy(update={"forehead_raise": 2 * FACE.forehead_raise})
    tops = [
        zone_regions(face, rules)[Zone.FOREHEAD].polygon[:, 1].min() for rules in (FACE, higher)
    ]
    unraised = face.points[10, 1]
    assert unraised - tops[1] == pytest.approx(2 * (unraised - tops[0]), rel=0.02)


def test_the_halves_of_a_midline_zone_meet_at_the_midline() -> None:
    face = face_at()
    right = half_outline(face, FACE, Zone.FOREHEAD, "right")
    left = half_outline(face, FACE, Zone.FOREHEAD, "left")
    middle = (WIDTH - 1) / 2
    assert right[:, 0].max() == pytest.approx(middle)
    assert left[:, 0].min() == pytest.approx(middle)
    whole = half_outline(face, FACE, Zone.FOREHEAD, "whole")
    assert len(right) + len(left) == len(whole) + 2  # both own the two midline points


def test_a_mask_under_a_map_is_the_mapped_mask() -> None:
    face = face_at(px_per_mm=2.0)
    half = np.array(
        [(0.5, 0.0, -0.25), (0.0, 0.5, -0.25)]
    )  # halves, pixel middles at whole numbers
    excluded = excluded_areas(face)
    for region in zone_regions(face, FACE).values():
        large = (zone_mask(region, excluded, SHAPE) > 0).sum()
        small = draw_masks({region.zone: region.polygon}, excluded, half, (HEIGHT // 2, WIDTH // 2))
        assert (small[region.zone] > 0).sum() == pytest.approx(large / 4, rel=0.25, abs=40)


def test_a_zone_outside_the_target_is_empty() -> None:
    masks = masks_of(face_at(x=-5000.0))
    assert not any(mask.any() for mask in masks.values())

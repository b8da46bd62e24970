import cv2
import numpy as np
import pytest

from skinscore.domain.zones import ZONES, Zone
from skinscore.imaging.crops import MAX_CLOSE_UP_TILES, cut, cut_close_up
from skinscore.imaging.types import Crop
from skinscore.imaging.warp import invert, prefilter_sigma, warp
from skinscore_training.rules import FACE, GEOMETRY
from tests.skinscore.imaging.faces import HEIGHT, WIDTH, face_at, mirrored_face, photo_of, texture

SIDE = GEOMETRY.side_px
MM = GEOMETRY.crops[0].mm_per_px


def by_name(crops: tuple[Crop, ...]) -> dict[str, Crop]:
    return {crop.name: crop for crop in crops}


def other_side(name: str) -> str:
    if name.endswith("_right"):
        return name.removesuffix("_right") + "_left"
    if name.endswith("_left"):
        return name.removesuffix("_left") + "_right"
    return name


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def test_crops_come_in_the_order_and_shape_of_the_geometry() -> None:
    crops = cut(photo_of(texture(0)), face_at(), FACE, GEOMETRY)
    assert [crop.name for crop in crops] == [plan.name for plan in GEOMETRY.crops]
    for crop, plan in zip(crops, GEOMETRY.crops, strict=True):
        assert crop.zones == plan.zones
        assert crop.pixels.shape == (SIDE, SIDE, 3)
        assert crop.pixels.dtype == np.uint8
        assert crop.masks.shape == (GEOMETRY.slots, SIDE, SIDE)
        assert set(np.unique(crop.masks)) <= {0, 255}
        assert all(mask.any() for mask in crop.masks[: len(plan.zones)])
        assert not crop.masks[len(plan.zones) :].any()


@pytest.mark.parametrize("px_per_mm", [1.0, 2.5, 3.0, 9.0])
def test_a_crop_has_the_scale_of_its_plan_whatever_the_photo_has(px_per_mm: float) -> None:
    for crop in cut(photo_of(texture(0)), face_at(px_per_mm=px_per_mm), FACE, GEOMETRY):
        linear = crop.to_crop[:, :2] * px_per_mm  # crop px per mm
        assert np.allclose(linear @ linear.T, np.eye(2) / MM**2)


def test_the_map_of_a_crop_leads_back_to_the_photo() -> None:
    for crop in cut(photo_of(texture(0)), face_at(roll_deg=20.0), FACE, GEOMETRY):
        back = invert(crop.to_crop)
        place = np.array((17.0, 93.0))
        there = back[:, :2] @ place + back[:, 2]
        assert np.allclose(crop.to_crop[:, :2] @ there + crop.to_crop[:, 2], place)


def test_a_crop_shows_what_its_map_says() -> None:
    photo = photo_of(texture(1, sigma=6.0))
    for crop in cut(photo, face_at(px_per_mm=2.5), FACE, GEOMETRY):
        back = invert(crop.to_crop)
        for place in ((40, 50), (80, 80), (111, 64)):
            x, y = back[:, :2] @ np.array(place) + back[:, 2]
            if 2 < x < WIDTH - 3 and 2 < y < HEIGHT - 3:
                there = cv2.getRectSubPix(photo.pixels, (1, 1), (float(x), float(y)))[0, 0]
                assert np.abs(crop.pixels[place[1], place[0]] - there.astype(float)).max() <= 3


def test_a_mirrored_photo_gives_the_crops_of_the_other_side() -> None:
    photo, face = photo_of(texture(2)), face_at(yaw_deg=8.0, roll_deg=6.0)
    plain = by_name(cut(photo, face, FACE, GEOMETRY))
    flipped = by_name(
        cut(photo_of(photo.pixels[:, ::-1]), mirrored_face(face, WIDTH), FACE, GEOMETRY)
    )
    paired = [name for name in plain if other_side(name) != name]
    assert len(paired) == 10
    for name in paired:
        one, other = plain[name], flipped[other_side(name)]
        assert mean_difference(one.pixels, other.pixels) < 1.0, name
        assert mean_difference(one.masks > 0, other.masks > 0) < 0.01, name


def test_a_moved_photo_gives_the_same_crops() -> None:
    photo, face = photo_of(texture(3)), face_at(px_per_mm=2.2)
    moved = photo_of(cv2.copyMakeBorder(photo.pixels, 31, 0, 57, 0, cv2.BORDER_REPLICATE))
    for one, other in zip(
        cut(photo, face, FACE, GEOMETRY),
        cut(
            moved,
            face_at((WIDTH - 1) / 2 + 57, (HEIGHT - 1) / 2 + 31, px_per_mm=2.2),
            FACE,
            GEOMETRY,
        ),
        strict=True,
    ):
        assert mean_difference(one.pixels, other.pixels) < 0.2
        assert mean_difference(one.masks > 0, other.masks > 0) < 0.002


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo_gives_the_same_crops(turns: int) -> None:
    photo = photo_of(texture(4))
    x, y = 300.0, 350.0
    turned = photo_of(np.rot90(photo.pixels, turns))
    for turn in range(turns):  # counterclockwise
        x, y = y, (HEIGHT if turn % 2 else WIDTH) - 1 - x
    plain = cut(photo, face_at(300.0, 350.0, px_per_mm=2.2), FACE, GEOMETRY)
    face = face_at(x, y, px_per_mm=2.2, roll_deg=-90.0 * turns)
    for one, other in zip(plain, cut(turned, face, FACE, GEOMETRY), strict=True):
        assert mean_difference(one.pixels, other.pixels) < 0.5
        assert mean_difference(one.masks > 0, other.masks > 0) < 0.01


def test_masks_are_empty_where_the_photo_ends() -> None:
    photo = photo_of(texture(5)[:, : WIDTH // 2])
    crops = by_name(cut(photo, face_at(), FACE, GEOMETRY))
    assert not crops["cheek_left"].masks.any()
    assert crops["cheek_right"].masks[0].any()
    nose = crops["nose"]
    columns = np.nonzero(nose.masks[0].any(axis=0))[0]
    edge = nose.to_crop[0, 0] * (photo.width - 0.5) + nose.to_crop[0, 2]
    assert columns.max() <= edge + 0.5


def test_a_face_far_outside_gives_crops_without_skin() -> None:
    for crop in cut(photo_of(texture(6)), face_at(x=-9000.0), FACE, GEOMETRY):
        assert not crop.masks.any()


@pytest.mark.parametrize("reduction", [2.0, 3.2, 4.8])
def test_a_pattern_finer_than_a_crop_pixel_becomes_grey(reduction: float) -> None:
    px_per_mm = reduction / MM
    side = round(240 * px_per_mm)  # the whole face lies inside
    y, x = np.mgrid[:side, :side]
    board = np.repeat(((x + y) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)
    face = face_at(side / 2, side / 2, px_per_mm=px_per_mm)
    for crop in cut(photo_of(board), face, FACE, GEOMETRY):
        inside = crop.pixels[crop.masks.max(axis=0) > 0]
        assert np.abs(inside.astype(int) - 127).max() <= 4


def test_enlarging_and_plain_copies_are_not_blurred() -> None:
    assert prefilter_sigma(1.0) == 0
    assert prefilter_sigma(3.0) == 0
    pixels = texture(7)
    assert np.array_equal(warp(pixels, np.eye(2, 3), (HEIGHT, WIDTH)), pixels)


def test_the_prefilter_grows_with_the_reduction() -> None:
    sigmas = [prefilter_sigma(scale) for scale in (0.9, 0.5, 0.25, 0.1)]
    assert sigmas == sorted(sigmas)
    assert sigmas[-1] == pytest.approx(0.5 / 0.1, rel=0.01)


def test_beyond_the_photo_the_border_repeats() -> None:
    pixels = np.full((20, 30, 3), 90, np.uint8)
    away = np.array([(1.0, 0.0, 500.0), (0.0, 1.0, -500.0)])
    assert (warp(pixels, away, (16, 16)) == 90).all()


@pytest.mark.parametrize("zone", ZONES)
def test_a_close_up_shows_its_zone_in_its_slot_only(zone: Zone) -> None:
    photo = photo_of(texture(8, shape=(400, 500)))
    for crop in cut_close_up(photo, zone, 5.0, GEOMETRY):
        slot = crop.zones.index(zone)
        assert (crop.masks[slot] == 255).all()
        assert not np.delete(crop.masks, slot, axis=0).any()


def test_close_ups_of_both_sides_look_alike_to_the_network() -> None:
    pixels = texture(9, shape=(500, 700))
    right = cut_close_up(photo_of(pixels), Zone.CHEEK_RIGHT, 4.0, GEOMETRY)
    left = cut_close_up(photo_of(pixels[:, ::-1]), Zone.CHEEK_LEFT, 4.0, GEOMETRY)
    assert len(right) == len(left)
    for tile in right:
        assert min(mean_difference(tile.pixels, other.pixels) for other in left) < 1.0


def test_the_tiles_of_a_close_up_cover_the_picture() -> None:
    photo = photo_of(texture(10, shape=(300, 410)))
    covered = np.zeros((300, 410), bool)
    for crop in cut_close_up(photo, Zone.CHIN, 2.5, GEOMETRY):
        back = invert(crop.to_crop)
        low = np.ceil(back[:, :2] @ np.full(2, -0.5) + back[:, 2]).astype(int)
        high = np.floor(back[:, :2] @ np.full(2, SIDE - 0.5) + back[:, 2]).astype(int)
        covered[max(low[1], 0) : high[1] + 1, max(low[0], 0) : high[0] + 1] = True
    assert covered.all()


def test_a_close_up_smaller_than_a_crop_is_one_tile_with_the_rest_masked() -> None:
    photo = photo_of(texture(11, shape=(50, 60)))
    (crop,) = cut_close_up(photo, Zone.NOSE, 1 / MM, GEOMETRY)
    assert (crop.masks[0] > 0).sum() == 50 * 60
    rows, columns = np.nonzero(crop.masks[0])
    assert rows.mean() == pytest.approx((SIDE - 1) / 2, abs=0.5)
    assert columns.mean() == pytest.approx((SIDE - 1) / 2, abs=0.5)


def test_a_huge_close_up_is_cut_from_the_middle() -> None:
    photo = photo_of(np.full((3000, 4000, 3), 128, np.uint8))
    crops = cut_close_up(photo, Zone.FOREHEAD, 2.5, GEOMETRY)
    assert len(crops) == MAX_CLOSE_UP_TILES
    distances = []
    for crop in crops:
        back = invert(crop.to_crop)
        centre = back[:, :2] @ np.full(2, (SIDE - 1) / 2) + back[:, 2]
        distances.append(float(np.hypot(*(centre - (1999.5, 1499.5)))))
    assert distances == pytest.approx(sorted(distances))  # two tiles may lie as far
    assert distances[0] < SIDE

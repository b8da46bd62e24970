"""Laws of the overlays: nothing outside the graded skin, and every cell back where it came from."""

import itertools
from io import BytesIO
from typing import Final

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from skinscore.domain.assessment import ZoneRecord
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.grading.examination import Examination, SeverityMap
from skinscore.grading.overlays import (
    COLOURS,
    FULL_ALPHA,
    MARK_LEVEL,
    marks,
    overlay_png,
    severity_in_photo,
)
from skinscore.imaging.types import Affine, Photo
from tests.skinscore.factories import (
    HEIGHT,
    SIDE,
    STRIDE,
    WIDTH,
    box,
    make_assessment,
    make_examination,
    make_map,
    make_photo,
    make_photo_record,
    make_ungraded,
    make_zone_record,
)

CELLS = SIDE // STRIDE
CONCERN = Concern.WRINKLES

# Photo px -> crop px: the crop turned, scaled and shifted, plain and flipped left-right.
TURNED: Final[Affine] = np.array([(0.48, 0.14, -40.0), (-0.14, 0.48, -20.0)])
MIRRORED: Final[Affine] = np.array([(-0.48, -0.14, 103.0), (-0.14, 0.48, -20.0)])
AFFINES = pytest.mark.parametrize(
    "to_crop", [pytest.param(TURNED, id="turned"), pytest.param(MIRRORED, id="mirrored")]
)


def flat(value: float) -> NDArray[np.float32]:
    return np.full((3, CELLS, CELLS), value, np.float32)


def one_cell(row: int, column: int) -> NDArray[np.float32]:
    values = flat(0)
    values[:, row, column] = 1
    return values


def everywhere(photo: int = 0, zone: Zone = Zone.FOREHEAD) -> ZoneRecord:
    """A zone that covers the whole photo, so that the map alone decides what is painted."""
    corners = ((0.0, 0.0), (WIDTH, 0.0), (WIDTH, HEIGHT), (0.0, HEIGHT))
    return make_zone_record(zone, photo=photo).model_copy(update={"polygon": corners})


def examined(*maps: SeverityMap) -> Examination:
    return make_examination(make_assessment(zones=[everywhere()]), maps=maps)


def rgba(png: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(png)) as picture:
        assert picture.mode == "RGBA"
        return np.asarray(picture)


def in_photo(to_crop: Affine, crop_xy: tuple[float, float]) -> NDArray[np.float64]:
    """Return where a point of the crop lies in the photo, by solving the affine."""
    solved = np.linalg.solve(to_crop[:, :2], np.array(crop_xy) - to_crop[:, 2])
    return np.asarray(solved, np.float64)


@AFFINES
@pytest.mark.parametrize("cell", [(1, 2), (6, 5), (3, 6)])
def test_a_cell_of_the_map_returns_to_the_skin_it_came_from(
    to_crop: Affine, cell: tuple[int, int]
) -> None:
    row, column = cell
    severity = severity_in_photo(examined(make_map(to_crop, one_cell(row, column))), 0, CONCERN)
    centre = in_photo(to_crop, ((column + 0.5) * STRIDE - 0.5, (row + 0.5) * STRIDE - 0.5))
    rows, columns = np.indices(severity.shape)
    weight = severity / severity.sum()
    found = np.array([(weight * columns).sum(), (weight * rows).sum()])
    assert found == pytest.approx(centre, abs=0.25)
    assert severity.max() == pytest.approx(1, abs=0.1)


@AFFINES
def test_nothing_is_painted_outside_the_graded_zones(to_crop: Affine) -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[16:40, 8:30] = 255
    severity = severity_in_photo(examined(make_map(to_crop, flat(1), mask=mask)), 0, CONCERN)
    rows, columns = np.nonzero(severity)
    crop = to_crop[:, :2] @ np.stack([columns, rows]) + to_crop[:, 2:]
    assert len(rows) > 1000
    assert ((crop[0] > 7) & (crop[0] < 30.5)).all()
    assert ((crop[1] > 15) & (crop[1] < 40.5)).all()


def test_a_zone_that_is_not_assessable_for_a_concern_is_not_painted_for_it() -> None:
    kept, hidden = Zone.CHEEK_RIGHT, Zone.CHEEK_LEFT
    zones = [make_zone_record(kept), make_zone_record(hidden, {CONCERN: make_ungraded(CONCERN)})]
    whole_photo = np.array([(SIDE / WIDTH, 0, 0.0), (0, SIDE / HEIGHT, 0.0)])
    examination = make_examination(
        make_assessment(zones=zones), maps=[make_map(whole_photo, flat(1))]
    )

    def paint_in(zone: Zone, concern: Concern) -> bool:
        left, top, right, bottom = box(zone)
        return bool(severity_in_photo(examination, 0, concern)[top:bottom, left:right].any())

    assert paint_in(kept, CONCERN)
    assert not paint_in(hidden, CONCERN)
    assert paint_in(hidden, Concern.PIGMENTATION)


def test_a_zone_graded_in_another_photo_is_not_painted_in_this_one() -> None:
    document = make_assessment(
        photos=[make_photo_record(), make_photo_record(seed="second")], zones=[everywhere(photo=1)]
    )
    examination = make_examination(document, maps=[make_map(TURNED, flat(1), photo=0)])
    assert not severity_in_photo(examination, 0, CONCERN).any()


def test_an_all_zero_map_gives_a_fully_transparent_picture() -> None:
    picture = rgba(overlay_png(examined(make_map(TURNED, flat(0))), 0, CONCERN))
    assert picture.shape == (HEIGHT, WIDTH, 4)
    assert not picture.any()


def test_a_photo_without_maps_has_an_empty_overlay() -> None:
    examination = examined()
    assert not rgba(overlay_png(examination, 0, CONCERN)).any()
    assert marks(examination, 0, CONCERN) == ()


def test_opacity_rises_with_severity_and_never_hides_the_skin() -> None:
    levels = [
        int(rgba(overlay_png(examined(make_map(TURNED, flat(value))), 0, CONCERN))[..., 3].max())
        for value in (0.0, 0.2, 0.5, 0.8, 1.0)
    ]
    assert levels == sorted(set(levels))
    assert levels[-1] == round(255 * FULL_ALPHA)


def test_each_concern_reads_its_own_layer_in_its_own_colour() -> None:
    values = flat(0)
    values[CONCERNS.index(CONCERN)] = 1
    examination = examined(make_map(TURNED, values))
    for concern in CONCERNS:
        picture = rgba(overlay_png(examination, 0, concern))
        painted = picture[picture[..., 3] > 0][:, :3]
        assert (len(painted) > 0) == (concern is CONCERN)
        assert (painted == COLOURS[concern]).all()


def test_a_map_paints_only_its_own_photo() -> None:
    document = make_assessment(
        photos=[make_photo_record(), make_photo_record(seed="second")],
        zones=[everywhere(photo=0), everywhere(photo=1, zone=Zone.CHIN)],
    )
    examination = make_examination(document, maps=[make_map(TURNED, flat(1), photo=1)])
    assert not severity_in_photo(examination, 0, CONCERN).any()
    assert severity_in_photo(examination, 1, CONCERN).any()


def test_overlapping_crops_keep_the_higher_severity_in_any_order() -> None:
    low, high = make_map(TURNED, flat(0.3)), make_map(TURNED, one_cell(3, 3))
    together = severity_in_photo(examined(low, high), 0, CONCERN)
    apart = [severity_in_photo(examined(layer), 0, CONCERN) for layer in (low, high)]
    assert (together == np.maximum(*apart)).all()
    assert (together == severity_in_photo(examined(high, low), 0, CONCERN)).all()


def test_a_crop_that_reaches_over_the_border_of_the_photo_is_cut_there() -> None:
    shifted = np.array([(0.5, 0, 20.0), (0, 0.5, 20.0)])
    severity = severity_in_photo(examined(make_map(shifted, flat(1))), 0, CONCERN)
    rows, columns = np.nonzero(severity)
    assert (rows.min(), columns.min()) == (0, 0)
    assert rows.max() == pytest.approx(2 * (SIDE - 20) - 1, abs=1)


def test_a_crop_beside_the_photo_paints_nothing() -> None:
    beside = np.array([(0.5, 0, 500.0), (0, 0.5, 0.0)])
    assert not severity_in_photo(examined(make_map(beside, flat(1))), 0, CONCERN).any()


@AFFINES
def test_marks_enclose_what_reaches_the_level_and_nothing_else(to_crop: Affine) -> None:
    values = flat(0)
    values[:, 2:5, 2:4] = 1
    examination = examined(make_map(to_crop, values))
    (polygon,) = marks(examination, 0, CONCERN)
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(drawn, [np.array(polygon, np.int32)], 1)
    reached = severity_in_photo(examination, 0, CONCERN) >= MARK_LEVEL
    assert (drawn.astype(bool) != reached).sum() < 0.03 * reached.sum()


def test_separate_spots_have_separate_marks_from_the_top_down() -> None:
    values = one_cell(1, 1) + one_cell(6, 6)
    polygons = marks(examined(make_map(TURNED, values)), 0, CONCERN)
    tops = [min(y for _, y in polygon) for polygon in polygons]
    assert len(polygons) == 2
    assert tops == sorted(tops)


def test_an_undecoded_photo_has_no_overlay_to_give() -> None:
    examination = make_examination(make_assessment(zones=(), face={}), photos=[None])
    with pytest.raises(ValueError, match="not decoded"):
        overlay_png(examination, 0, CONCERN)


def test_a_large_photo_keeps_its_size() -> None:
    pixels = np.zeros((1500, 2000, 3), np.uint8)
    small = make_photo()
    photo = Photo(pixels, small.sha256, small.format, small.colour_profile, 1)
    examination = make_examination(make_assessment(), photos=[photo])
    assert rgba(overlay_png(examination, 0, CONCERN)).shape == (1500, 2000, 4)


# ---- colours -----------------------------------------------------------------------------------

# Linear-light matrices of Machado, Oliveira, Fernandes 2009, severity 1.
VISION = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            (0.152286, 1.052583, -0.204868),
            (0.114503, 0.786281, 0.099216),
            (-0.003882, -0.048116, 1.051998),
        ]
    ),
    "deuteranopia": np.array(
        [
            (0.367322, 0.860646, -0.227968),
            (0.280085, 0.672501, 0.047413),
            (-0.011820, 0.042940, 0.968881),
        ]
    ),
}


def seen_as(rgb: NDArray[np.float64], vision: str) -> NDArray[np.float32]:
    """Return CIE L*a*b* of (N, 3) sRGB 0..255 as someone with that vision sees it."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ VISION[vision].T, 0, 1)
    back = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    lab = cv2.cvtColor(back.astype(np.float32)[:, None], cv2.COLOR_RGB2LAB)
    return np.asarray(lab[:, 0], np.float32)


def skins() -> NDArray[np.float64]:
    """Return sRGB of skin from very dark to very light, L* 25 to 80."""
    lab = np.array([(lightness, 12, 18) for lightness in range(25, 81, 5)], np.float32)
    return cv2.cvtColor(lab[:, None], cv2.COLOR_LAB2RGB)[:, 0].astype(np.float64) * 255


def painted(concern: Concern) -> NDArray[np.float64]:
    return skins() * (1 - FULL_ALPHA) + np.array(COLOURS[concern]) * FULL_ALPHA


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("concern", CONCERNS)
def test_paint_stands_out_on_every_skin_tone_and_in_every_vision(
    concern: Concern, vision: str
) -> None:
    distance = seen_as(painted(concern), vision) - seen_as(skins(), vision)
    assert np.linalg.norm(distance, axis=1).min() > 30


@pytest.mark.parametrize("vision", VISION)
def test_the_three_colours_are_told_apart_in_every_vision(vision: str) -> None:
    for one, other in itertools.combinations(CONCERNS, 2):
        distance = seen_as(painted(one), vision) - seen_as(painted(other), vision)
        assert np.linalg.norm(distance, axis=1).min() > 30

"""The display copies: cut to the face, never larger than the page needs, overlays in place."""

import base64
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import Zone
from skinscore.imaging.types import Photo
from skinscore.report.pictures import PHOTO_SIDE_PX, Picture, Window, pictures
from tests.skinscore.factories import (
    HEIGHT,
    WIDTH,
    box,
    make_assessment,
    make_examination,
    make_photo,
    make_refused,
    make_zone_record,
)


def opened(uri: str) -> NDArray[np.uint8]:
    with Image.open(BytesIO(base64.b64decode(uri.split(",", 1)[1]))) as picture:
        return np.asarray(picture)


def enlarged(times: int) -> Photo:
    """The painted photo with every pixel repeated."""
    photo = make_photo()
    pixels = photo.pixels.repeat(times, axis=0).repeat(times, axis=1)
    return Photo(pixels, photo.sha256, photo.format, photo.colour_profile, 1)


def only(examined: tuple[Picture, ...]) -> Picture:
    (picture,) = examined
    return picture


def test_a_photo_without_zones_is_shown_whole() -> None:
    picture = only(pictures(make_examination(make_refused())))
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert not picture.layers
    assert not picture.outlines


def test_an_undecoded_photo_has_nothing_to_show() -> None:
    picture = only(pictures(make_examination(make_refused(), photos=[None])))
    assert picture.jpeg is None


@pytest.mark.parametrize("times", [1, 4, 9])
def test_the_display_copy_never_exceeds_its_size_and_keeps_its_shape(times: int) -> None:
    photo = enlarged(times)
    picture = only(pictures(make_examination(make_refused(), photos=[photo])))
    assert max(picture.width, picture.height) == min(photo.height, PHOTO_SIDE_PX)
    assert picture.width / picture.height == pytest.approx(WIDTH / HEIGHT, rel=0.01)
    assert picture.jpeg is not None
    assert opened(picture.jpeg).shape == (picture.height, picture.width, 3)


def test_every_zone_lies_inside_the_window() -> None:
    picture = only(pictures(make_examination()))
    for outline in picture.outlines:
        x, y = np.array(outline.polygon).T
        assert x.min() >= 0
        assert y.min() >= 0
        assert x.max() <= picture.width
        assert y.max() <= picture.height


def test_the_label_of_a_zone_stands_inside_it_on_the_right_side() -> None:
    picture = only(pictures(make_examination()))
    labels = {outline.zone: outline.label for outline in picture.outlines}
    assert labels[Zone.CHEEK_RIGHT][0] < labels[Zone.NOSE][0] < labels[Zone.CHEEK_LEFT][0]
    for outline in picture.outlines:
        x, y = np.array(outline.polygon).T
        assert x.min() < outline.label[0] < x.max()
        assert y.min() < outline.label[1] < y.max()


def test_cutting_and_scaling_move_pixels_and_outlines_alike() -> None:
    record = make_zone_record(Zone.CHEEK_LEFT)
    left, top, right, bottom = box(Zone.CHEEK_LEFT)
    photo = make_photo()
    pixels = np.zeros_like(photo.pixels)
    pixels[top:bottom, left:right] = 255
    painted = Photo(pixels, photo.sha256, photo.format, photo.colour_profile, 1)
    window = Window.around(painted, (record,))
    rows, columns = np.nonzero(window.cut_pixels(pixels)[..., 0])
    x, y = np.array(window.cut_polygon(record.polygon)).T
    assert (columns.min(), columns.max() + 1) == (x.min(), x.max())
    assert (rows.min(), rows.max() + 1) == (y.min(), y.max())


def test_the_overlay_covers_the_graded_zone_and_no_other() -> None:
    picture = only(pictures(make_examination()))
    outline = next(row for row in picture.outlines if row.zone is Zone.FOREHEAD)
    for layer, concern in zip(picture.layers, CONCERNS, strict=True):
        assert layer.concern is concern
        alpha = opened(layer.png)[..., 3]
        rows, columns = np.nonzero(alpha)
        scale = np.array([picture.width / alpha.shape[1], picture.height / alpha.shape[0]])
        spots = np.stack([columns, rows], axis=1) * scale
        x, y = np.array(outline.polygon).T
        assert len(spots) > 100
        assert (spots >= [x.min() - 2, y.min() - 2]).all()
        assert (spots <= [x.max() + 2, y.max() + 2]).all()


def test_a_zone_without_area_still_has_a_place_for_its_label() -> None:
    line = make_zone_record(Zone.NOSE).model_copy(
        update={"polygon": ((50.0, 50.0), (60.0, 50.0), (70.0, 50.0))}
    )
    picture = only(pictures(make_examination(make_assessment(zones=[line]))))
    (outline,) = picture.outlines
    assert outline.label == tuple(np.mean(outline.polygon, axis=0))

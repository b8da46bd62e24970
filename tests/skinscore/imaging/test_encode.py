"""What leaves carries pixels and nothing else."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from skinscore.errors import InternalFault
from skinscore.imaging.decode import decode
from skinscore.imaging.encode import to_jpeg, to_png
from skinscore_training.rules import DECODE
from tests import pictures

PICTURE = np.asarray(pictures.noise(120, 90))
SEEN_THROUGH = np.dstack((PICTURE, np.tile(np.arange(120, dtype=np.uint8), (90, 1))))
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Somebody</x:xmpmeta>'


def private_photo() -> bytes:
    """A turned phone photo with a place, a name, a profile, a comment and XMP in it."""
    return pictures.encoded(
        pictures.painted_face(),
        "JPEG",
        exif=pictures.gps_exif(),
        icc_profile=pictures.matrix_profile(pictures.DISPLAY_P3),
        comment=b"Somebody was here",
        xmp=XMP,
    )


def test_the_test_photo_is_as_private_as_it_should_be() -> None:
    photo = Image.open(BytesIO(private_photo()))
    assert photo.getexif().get_ifd(0x8825)
    assert {"exif", "icc_profile", "comment", "xmp"} <= set(photo.info)


@pytest.mark.parametrize("encode", [to_jpeg, to_png])
def test_nothing_private_is_left_in_what_is_written(
    encode: Callable[[pictures.Pixels], bytes],
) -> None:
    data = encode(decode(private_photo(), DECODE).pixels)
    written = Image.open(BytesIO(data))
    assert not written.getexif()
    assert set(written.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for word in (b"Exif", b"Somebody", b"CameraMaker", b"http", b"xmp", b"ICC_PROFILE", b"iCCP"):
        assert word not in data


@pytest.mark.parametrize("array", [PICTURE, SEEN_THROUGH], ids=["RGB", "RGBA"])
def test_a_png_keeps_every_value(array: pictures.Pixels) -> None:
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(to_png(array)))), array)


def test_a_jpeg_keeps_the_look_and_more_quality_keeps_more() -> None:
    losses = []
    for quality in (30, 60, 90):
        back = decode(to_jpeg(PICTURE, quality), DECODE).pixels.astype(int)
        losses.append(float(np.abs(back - PICTURE).mean()))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 2


def test_the_same_pixels_give_the_same_bytes() -> None:
    assert to_jpeg(PICTURE) == to_jpeg(PICTURE.copy())
    assert to_png(SEEN_THROUGH) == to_png(SEEN_THROUGH.copy())


def test_a_view_that_is_not_contiguous_is_written_as_it_looks() -> None:
    mirrored = PICTURE[:, ::-1]
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(to_png(mirrored)))), mirrored)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(PICTURE.astype(np.float32), id="not bytes"),
        pytest.param(PICTURE[..., 0], id="one channel"),
        pytest.param(PICTURE[:0], id="no rows"),
        pytest.param(SEEN_THROUGH, id="alpha in a JPEG"),
    ],
)
def test_an_array_that_is_no_picture_is_our_own_mistake(array: pictures.Pixels) -> None:
    with pytest.raises(InternalFault, match=r"was to be encoded; \(H, W, C\) uint8"):
        to_jpeg(array)

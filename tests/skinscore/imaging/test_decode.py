"""What a photo may be, and what is said about the others."""

import hashlib
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from skinscore.errors import CODES, PhotoRefused
from skinscore.imaging.decode import decode
from skinscore_training.rules import DECODE
from tests import pictures

FACE = pictures.painted_face()
FACE_JPEG = pictures.encoded(FACE, "JPEG")
LOSSLESS = ("PNG", "WEBP", "TIFF")
Outcome = AbstractContextManager[Any]


def refused(code: str, match: str) -> Outcome:
    return pytest.raises(PhotoRefused, match=f"^{code}: .*{match}")


# -- upright --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", pictures.FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_out_upright(kind: str, orientation: int) -> None:
    photo = decode(pictures.turned_face(orientation, kind), DECODE)
    assert (photo.width, photo.height) == (pictures.WIDTH, pictures.HEIGHT)
    assert {zone: pictures.band_of(photo.pixels, zone) for zone in pictures.BANDS} == {
        zone: zone for zone in pictures.BANDS
    }
    assert photo.orientation == (1 if kind == "HEIF" else orientation)


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_moves_pixels_and_changes_none(kind: str, orientation: int) -> None:
    photo = decode(pictures.turned_face(orientation, kind), DECODE)
    np.testing.assert_array_equal(photo.pixels, np.asarray(FACE))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(pictures.orientation_exif(0), id="value 0"),
        pytest.param(pictures.orientation_exif(9), id="value 9"),
        pytest.param(pictures.text_orientation_exif(), id="a text"),
        pytest.param(pictures.looping_exif(), id="a directory that names itself"),
        pytest.param(pictures.overrunning_exif(), id="an entry beyond the end"),
        pytest.param(b"Exif\0\0garbage", id="garbage"),
        pytest.param(b"", id="empty"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_an_unknown_orientation_leaves_the_picture_as_it_is(kind: str, exif: bytes) -> None:
    photo = decode(pictures.encoded(FACE, kind, exif=exif), DECODE)
    assert photo.orientation == 1
    assert pictures.band_of(photo.pixels, "forehead") == "forehead"


# -- colour ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_display_p3_is_converted_in_every_format(kind: str) -> None:
    skin, profile = (190, 140, 112), pictures.matrix_profile(pictures.DISPLAY_P3)
    photo = decode(pictures.encoded(pictures.plain(skin), kind, icc_profile=profile), DECODE)
    assert photo.colour_profile == "converted"
    # the linear matrix of CSS Color 4, "display-p3 to srgb", gives 198.9, 137.4, 107.1
    assert photo.pixels[40, 40].astype(int) == pytest.approx((199, 137, 107), abs=1)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_photo_that_declares_srgb_keeps_every_value(kind: str) -> None:
    picture = pictures.noise(96, 96)
    tagged = pictures.encoded(picture, kind, icc_profile=pictures.matrix_profile(pictures.SRGB))
    photo = decode(tagged, DECODE)
    assert photo.colour_profile == "srgb"
    np.testing.assert_array_equal(photo.pixels, np.asarray(picture))


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(b"no profile at all", id="garbage"),
        pytest.param(pictures.matrix_profile(pictures.DISPLAY_P3)[:200], id="cut off"),
        pytest.param(pictures.grey_profile(1.8), id="of another colour space"),
    ],
)
def test_an_unreadable_profile_is_recorded_and_read_as_srgb(kind: str, profile: bytes) -> None:
    photo = decode(pictures.encoded(FACE, kind, icc_profile=profile), DECODE)
    assert photo.colour_profile == "unreadable"
    np.testing.assert_array_equal(photo.pixels, np.asarray(FACE))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("space", "found"), [(1, "srgb"), (2, "unreadable"), (65535, "unreadable")]
)
def test_colours_that_exif_declares_and_no_profile_describes_are_not_called_srgb(
    kind: str, space: int, found: str
) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = space
    photo = decode(pictures.encoded(FACE, kind, exif=exif.tobytes()), DECODE)
    assert photo.colour_profile == found
    profile = pictures.matrix_profile(pictures.DISPLAY_P3)
    both = pictures.encoded(FACE, kind, exif=exif.tobytes(), icc_profile=profile)
    assert decode(both, DECODE).colour_profile == "converted"


@pytest.mark.parametrize(("gamma", "found"), [(45455, "srgb"), (100_000, "unreadable")])
def test_a_png_of_another_gamma_is_not_called_srgb(gamma: int, found: str) -> None:
    stated = PngImagePlugin.PngInfo()
    stated.add(b"gAMA", gamma.to_bytes(4, "big"))
    assert decode(pictures.encoded(FACE, "PNG", pnginfo=stated), DECODE).colour_profile == found


def test_a_grey_profile_brightens_a_grey_photo() -> None:
    grey = pictures.noise(96, 96).convert("L")
    photo = decode(pictures.encoded(grey, "PNG", icc_profile=pictures.grey_profile(1.4)), DECODE)
    assert photo.colour_profile == "converted"
    assert photo.pixels.mean() > np.asarray(grey).mean() + 10


# -- what is accepted, and what is refused --------------------------------------------------------

ACCEPTED: dict[str, tuple[Callable[[], bytes], bool]] = {  # bytes, whether grey
    "CMYK JPEG": (lambda: pictures.encoded(FACE.convert("CMYK"), "JPEG"), False),
    "CMYK TIFF": (lambda: pictures.encoded(FACE.convert("CMYK"), "TIFF"), False),
    "RGB JPEG without YCbCr": (lambda: pictures.encoded(FACE, "JPEG", keep_rgb=True), False),
    "progressive JPEG": (lambda: pictures.encoded(FACE, "JPEG", progressive=True), False),
    "JPEG of an unknown JFIF revision": (
        lambda: pictures.encoded(FACE, "JPEG").replace(b"JFIF\0\1", b"JFIF\0\2", 1),
        False,
    ),
    "MPO, two views": (lambda: pictures.several_pictures("MPO"), False),
    "palette": (lambda: pictures.encoded(FACE.quantize(8), "PNG"), False),
    "YCbCr TIFF": (lambda: pictures.encoded(FACE.convert("YCbCr"), "TIFF"), False),
    "TIFF in one tile": (lambda: pictures.tiled_tiff(64), True),
    "TIFF with a tile larger than the picture": (lambda: pictures.tiled_tiff(1088), True),
    "LZW TIFF": (lambda: pictures.encoded(FACE, "TIFF", compression="tiff_lzw"), False),
    "JPEG with a zip behind it": (lambda: pictures.encoded(FACE, "JPEG") + b"PK\3\4evil", False),
    "JPEG with a script in its comment": (
        lambda: pictures.encoded(FACE, "JPEG", comment=b"<script>alert(1)</script>"),
        False,
    ),
    "PNG with bytes behind it": (lambda: pictures.encoded(FACE, "PNG") + b"trailing", False),
    "RGBA, opaque": (lambda: pictures.see_through(0), False),
    "RGBA WebP, 1 % transparent": (lambda: pictures.see_through(0.01, "WEBP"), False),
    "as long as is allowed": (
        lambda: pictures.encoded(pictures.noise(64, 512), "PNG"),
        False,
    ),
    "grey JPEG": (lambda: pictures.encoded(FACE.convert("L"), "JPEG"), True),
    "grey with alpha": (lambda: pictures.encoded(FACE.convert("LA"), "PNG"), True),
    "grey stored as RGB": (
        lambda: pictures.encoded(FACE.convert("L").convert("RGB"), "JPEG"),
        True,
    ),
    "one bit": (lambda: pictures.encoded(FACE.convert("1"), "PNG"), True),
}

REFUSED: dict[str, tuple[Callable[[], bytes], Outcome]] = {
    "no bytes": (lambda: b"", refused("file_empty", "0 bytes")),
    "one byte": (lambda: b"\xff", refused("unsupported_type", "JPEG, PNG, WEBP, TIFF, HEIF")),
    "GIF": (lambda: pictures.encoded(FACE, "GIF"), refused("unsupported_type", "first bytes")),
    "BMP": (lambda: pictures.encoded(FACE, "BMP"), refused("unsupported_type", "first bytes")),
    "AVIF": (lambda: pictures.encoded(FACE, "AVIF"), refused("unsupported_type", "first bytes")),
    "HTML": (lambda: b"<!doctype html><p>hello", refused("unsupported_type", "first bytes")),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", refused("unsupported_type", "")),
    "PDF": (lambda: b"%PDF-1.7\n", refused("unsupported_type", "first bytes")),
    "zip": (lambda: b"PK\3\4" + bytes(100), refused("unsupported_type", "first bytes")),
    "a raw file's thumbnail": (
        lambda: pictures.encoded(FACE, "TIFF", tiffinfo={254: 1}),
        refused("unsupported_type", "thumbnail"),
    ),
    "a start and nothing more": (lambda: b"\xff\xd8\xff", refused("decode_failed", "damaged")),
    "a start and an end": (lambda: b"\xff\xd8\xff\xd9", refused("decode_failed", "damaged")),
    "JPEG, header zeroed": (
        lambda: pictures.encoded(FACE, "JPEG")[:12] + bytes(600),
        refused("decode_failed", "damaged"),
    ),
    "JPEG, data after an early end": (
        lambda: pictures.encoded(FACE, "JPEG")[:-2] + b"junk\xff\xd9",
        refused("decode_failed", "damaged"),
    ),
    "PNG, wrong checksum": (
        lambda: pictures.flipped_bits(pictures.encoded(FACE, "PNG"), 1, seed=1, start=60),
        refused("decode_failed|truncated", ""),
    ),
    "PNG, too little data": (
        lambda: pictures.png(96, 96, 8, 2, bytes(100)),
        refused("truncated", "ends before"),
    ),
    "PNG 60000 x 60000": (
        lambda: pictures.lying_png(60_000, 60_000),
        refused("too_many_pixels", "60000 x 60000 px, 3600.0 million; at most 50.0 million"),
    ),
    "PNG 2147483647 square": (
        lambda: pictures.lying_png(2**31 - 1, 2**31 - 1),
        refused("too_many_pixels", "at most 50.0 million"),
    ),
    "PNG just over the limit": (
        lambda: pictures.lying_png(10_000, 5_001),
        refused("too_many_pixels", "10000 x 5001 px, 50.0 million"),
    ),
    "PNG of no width": (lambda: pictures.lying_png(0, 96), refused("decode_failed", "damaged")),
    "JPEG 65535 x 65535": (
        lambda: pictures.lying_jpeg(65_535, 65_535),
        refused("too_many_pixels", "65535 x 65535 px"),
    ),
    "JPEG 6000 x 10000": (
        lambda: pictures.lying_jpeg(6_000, 10_000),
        refused("too_many_pixels", "60.0 million"),
    ),
    "JPEG 0 x 0": (lambda: pictures.lying_jpeg(0, 0), refused("decode_failed", "damaged")),
    "JPEG of many scans": (
        lambda: pictures.many_scans(2000),
        refused("decode_failed", "20.. scans in .* at most 64"),
    ),
    "JPEG of a million empty comments": (
        lambda: FACE_JPEG[:2] + b"\xff\xfe\0\0" * 10**6 + FACE_JPEG[2:],
        refused("decode_failed", "5001 segments or more"),
    ),
    "TIFF of 16,000 directories": (
        lambda: pictures.tiled_tiff(64, directories=16_000),
        refused("animated", "more than one"),
    ),
    "TIFF with a tile far larger than the picture": (
        lambda: pictures.tiled_tiff(64 + 1024 + 16),
        refused("decode_failed", "tiles of 1104 x 1104 px"),
    ),
    "WebP 16777216 square": (
        lambda: pictures.lying_webp(2**24, 2**24),
        refused("too_many_pixels", "at most 50.0 million"),
    ),
    "1 x 1": (
        lambda: pictures.encoded(pictures.plain((9, 9, 9), 1, 1), "PNG"),
        refused("image_too_small", "1 x 1 px; the shorter side needs at least 64 px"),
    ),
    "one pixel too narrow": (
        lambda: pictures.encoded(pictures.noise(63, 90), "PNG"),
        refused("image_too_small", "63 x 90 px"),
    ),
    "one pixel too long": (
        lambda: pictures.encoded(pictures.noise(513, 64), "PNG"),
        refused("aspect_ratio", "513 x 64 px; the longer side is at most 8 times"),
    ),
    "animated PNG": (
        lambda: pictures.several_pictures("PNG"),
        refused("animated", "more than one picture; a photo file holds one"),
    ),
    "animated WebP": (lambda: pictures.several_pictures("WEBP"), refused("animated", "more")),
    "TIFF of two pages": (lambda: pictures.several_pictures("TIFF"), refused("animated", "more")),
    "HEIF of two pictures": (
        lambda: pictures.several_pictures("HEIF"),
        refused("animated", "more"),
    ),
    "16-bit grey": (pictures.grey16_png, refused("unsupported_pixels", "I;16; 8 bit grey")),
    "float": (pictures.float_tiff, refused("unsupported_pixels", "kind F")),
    "Lab TIFF": (
        lambda: pictures.encoded(pictures.lab_picture(), "TIFF"),
        refused("unsupported_pixels", "kind LAB"),
    ),
    "half transparent": (
        lambda: pictures.see_through(0.5),
        refused("transparent", "50.0% of the pixels are transparent; at most 1% may be"),
    ),
    "palette with a transparent colour": (
        lambda: pictures.encoded(FACE.quantize(8), "PNG", transparency=0),
        refused("transparent", "of the pixels"),
    ),
}


@pytest.mark.parametrize(("make", "grey"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_odd_but_whole_photos_are_read(make: Callable[[], bytes], grey: bool) -> None:
    data = make()
    photo = decode(data, DECODE)
    assert (int(np.ptp(photo.pixels, axis=2).max()) == 0) == grey
    assert photo.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.c_contiguous
    if not grey and photo.width == pictures.WIDTH:
        assert pictures.band_of(photo.pixels, "cheek_left") == "cheek_left"


@pytest.mark.parametrize(("make", "outcome"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_photo_is_refused_at_once(make: Callable[[], bytes], outcome: Outcome) -> None:
    data = make()
    start = time.perf_counter()
    with outcome as caught:
        decode(data, DECODE)
    assert time.perf_counter() - start < 1.0
    refusal = caught.value
    assert all((refusal.found, refusal.allowed, refusal.remedy))


def test_a_file_over_the_byte_limit_is_refused_before_anything_else() -> None:
    rules = DECODE.model_copy(update={"max_bytes": 1_000_000})
    with refused("file_too_large", r"1\.0 MB; at most 1\.0 MB") as caught:
        decode(bytes(1_000_001), rules)
    assert isinstance(caught.value, PhotoRefused)
    assert caught.value.http_status == 413


@pytest.mark.parametrize(
    ("max_pixels", "outcome"),
    [
        pytest.param(240 * 300, nullcontext(), id="exactly"),
        pytest.param(240 * 300 - 1, refused("too_many_pixels", "240 x 300"), id="one too many"),
    ],
)
def test_the_pixel_limit_is_that_of_the_rules(max_pixels: int, outcome: Outcome) -> None:
    with outcome:
        decode(pictures.turned_face(1), DECODE.model_copy(update={"max_pixels": max_pixels}))


@pytest.mark.parametrize("kind", pictures.FORMATS)
@pytest.mark.parametrize("percent", [2, 10, 50, 90, 99])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_photo_cut_off_anywhere_is_called_truncated(kind: str, percent: float) -> None:
    data = pictures.encoded(pictures.noise(240, 300), kind)
    with refused("truncated", "ends before its picture does"):
        decode(pictures.cut(data, percent), DECODE)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_byte_is_refused(progressive: bool) -> None:
    data = pictures.encoded(FACE, "JPEG", progressive=progressive)
    with refused("truncated", ""):
        decode(data[:-1], DECODE)


@pytest.mark.parametrize("kind", pictures.FORMATS)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_flipped_bits_give_a_photo_or_a_refusal_and_nothing_else(kind: str, seed: int) -> None:
    data = pictures.encoded(pictures.noise(240, 300), kind)
    verdicts = [verdict(pictures.flipped_bits(data, 40, seed, start)) for start in (0, 0, 200)]
    assert verdicts[0] == verdicts[1]
    assert set(verdicts) <= {"read", *CODES}


def verdict(data: bytes) -> str:
    try:
        decode(data, DECODE)
    except PhotoRefused as refusal:
        return refusal.code
    return "read"


# -- values ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_lossless_file_keeps_every_value(kind: str) -> None:
    picture = pictures.noise(200, 150)
    photo = decode(pictures.encoded(picture, kind), DECODE)
    np.testing.assert_array_equal(photo.pixels, np.asarray(picture))
    assert (photo.format, photo.colour_profile) == (kind, "srgb")


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_pixels_are_those_of_pillow(subsampling: int, progressive: bool) -> None:
    data = pictures.encoded(
        pictures.noise(333, 217), "JPEG", subsampling=subsampling, progressive=progressive
    )
    np.testing.assert_array_equal(decode(data, DECODE).pixels, pictures.as_pillow_reads(data))


@pytest.mark.parametrize("level", [0, 256, 32_768, 65_535])
def test_sixteen_bit_colour_is_read_by_its_high_byte(level: int) -> None:
    photo = decode(pictures.rgb16_png(level), DECODE)
    assert photo.pixels[-1, -1].tolist() == [level >> 8] * 3
    assert photo.pixels[0, 0].tolist() == [255, 0, 0]


def test_the_few_transparent_pixels_turn_grey_not_into_hidden_colour() -> None:
    photo = decode(pictures.see_through(0.01), DECODE)
    assert photo.pixels[:3].tolist() == [[[128] * 3] * pictures.WIDTH] * 3
    np.testing.assert_array_equal(photo.pixels[3:], np.asarray(FACE)[3:])


def test_cmyk_is_read_the_right_way_round() -> None:
    for kind in ("JPEG", "TIFF"):  # Adobe stores the JPEG one inverted
        photo = decode(
            pictures.encoded(pictures.plain((200, 120, 90)).convert("CMYK"), kind), DECODE
        )
        assert photo.pixels[40, 40].astype(int) == pytest.approx((200, 120, 90), abs=6)


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_the_same_bytes_give_the_same_photo(kind: str) -> None:
    data = pictures.encoded(pictures.noise(240, 300), kind)
    first, second = decode(data, DECODE), decode(data, DECODE)
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.sha256 == second.sha256


# -- manners toward the host process --------------------------------------------------------------


def test_what_the_host_process_set_in_pillow_is_neither_used_nor_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    for kind in ("JPEG", "PNG", "HEIF"):
        assert decode(pictures.turned_face(1, kind), DECODE).width == pictures.WIDTH
    assert Image.MAX_IMAGE_PIXELS == 5


def test_heif_is_not_added_to_the_pillow_of_the_host_process() -> None:
    program = (
        "import sys\n"
        "from PIL import Image\n"
        "from skinscore.imaging.decode import decode\n"
        "from skinscore_training.rules import DECODE\n"
        "assert decode(sys.stdin.buffer.read(), DECODE).format == 'HEIF'\n"
        "Image.init()\n"
        "assert 'HEIF' not in Image.OPEN\n"
    )
    data = pictures.turned_face(1, "HEIF")
    subprocess.run([sys.executable, "-c", program], input=data, check=True, timeout=60)


@pytest.mark.parametrize("action", ["ignore", "error"])
def test_damaged_exif_costs_no_photo_even_where_warnings_are_errors(
    action: Literal["ignore", "error"],
) -> None:
    data = pictures.encoded(FACE, "PNG", exif=pictures.overrunning_exif())
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        np.testing.assert_array_equal(decode(data, DECODE).pixels, np.asarray(FACE))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_no_exif_block_whatever_its_bytes_makes_a_photo_unreadable(kind: str) -> None:
    for seed in range(60):
        exif = pictures.flipped_bits(pictures.gps_exif(), 12, seed, start=6)
        assert verdict(pictures.encoded(FACE, kind, exif=exif)) == "read"

"""The kind of a file, its end, and the passes of a JPEG, read without decoding."""

import pytest

from skinscore.imaging.containers import Container, container_of, ends_early, jpeg_segments
from tests import pictures


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_the_first_bytes_decide_the_kind(kind: str) -> None:
    data = pictures.turned_face(1, kind)
    assert container_of(data) is Container(kind)
    assert container_of(data[1:]) is None
    assert not ends_early(data, Container(kind))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
def test_a_file_short_of_its_last_byte_ends_early(kind: str) -> None:
    assert ends_early(pictures.turned_face(1, kind)[:-1], Container(kind))


@pytest.mark.parametrize(
    ("brands", "container"),
    [
        pytest.param(b"heic\0\0\0\0mif1heic", Container.HEIF, id="HEVC"),
        pytest.param(b"mif1\0\0\0\0mif1heic", Container.HEIF, id="any codec, HEVC among them"),
        pytest.param(b"mif1\0\0\0\0mif1avif", None, id="any codec, AV1 only"),
        pytest.param(b"avif\0\0\0\0mif1miaf", None, id="AVIF"),
        pytest.param(b"isom\0\0\2\0isommp41", None, id="a film"),
        pytest.param(b"", None, id="no brand"),
    ],
)
def test_a_box_file_is_read_by_its_brands(brands: bytes, container: Container | None) -> None:
    box = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert container_of(box + bytes(64)) is container


def jpeg_scans(data: bytes) -> int:
    return jpeg_segments(data, at_most=1000)[1]


def test_scans_are_counted_in_the_first_picture_only() -> None:
    baseline = pictures.encoded(pictures.noise(96, 96), "JPEG")
    progressive = pictures.encoded(pictures.noise(96, 96), "JPEG", progressive=True)
    assert jpeg_scans(baseline) == 1
    assert jpeg_scans(progressive) == 10
    assert jpeg_scans(baseline + progressive) == 1
    commented = pictures.encoded(pictures.noise(96, 96), "JPEG", comment=b"\xff\xda" * 99)
    assert jpeg_scans(commented) == 1
    assert jpeg_scans(pictures.many_scans(100)) == 110


@pytest.mark.parametrize("alone", [b"\xff\x01", b"\xff\xd8", b"\xff\xd0", b"\xff\xff\xff"])
def test_no_scan_hides_behind_a_marker_that_stands_alone(alone: bytes) -> None:
    data = pictures.many_scans(100)
    assert jpeg_scans(data.replace(b"\xff\xda", alone + b"\xff\xda")) == 110


def test_the_walk_over_a_jpeg_ends_behind_so_many_segments() -> None:
    empty = b"\xff\xfe\x00\x00"  # a comment that states no length, which decoders pass over
    data = pictures.encoded(pictures.noise(96, 96), "JPEG")
    crafted = data[:2] + empty * 50 + data[2:]
    assert jpeg_segments(crafted, at_most=1000)[0] == jpeg_segments(data, at_most=1000)[0] + 50
    assert jpeg_segments(crafted, at_most=20)[0] == 21

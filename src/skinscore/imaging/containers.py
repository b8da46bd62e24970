"""What kind of picture file some bytes are, and whether they stop before their own end.

The first bytes decide, never a file name or a declared type. Nothing is decoded here.
"""

import re
import struct
from enum import StrEnum
from typing import Final


class Container(StrEnum):
    """The kinds of file a photo may come in; the values are what ``Photo.format`` says."""

    JPEG = "JPEG"  # also MPO, which is a JPEG with further pictures behind it
    PNG = "PNG"
    WEBP = "WEBP"
    TIFF = "TIFF"
    HEIF = "HEIF"  # HEIC included; AVIF is another codec in the same box and is not


_HEVC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_ANY_CODEC_BRANDS: Final = frozenset({b"mif1", b"msf1"})
# A marker that a length follows, or the end: FF and neither a stuffed zero, a fill byte, nor one of
# those that stand alone (TEM, restarts, start of image). A length read where a decoder reads none
# would hide what comes behind it.
_JPEG_MARKER: Final = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
_START_OF_SCAN: Final = b"\xda"
_END_OF_IMAGE: Final = b"\xd9"
_TIFF_STARTS: Final = (b"II*\0", b"MM\0*")  # BigTIFF is left out: no camera writes it


def container_of(data: bytes) -> Container | None:
    """Return the kind of file that ``data`` starts like, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return Container.JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Container.PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Container.WEBP
    if data.startswith(_TIFF_STARTS):
        return Container.TIFF
    if data[4:8] == b"ftyp" and _is_hevc(data):
        return Container.HEIF
    return None


def _is_hevc(data: bytes) -> bool:
    """Whether the ISO box file announces HEVC pictures (and not AVIF, or a film)."""
    length = int.from_bytes(data[:4], "big")
    names = data[8 : min(length, 256)]  # major brand, version, compatible brands
    brands = {names[at : at + 4] for at in range(0, len(names) - 3, 4) if at != 4}
    major = names[:4]
    return major in _HEVC_BRANDS or (major in _ANY_CODEC_BRANDS and bool(brands & _HEVC_BRANDS))


def ends_early(data: bytes, container: Container) -> bool:
    """Return whether the file's own length fields point beyond its last byte.

    A decoder may paint the missing part grey or report damage instead, so this is asked first.
    False for a JPEG: it states no lengths, only its decoder can tell. False also where the fields
    make no sense; that is damage, and the decoder's to find.
    """
    match container:
        case Container.JPEG:
            return False
        case Container.PNG:
            return _png_ends_early(data)
        case Container.WEBP:
            return int.from_bytes(data[4:8], "little") + 8 > len(data)
        case Container.TIFF:
            return _tiff_directory_ends_early(data)
        case Container.HEIF:
            return _boxes_end_early(data)


def jpeg_segments(data: bytes, *, at_most: int) -> tuple[int, int]:
    """Return how many segments the first picture of a JPEG has, and how many of them are scans.

    A scan paints the picture once more: one to about a dozen in any photo. A crafted file holds
    thousands of a few bytes each, and every one costs a walk over all pixels.

    Args:
        at_most: the walk ends behind so many segments, for a crafted file has millions of these.
    """
    segments, scans, at = 0, 0, 2
    while segments <= at_most and (marker := _JPEG_MARKER.search(data, at)):
        if marker[1] == _END_OF_IMAGE:
            break
        segments += 1
        scans += marker[1] == _START_OF_SCAN
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return segments, scans


def _png_ends_early(data: bytes) -> bool:
    at = 8
    while at + 12 <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return False
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return True


def _boxes_end_early(data: bytes) -> bool:
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:  # a 64-bit length follows the name
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:  # 0: reaches to the end, whatever that is; else nonsense
            return False
        at += length
    return at != len(data)


def _tiff_directory_ends_early(data: bytes) -> bool:
    """Whether the first directory lies beyond the end; see decode for the strips it lists."""
    order = "<" if data.startswith(b"II") else ">"
    if len(data) < 8:
        return True
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    if at + 2 > len(data):
        return True
    (entries,) = struct.unpack_from(f"{order}H", data, at)
    return bool(at + 2 + 12 * entries > len(data))

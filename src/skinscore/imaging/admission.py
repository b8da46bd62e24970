"""What a photo must be before a single pixel of it is decoded.

Two looks: at the bytes, and at the header that a decoder read from them. A few bytes can declare
gigapixels, so nothing is allocated by size until both looks are passed.
"""

from typing import Final

from PIL import Image, TiffImagePlugin

from skinscore.errors import PhotoRefused
from skinscore.imaging.containers import Container, container_of, ends_early, jpeg_segments
from skinscore.imaging.rules import DecodeRules

MIN_SIDE_PX: Final = 64  # no zone of a face can be found in less
MAX_ASPECT: Final = 8.0  # long side / short side; longer ones are strips and panoramas
MAX_SCANS: Final = 64  # progressive photos have about ten; see jpeg_segments
MAX_SEGMENTS: Final = 5000  # a camera's largest metadata has some hundreds
LARGEST_TILE_PX: Final = 1024  # side; the last tile of a row may reach so far beyond the picture

# Pillow's name of a pixel format -> the one it is brought to, colour conversion aside. Others
# (16-bit grey, float, L*a*b*) would be clipped to 0..255 without a word.
WORKING_MODE: Final = {
    "1": "L",
    "L": "L",
    "LA": "L",
    "P": "RGB",
    "PA": "RGB",
    "RGB": "RGB",
    "RGBA": "RGB",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "CMYK": "CMYK",
}


def admit(data: bytes, rules: DecodeRules) -> Container:
    """Return the kind of file ``data`` is.

    Raises:
        PhotoRefused: ``file_too_large``, ``file_empty``, ``unsupported_type``, ``truncated``, or
            ``decode_failed`` for a JPEG of too many segments or scans.
    """
    if len(data) > rules.max_bytes:
        raise PhotoRefused(
            "file_too_large",
            f"the file has {len(data) / 2**20:.1f} MB",
            f"at most {rules.max_bytes / 2**20:.1f} MB are read",
        )
    if not data:
        raise PhotoRefused("file_empty", "the file has 0 bytes", "a photo has at least a header")
    container = container_of(data)
    if container is None:
        raise PhotoRefused(
            "unsupported_type",
            "the first bytes are not those of a supported photo",
            f"supported are {', '.join(Container)}",
        )
    if ends_early(data, container):
        raise truncated()
    if container is Container.JPEG:
        segments, scans = jpeg_segments(data, at_most=MAX_SEGMENTS)
        if segments > MAX_SEGMENTS or scans > MAX_SCANS:
            raise PhotoRefused(
                "decode_failed",
                f"the JPEG has {scans} scans in {segments} segments or more",
                f"at most {MAX_SCANS} in {MAX_SEGMENTS} are decoded",
            )
    return container


def check_header(header: Image.Image, rules: DecodeRules) -> None:
    """Refuse by size, number of pictures and pixel format.

    Raises:
        PhotoRefused: ``too_many_pixels``, ``image_too_small``, ``aspect_ratio``, ``animated`` or
            ``unsupported_pixels``.
    """
    width, height = header.size
    size = f"the photo has {width} x {height} px"
    if width * height > rules.max_pixels:
        raise PhotoRefused(
            "too_many_pixels",
            f"{size}, {width * height / 1e6:.1f} million",
            f"at most {rules.max_pixels / 1e6:.1f} million are decoded",
        )
    if min(width, height) < MIN_SIDE_PX:
        raise PhotoRefused(
            "image_too_small", size, f"the shorter side needs at least {MIN_SIDE_PX} px"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise PhotoRefused(
            "aspect_ratio", size, f"the longer side is at most {MAX_ASPECT:.0f} times the shorter"
        )
    # Not their number: a crafted TIFF lists hundreds of thousands, and Pillow walks them all.
    if getattr(header, "is_animated", False):
        raise PhotoRefused(
            "animated", "the file holds more than one picture", "a photo file holds one"
        )
    if header.mode not in WORKING_MODE:
        raise PhotoRefused(
            "unsupported_pixels",
            f"the pixels are of the kind {header.mode}",
            "8 bit grey, palette, RGB or CMYK and 16 bit RGB are read",
        )


def check_tiff(header: TiffImagePlugin.TiffImageFile, length: int) -> None:
    """Refuse a TIFF that is a raw file in disguise, lists data beyond its end, or has tiles much
    larger than its picture, each of which a decoder unpacks whole.

    Raises:
        PhotoRefused: ``unsupported_type``, ``truncated`` or ``decode_failed``.
    """
    tags = header.tag_v2
    if tags.get(254, 0) & 1:  # NewSubfileType, reduced resolution
        raise PhotoRefused(
            "unsupported_type",
            "the first picture of the TIFF is a thumbnail, as in a camera's raw file",
            f"supported are {', '.join(Container)}",
        )
    for starts, counts in ((273, 279), (324, 325)):  # strips, tiles: offset and length of each
        pieces = zip(tags.get(starts, ()), tags.get(counts, ()), strict=False)
        if any(start + count > length for start, count in pieces):
            raise truncated()
    sides = [tags.get(tag, 0) for tag in (322, 323)]  # TileWidth, TileLength
    if any(
        side > picture + LARGEST_TILE_PX for side, picture in zip(sides, header.size, strict=True)
    ):
        raise PhotoRefused(
            "decode_failed",
            f"the TIFF has tiles of {sides[0]} x {sides[1]} px",
            f"at most {LARGEST_TILE_PX} px more than the picture are decoded",
        )


def truncated() -> PhotoRefused:
    """Return the refusal of a file that stops too early."""
    return PhotoRefused(
        "truncated", "the file ends before its picture does", "a photo must be complete"
    )

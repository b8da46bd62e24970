"""Bytes to an upright sRGB photo without metadata, or a refusal with a code.

The order matters: cheap questions about the bytes first, then the header, and pixels only when
everything the header promises is allowed. Nothing here depends on, or changes, what the host
process has set in Pillow: the plugins are called directly, so neither Pillow's registry (HEIF is
not registered in it) nor ``Image.MAX_IMAGE_PIXELS`` widens what is decoded.

JPEG pixels come from simplejpeg (libjpeg-turbo): the same values as Pillow's, bit for bit, in less
than half the time (12 megapixels in 0.06 s against 0.15 s), and damage that Pillow paints over is
refused. Pictures are always decoded in full: scaling while decoding changes what the model sees.
"""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Final

import cv2
import numpy as np
import simplejpeg
from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from skinscore.domain.document import sha256_hex
from skinscore.errors import PhotoRefused
from skinscore.imaging.admission import WORKING_MODE, admit, check_header, check_tiff, truncated
from skinscore.imaging.containers import Container
from skinscore.imaging.icc import Conversion, conversion
from skinscore.imaging.rules import DecodeRules
from skinscore.imaging.types import Mask, Photo, Pixels

MAX_TRANSPARENT: Final = 0.01  # share of the pixels
BACKGROUND: Final = 128  # grey behind the few pixels that are transparent

# What the decoders were seen to raise on 8,758 damaged files, and the last three out of prudence.
DECODE_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,  # counting the pictures of a damaged TIFF
    UserWarning,  # Pillow about damaged metadata, in a process that makes warnings errors
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
)

# Of those, what an EXIF block of any bytes makes Pillow raise; the picture itself may be fine.
EXIF_ERRORS: Final = (SyntaxError, UserWarning)

_ORIENTATION_TAG: Final = 0x0112
_UNCALIBRATED: Final = 0xFFFF  # EXIF ColorSpace
_SRGB_GAMMA: Final = 1 / 2.2  # what a PNG states in place of sRGB's curve
_UPRIGHT: Final[dict[int, Callable[[Pixels], cv2.typing.MatLike]]] = {  # EXIF value -> undo it
    2: lambda stored: cv2.flip(stored, 1),
    3: lambda stored: cv2.rotate(stored, cv2.ROTATE_180),
    4: lambda stored: cv2.flip(stored, 0),
    5: cv2.transpose,
    6: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_CLOCKWISE),
    7: lambda stored: cv2.transpose(cv2.rotate(stored, cv2.ROTATE_180)),
    8: lambda stored: cv2.rotate(stored, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def decode(data: bytes, rules: DecodeRules) -> Photo:
    """Return the photo in ``data``: upright, sRGB, ``(H, W, 3) uint8``, free of metadata.

    JPEG (of an MPO the first picture), PNG, WebP, TIFF and HEIC/HEIF. The same bytes give the same
    pixels. EXIF orientation is undone except in HEIF, whose decoder turns the picture by the
    container's own box and where EXIF only informs; values outside 1..8 mean "unknown" and leave
    the picture as it is.

    Args:
        data: the file as received.
        rules: limits and rules of the model file in use.

    Raises:
        PhotoRefused: ``file_empty``, ``file_too_large``, ``unsupported_type``; from the header
            ``too_many_pixels``, ``image_too_small``, ``aspect_ratio``, ``animated``,
            ``unsupported_pixels``; from the pixels ``truncated``, ``decode_failed``,
            ``transparent``.
    """
    container = admit(data, rules)
    try:
        return _read(data, container, rules)
    except DECODE_ERRORS as problem:
        raise _refusal(problem, rules) from problem


def _read(data: bytes, container: Container, rules: DecodeRules) -> Photo:
    header = _open(data, container)
    check_header(header, rules)
    if isinstance(header, TiffImagePlugin.TiffImageFile):
        check_tiff(header, len(data))
    profile = header.info.get("icc_profile")
    how = conversion(profile, WORKING_MODE[header.mode])
    if not profile and _declares_other_colours(header, container):
        how = Conversion("unreadable", None)
    orientation = _orientation(header, container)  # now: TIFF forgets it when its pixels load

    if container is Container.JPEG and header.mode == "RGB":
        pixels, alpha = _jpeg_pixels(data, header, how), None
    else:
        pixels, alpha = _pillow_pixels(header, how)
    if alpha is not None:
        pixels = _without_alpha(pixels, alpha)
    if orientation in _UPRIGHT and container is not Container.TIFF:  # TIFF: Pillow undid it
        pixels = np.asarray(_UPRIGHT[orientation](pixels), np.uint8)
    return Photo(
        pixels=pixels,
        sha256=sha256_hex(data),
        format=container.value,
        colour_profile=how.colour_profile,
        orientation=orientation,
    )


def _open(data: bytes, container: Container) -> Image.Image:
    """Read the header with the plugin of that container and no other."""
    stream = BytesIO(data)
    match container:
        case Container.JPEG:  # the plain plugin: it sees the first picture of an MPO only
            return JpegImagePlugin.JpegImageFile(stream)
        case Container.PNG:
            return PngImagePlugin.PngImageFile(stream)
        case Container.WEBP:
            return WebPImagePlugin.WebPImageFile(stream)
        case Container.TIFF:
            return TiffImagePlugin.TiffImageFile(stream)
        case Container.HEIF:
            from pillow_heif import HeifImageFile  # loads the HEVC decoder, needed by few

            opened: Image.Image = HeifImageFile(stream)
            return opened


def _orientation(header: Image.Image, container: Container) -> int:
    if container is Container.HEIF:
        return 1
    if container is Container.PNG:
        header.load()  # its EXIF may come behind the pixels, whose damage is no damage of EXIF
    try:
        value = header.getexif().get(_ORIENTATION_TAG, 1)
    except EXIF_ERRORS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _declares_other_colours(header: Image.Image, container: Container) -> bool:
    """Whether a file without ICC profile says that its colours are not those of sRGB.

    HEIF by the primaries of its nclx box, PNG by another gamma, all others by EXIF: a camera set to
    Adobe RGB writes "uncalibrated" there (DCF 2.0, optional colour space).
    """
    if container is Container.HEIF:
        declared = header.info.get("nclx_profile") or {}
        return declared.get("color_primaries", 1) not in (1, 2)  # 1: BT.709, 2: unspecified
    if container is Container.PNG:
        gamma = header.info.get("gamma", _SRGB_GAMMA)
        return "srgb" not in header.info and bool(abs(gamma - _SRGB_GAMMA) > 0.01)
    try:
        space = header.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace, 1)
    except DECODE_ERRORS:  # of the metadata; the picture may be fine
        return False
    return space in (2, _UNCALIBRATED)  # 2: Adobe RGB as some cameras write it, outside Exif


def _jpeg_pixels(data: bytes, header: Image.Image, how: Conversion) -> Pixels:
    try:
        pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB")
    except ValueError as problem:
        if _is_damage(str(problem)):
            raise
        # A warning about something harmless (an unknown JFIF revision, a camera's odd scan
        # parameters) or a sampling that simplejpeg does not know: Pillow reads these.
        return _pillow_pixels(header, how)[0]
    if how.transform is None:
        return pixels
    return np.array(how.apply(Image.fromarray(pixels)))


def _is_damage(libjpeg_says: str) -> bool:
    return libjpeg_says.startswith(
        ("Premature end", "Corrupt JPEG data", "Inconsistent progression")
    ) and not libjpeg_says.startswith("Corrupt JPEG data: bad ICC marker")


def _pillow_pixels(header: Image.Image, how: Conversion) -> tuple[Pixels, Mask | None]:
    """Load the pixels; return them as sRGB, and the alpha channel where there is one."""
    header.load()
    picture, alpha = header, None
    if header.has_transparency_data:
        picture = header.convert("LA" if WORKING_MODE[header.mode] == "L" else "RGBA")
        alpha = np.array(picture.getchannel("A"))
    return np.array(how.apply(picture.convert(WORKING_MODE[header.mode]))), alpha


def _without_alpha(pixels: Pixels, alpha: Mask) -> Pixels:
    share = float(np.mean(alpha < 255))
    if share > MAX_TRANSPARENT:
        raise PhotoRefused(
            "transparent",
            f"{share:.1%} of the pixels are transparent",
            f"at most {MAX_TRANSPARENT:.0%} may be",
        )
    thin = alpha < 255  # few: blending all of them takes five times the memory of the photo
    weight = alpha[thin][:, None].astype(np.float32) / 255
    blended = pixels.copy()
    blended[thin] = np.rint(pixels[thin] * weight + BACKGROUND * (1 - weight)).astype(np.uint8)
    return blended


def _refusal(problem: BaseException, rules: DecodeRules) -> PhotoRefused:
    if isinstance(problem, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return PhotoRefused(
            "too_many_pixels",
            "the header declares more pixels than any photo has",
            f"at most {rules.max_pixels / 1e6:.1f} million are decoded",
        )
    if "truncated" in str(problem).lower() or str(problem).startswith("Premature end"):
        return truncated()
    return PhotoRefused(
        "decode_failed", "the picture data is damaged", "a photo must decode without an error"
    )

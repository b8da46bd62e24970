"""Pixels to files that carry pixels and nothing else: no EXIF, no profile, no comment, no place."""

from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skinscore.errors import InternalFault
from skinscore.imaging.types import Pixels

_MODES: Final = {3: "RGB", 4: "RGBA"}  # channels -> Pillow mode


def to_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """Return ``pixels`` as a JPEG file, colour at full resolution (4:4:4).

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        quality: 1..95, libjpeg's scale.
    """
    return _file(_image(pixels, "RGB"), "JPEG", quality=quality, subsampling=0)


def to_png(array: NDArray[np.uint8]) -> bytes:
    """Return ``array`` as a PNG file without loss.

    Args:
        array: (H, W, 3) uint8 sRGB, or (H, W, 4) with straight (not premultiplied) alpha.
    """
    return _file(_image(array, *_MODES.values()), "PNG")


def _image(array: NDArray[np.uint8], *modes: str) -> Image.Image:
    mode = _MODES.get(array.shape[2]) if array.ndim == 3 else None
    if array.dtype != np.uint8 or mode not in modes or not array.size:
        raise InternalFault(
            "internal",
            f"an array {array.shape} {array.dtype} was to be encoded",
            f"(H, W, C) uint8 with the channels {' or '.join(modes)} can be",
        )
    return Image.fromarray(array)


def _file(image: Image.Image, kind: str, **options: int) -> bytes:
    image.save(file := BytesIO(), kind, **options)
    return file.getvalue()

"""sRGB to CIE L*a*b*, and the tone of skin as an angle in it.

sRGB (IEC 61966-2-1) and CIE 1976 L*a*b* against D65. OpenCV's own conversion interpolates in tables
and is off by up to 0.4 in a*; a step of pigmentation is not much larger, so the formula is
written out here.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WHITE_D65: Final = (0.95047, 1.0, 1.08883)  # X, Y, Z of sRGB white
SRGB_TO_XYZ: Final = (  # Lindbloom, "RGB/XYZ Matrices", sRGB with its own white D65
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
EPSILON: Final = 216 / 24389  # CIE 15:2004; below it the cube root is replaced by a line
KAPPA: Final = 24389 / 27


def _linear_levels() -> NDArray[np.float32]:
    """Return the linear light of the 256 sRGB levels, 0..1."""
    level = np.arange(256) / 255
    bent = ((level + 0.055) / 1.055) ** 2.4
    return np.where(level <= 0.04045, level / 12.92, bent).astype(np.float32)


_LINEAR: Final = _linear_levels()
_TO_RELATIVE_XYZ: Final = (np.array(SRGB_TO_XYZ) / np.array(WHITE_D65)[:, None]).astype(np.float32)
_ROOTS_TO_LAB: Final = np.array(
    ((0, 116, 0, -16), (500, -500, 0, 0), (0, 200, -200, 0)), dtype=np.float32
)
_BLOCK: Final = 1 << 14  # pixels at a time: what fits the processor's cache, twice as fast as all


def to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the CIE L*a*b* (D65) of sRGB pixels.

    Args:
        pixels: (..., 3) uint8 sRGB, 0..255.

    Returns:
        (..., 3) float32; L* 0..100 (black to white), a* positive is red, b* positive is yellow.
    """
    flat = np.ascontiguousarray(pixels).reshape(-1, 1, 3)
    lab = np.empty(flat.shape, np.float32)
    for start in range(0, len(flat), _BLOCK):
        block = slice(start, start + _BLOCK)
        relative = np.asarray(cv2.transform(cv2.LUT(flat[block], _LINEAR), _TO_RELATIVE_XYZ))
        root = np.asarray(cv2.pow(relative, 1 / 3))
        np.copyto(root, (KAPPA * relative + 16) / 116, where=relative <= EPSILON)
        cv2.transform(root, _ROOTS_TO_LAB, lab[block])
    return lab.reshape(pixels.shape)


def ita_deg(lightness: float, b: float) -> float:
    """Return the individual typology angle, atan2(L* - 50, b*), in degrees.

    Above 55 very light, 41..55 light, 28..41 intermediate, 10..28 tan, -30..10 brown, below dark
    (Chardon 1991, Del Bino 2013). It follows the light of the room as much as the skin: near
    L* 50 an error of 5 in L* moves it by about 19 degrees, more than one class.

    Args:
        lightness: L*, 0..100, a median over skin.
        b: b*, a median over the same skin.
    """
    return math.degrees(math.atan2(lightness - 50, b))

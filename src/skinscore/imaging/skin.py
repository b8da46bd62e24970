"""Which pixels of a levelled face are free skin: a model of this face's own skin.

Cheeks and nose teach it. What differs from them in shading-free colour, or is much darker than the
light there explains, is covered. Hair falls over forehead and temples, so there (and only there: a
deep fold is dark and busy too, and must not be taken for hair) shade and texture are judged
strictly.

Limits: the model knows no shapes. Hair of the skin's colour and smoothness passes, and a mask over
both cheeks and the nose would itself be taken for skin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import Zone, ZoneKind

REFERENCE: Final = (Zone.CHEEK_RIGHT, Zone.CHEEK_LEFT, Zone.NOSE)
UNDER_HAIR: Final = frozenset({ZoneKind.FOREHEAD, ZoneKind.TEMPLE})

SMOOTHING_SIGMA: Final = 1.2  # px of the frame: pores and sensor noise
COLOUR_FLOOR: Final = 0.045  # spread of a*/f and b*/f that any skin is granted
COLOUR_SPREADS: Final = 4.0
DARK_SHARE: Final = 0.5  # of the expected brightness f
DARK_SHARE_UNDER_HAIR: Final = 0.7
PALE_SHARE: Final = 0.5
TEXTURE_SIGMAS: Final = (2.0, 4.0)  # px: detail below the first, gathered over the second
TEXTURE_RATIO_UNDER_HAIR: Final = 3.5  # of the reference's; the deepest forehead lines reach 2.7

Lab = NDArray[np.float32]  # (H, W, 3) CIE L*a*b*
Where = NDArray[np.bool_]  # (H, W)
Plane = NDArray[np.float32]  # (H, W)


@dataclass(frozen=True, slots=True, eq=False)
class SkinModel:
    """The reference skin of one frame."""

    lightness: float  # L*, median
    chroma: float  # C*ab, of the median colour
    free: Where  # looks like skin
    hairless: Where  # ... and not like hair of its colour
    pale: Where  # less than PALE_SHARE of the colour, light taken out: a mirror-like highlight


def learn(lab: Lab, patches: Sequence[Where]) -> SkinModel:
    """Return the model that ``patches`` of skin teach.

    Args:
        lab: the frame.
        patches: one or more, none of them empty.
    """
    reference = np.logical_or.reduce(patches)
    smooth = np.asarray(cv2.GaussianBlur(lab, (0, 0), SMOOTHING_SIGMA), np.float32)
    # Lab is made of cube roots: more or less light multiplies f = L* + 16, a* and b* alike.
    brightness = smooth[..., 0] + 16
    red, yellow = smooth[..., 1] / brightness, smooth[..., 2] / brightness
    distance = np.hypot(_spreads_away(red, reference), _spreads_away(yellow, reference))
    skin_colour = distance < COLOUR_SPREADS
    lit = brightness / _expected(brightness, patches)
    texture = _texture(lab[..., 0] + 16)
    ratio = texture / max(float(np.median(texture[reference])), 1e-6)
    middle = float(np.median(brightness[reference]))
    hue = float(np.hypot(np.median(red[reference]), np.median(yellow[reference])))
    return SkinModel(
        lightness=middle - 16,
        chroma=middle * hue,
        free=skin_colour & (lit > DARK_SHARE),
        hairless=skin_colour & (lit > DARK_SHARE_UNDER_HAIR) & (ratio < TEXTURE_RATIO_UNDER_HAIR),
        pale=np.hypot(red, yellow) < PALE_SHARE * hue,
    )


def _spreads_away(values: Plane, reference: Where) -> Plane:
    """Return the distance from the reference's median in robust standard deviations."""
    middle = np.median(values[reference])
    spread = 1.4826 * np.median(np.abs(values[reference] - middle))
    return np.asarray((values - middle) / np.hypot(spread, COLOUR_FLOOR), np.float32)


def _expected(brightness: Plane, patches: Sequence[Where]) -> Plane:
    """Return (1, W) the brightness across the face: lamps stand left or right of it."""
    seen = sorted(
        (float(np.nonzero(patch)[1].mean()), float(np.median(brightness[patch])))
        for patch in patches
    )
    places, levels = np.array(seen).T
    columns = np.arange(brightness.shape[1])
    return np.asarray(np.interp(columns, places, levels), np.float32)[None]


def _texture(brightness: Plane) -> Plane:
    """Return the local contrast of fine detail, relative to the brightness."""
    detail, gather = TEXTURE_SIGMAS
    fine = np.abs(brightness - cv2.GaussianBlur(brightness, (0, 0), detail))
    return np.asarray(cv2.GaussianBlur(fine, (0, 0), gather) / brightness, np.float32)

"""The baseline without learning that a wrinkle score must beat: energy of fine detail.

Difference of Gaussians on luminance, relative to the zone's own brightness, inside the same zone
masks of the same crops that the network sees.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import cv2
import numpy as np

from skinscore.domain.zones import Zone, ZoneKind
from skinscore.imaging.types import Crop

# The lower edge lets pixel noise out, the upper one the shape of the face.
NARROW_MM: Final = 0.4
WIDE_MM: Final = 1.2
_LUMA: Final = np.array((0.2126, 0.7152, 0.0722), np.float32)


def detail_energy(
    crops: Iterable[Crop], zones: Collection[Zone], mm_per_px: Mapping[str, float]
) -> float:
    """Return the mean relative contrast of fine detail over zone kinds, >= 0; NaN without zones.

    Args:
        zones: those that the product grades in this photo for wrinkles.
        mm_per_px: of each crop plan, by its name.
    """
    by_kind: dict[ZoneKind, list[float]] = {}
    for crop in crops:
        luma = crop.pixels.astype(np.float32) @ _LUMA
        narrow, wide = (mm / mm_per_px[crop.name] for mm in (NARROW_MM, WIDE_MM))
        band = cv2.GaussianBlur(luma, (0, 0), narrow) - cv2.GaussianBlur(luma, (0, 0), wide)
        for zone, mask in zip(crop.zones, crop.masks, strict=False):  # spare slots are empty
            inside = mask > 0
            if zone in zones and inside.any():
                energy = float(np.abs(band[inside]).mean() / max(float(luma[inside].mean()), 1.0))
                by_kind.setdefault(zone.kind, []).append(energy)
    if not by_kind:
        return float("nan")
    return float(np.mean([np.mean(values) for values in by_kind.values()]))

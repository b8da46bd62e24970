"""What is handed from one step of the imaging path to the next."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import ColourProfile
from skinscore.domain.zones import View, Zone

Pixels = NDArray[np.uint8]  # (H, W, 3) sRGB, 0..255
Mask = NDArray[np.uint8]  # (H, W), 0 or 255
Points = NDArray[np.float64]  # (N, 2) x, y in px, x to the right, y down
Affine = NDArray[np.float64]  # (2, 3), maps (x, y, 1) of the source to (x, y) of the target


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo: upright, sRGB, free of metadata."""

    pixels: Pixels
    sha256: str  # hex, of the bytes as received
    format: str  # "JPEG", "PNG", "WEBP", "TIFF", "HEIF"
    colour_profile: ColourProfile  # "srgb" (declared or assumed), "converted" or "unreadable"
    orientation: int  # EXIF value 1..8 that was undone

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """The one face of a photo."""

    points: NDArray[np.float64]  # (468, 3) x, y in photo px; z on the same scale, smaller is nearer
    presence: float  # 0..1, the mesh model's own confidence
    yaw_deg: float  # positive: the subject looks to the subject's left
    pitch_deg: float  # positive: looks up
    roll_deg: float  # positive: head leans clockwise in the picture
    view: View
    px_per_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class ZoneRegion:
    """Where one zone lies in the photo."""

    zone: Zone
    polygon: Points  # closed outline, photo px
    facing: float  # -1..1, cosine between the zone's normal and the camera; <= 0 is turned away
    far_side: bool  # on the averted half of a turned head (the nose may hide part of it)


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One aligned crop: what the network sees, and how to get back to the photo."""

    name: str  # of the contract's crop plan
    zones: tuple[Zone, ...]  # zones[k] is what masks[k] shows
    pixels: Pixels  # (S, S, 3)
    masks: NDArray[np.uint8]  # (K, S, S) 0 or 255; unused slots are 0
    to_crop: Affine  # photo px -> crop px

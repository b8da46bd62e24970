"""A mean face in mm, varied at random: zone outlines and the features between them.

Frame: origin between the eyes, x to the right of the picture, y down, mm on the plane of the face
(outer canthi 90 mm apart). Outlines follow shared mesh-zone polygons on a mean frontal face; the
subject's right side lies at negative x and the left is its mirror.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import Side, Zone, ZoneKind
from skinscore.imaging.rules import CropPlan
from skinscore_training.skin.sheet import Floats, Sheet
from skinscore_training.skin.streams import Waves


def _points(text: str) -> Floats:
    """Read "x y, x y, ..." (mm) as an outline (n,2)."""
    return np.array([pair.split() for pair in text.split(",")], np.float64)


_RIGHT: Final[Mapping[ZoneKind, Floats]] = {
    ZoneKind.TEMPLE: _points("-57 -54, -50 -40, -53 -22, -54 -11, -57 1, -68 0, -68 -17, -65 -38"),
    ZoneKind.CROWS_FEET: _points(
        "-46 -2, -48 -7, -51 -12, -54 -13, -58 0, -62 12, -58 18, -50 15, -45 6"
    ),
    ZoneKind.UNDER_EYE: _points(
        "-45 5, -38 9, -31 11, -24 10, -17 7, -14 11, -17 19, -24 23, -32 24, -42 23, -50 "
        "19, -49 12"
    ),
    ZoneKind.CHEEK: _points(
        "-58 17, -50 19, -42 23, -32 24, -24 24, -22 29, -21 37, -25 43, -29 49, -33 56, "
        "-37 66, -46 65, -54 60, -58 50, -62 41, -63 29"
    ),
    ZoneKind.NASOLABIAL: _points(
        "-19 38, -25 43, -29 49, -33 56, -37 66, -28 65, -26 59, -21 56, -17 52, -13 49, "
        "-17 46, -19 42"
    ),
    ZoneKind.MARIONETTE: _points(
        "-28 66, -37 67, -36 77, -35 86, -32 95, -27 98, -22 91, -21 82, -22 75, -26 68"
    ),
    ZoneKind.LOWER_CHEEK: _points(
        "-62 41, -58 50, -54 60, -46 65, -37 67, -36 77, -35 86, -32 96, -39 98, -47 92, "
        "-55 83, -61 71, -65 59, -68 47, -67 40"
    ),
}
# The right half, from the top of the midline to its bottom.
_MIDLINE: Final[Mapping[ZoneKind, Floats]] = {
    ZoneKind.FOREHEAD: _points(
        "0 -64, -20 -63, -36 -60, -50 -55, -58 -50, -51 -38, -53 -24, -45 -28, -36 -30, "
        "-24 -28, -13 -24, 0 -23"
    ),
    ZoneKind.GLABELLA: _points("0 -23, -13 -23, -11 -13, -8 -4, 0 -2"),
    ZoneKind.NOSE: _points(
        "0 -2, -8 -3, -9 6, -11 14, -13 20, -12 26, -15 33, -18 38, -19 42, -16 46, -11 "
        "49, -5 50, 0 51"
    ),
    ZoneKind.UPPER_LIP: _points(
        "0 51, -5 50, -11 49, -16 52, -20 56, -26 60, -28 66, -26 66, -20 62, -13 60, -7 "
        "58.5, -3 58, 0 59.5"
    ),
    ZoneKind.CHIN: _points(
        "0 79, -7 79, -13 77, -18 75, -22 75, -21 82, -22 91, -27 98, -28 102, -18 107, "
        "-10 110, 0 111"
    ),
}
BROW: Final = _points(
    "-12 -14, -13 -21, -24 -25, -37 -27, -47 -23, -54 -15, -46 -20, -37 -22, -25 -19"
)
EYE: Final = _points("-15 2, -20 -3, -27 -6, -34 -6, -41 -3, -46 0, -41 4, -34 6.5, -26 6, -19 4")
NOSTRIL: Final = _points("-3.5 47.5, -6 46, -9.5 46, -12.5 47.5, -10 49, -6 49.2")
_LIPS_HALF: Final = _points(
    "0 59.5, -4 58, -8 59, -14 61, -20 63.5, -26 66, -21 72, -13 76.5, 0 78"
)
_FACE_HALF: Final = _points(
    "0 -90, -26 -88, -48 -78, -64 -62, -74 -38, -75 -8, -73 20, -71 42, -67 62, -58 84, "
    "-42 101, -24 111, 0 114"
)
_HAIR_HALF: Final = _points(
    "0 -72, -22 -71, -40 -65, -54 -58, -62 -48, -68 -36, -72 -14, -72 6, -90 20, -100 "
    "-60, -60 -110, 0 -120"
)


def _mirrored(points: Floats) -> Floats:
    out: Floats = points * (-1, 1)
    return out


def _closed(half: Floats) -> Floats:
    return np.concatenate([half, _mirrored(half)[::-1]])


def mean_outline(zone: Zone) -> Floats:
    """Return the outline (n,2) of ``zone`` on the mean face, mm."""
    if zone.kind in _MIDLINE:
        return _closed(_MIDLINE[zone.kind])
    points = _RIGHT[zone.kind]
    return _mirrored(points) if zone.side is Side.LEFT else points


def features() -> dict[str, Floats]:
    """Return the outlines of brows, eyes, nostrils, lips, hair and face, mm."""
    pairs = {"brow": BROW, "eye": EYE, "nostril": NOSTRIL}
    out: dict[str, Floats] = {}
    for name, points in pairs.items():
        out[f"{name}_right"] = points
        out[f"{name}_left"] = _mirrored(points)
    out["lips"] = _closed(_LIPS_HALF)
    out["face"] = _closed(_FACE_HALF)
    out["hair"] = _closed(_HAIR_HALF)
    return out


def crop_centre(plan: CropPlan) -> Floats:
    """Return the middle (2,) of the bounding box of the plan's zones on the mean face, mm.

    A plan of the left side is laid out as its mirror, because the product flips left crops.
    """
    zones = [zone.mirrored if plan.mirror else zone for zone in plan.zones]
    points = np.concatenate([mean_outline(zone) for zone in zones])
    if plan.half != "whole":
        points = points[points[:, 0] <= 0]
    centre: Floats = (points.min(0) + points.max(0)) / 2
    return centre


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the mean face comes to lie on a sheet: an individual's shape, then the window."""

    centre: Floats  # mm on the mean face, falls on the sheet's middle
    spread: Floats  # (2,) the individual's size per axis; lateral zones are unrolled
    tilt: float  # rad
    waves: Floats  # (2,4) amplitude mm and phase of the individual's shape
    sheet: Sheet

    def to_px(self, points: Floats) -> Floats:
        """Map (...,2) mm on the mean face to px of the sheet."""
        x, y = points[..., 0], points[..., 1]
        (ax, px, bx, qx), (ay, py, by, qy) = self.waves
        x2 = x + ax * np.sin(y / 17 + px) + bx * np.sin(x / 23 + qx)
        y2 = y + ay * np.sin(x / 19 + py) + by * np.sin(y / 27 + qy)
        scale = self.spread / self.sheet.mm_per_px
        right, down = (x2 - self.centre[0]) * scale[0], (y2 - self.centre[1]) * scale[1]
        c, s = np.cos(self.tilt), np.sin(self.tilt)
        out = np.empty(points.shape)
        out[..., 0] = c * right - s * down + (self.sheet.width - 1) / 2
        out[..., 1] = s * right + c * down + (self.sheet.height - 1) / 2
        return out


_UNROLLED: Final = {  # surface mm per mm of the frontal view, where the face turns away
    ZoneKind.TEMPLE: 1.3,
    ZoneKind.CROWS_FEET: 1.2,
    ZoneKind.LOWER_CHEEK: 1.2,
    ZoneKind.CHEEK: 1.1,
}


def unrolling(plan: CropPlan) -> float:
    return max(_UNROLLED.get(zone.kind, 1.0) for zone in plan.zones)


def place(rng: np.random.Generator, plan: CropPlan, sheet: Sheet) -> Placement:
    """Draw an individual face and lay the plan's window on it."""
    spread = rng.normal(1, 0.06, 2).clip(0.85, 1.15)
    spread[0] *= 1 + (unrolling(plan) - 1) * rng.uniform(0.4, 1.0)
    waves = np.stack([rng.normal(0, 1.4, 2), rng.uniform(0, 2 * np.pi, 2)] * 2, 1).reshape(2, 4)
    return Placement(
        centre=crop_centre(plan) + rng.normal(0, 2.0, 2),
        spread=spread,
        tilt=float(rng.normal(0, 0.04)),
        waves=waves,
        sheet=sheet,
    )


def fill(sheet: Sheet, outline: Floats) -> NDArray[np.float32]:
    """Return the coverage (H,W) 0..1 of a closed outline (n,2) in px."""
    out = np.zeros(sheet.shape, np.uint8)
    fixed = np.rint(smooth(outline) * 16).astype(np.int32)
    cv2.fillPoly(out, [fixed], 255, lineType=cv2.LINE_AA, shift=4)
    return out.astype(np.float32) / np.float32(255)


def falls_on(sheet: Sheet, outline: Floats) -> bool:
    """Return whether the bounding box of ``outline`` (n,2; px) touches the sheet."""
    low, high = outline.min(0), outline.max(0)
    return bool((high > 0).all() and low[0] < sheet.width and low[1] < sheet.height)


def smooth(outline: Floats) -> Floats:
    """Round a closed outline off: two passes of Chaikin's corner cutting."""
    for _ in range(2):
        following = np.roll(outline, -1, 0)
        outline = np.stack(
            [0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], 1
        )
        outline = outline.reshape(-1, 2)
    return outline


def ragged(rng: np.random.Generator, points: Floats, amplitude_mm: float) -> Floats:
    """Move outline points along a smooth random curve; two people never draw the same polygon."""
    along = np.arange(len(points), dtype=np.float64)
    offset = Waves.draw(rng, np.full(2, float(len(points)))).at(along[None, :]).T
    return points + amplitude_mm * offset

"""Scalp hair, combed back from the hairline: where it is, how thick, and its strands.

Drawn on its own, coarser canvas that reaches behind the ears.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin.canvas import Canvas, noise, smooth
from skinscore_training.skin.face_mesh import GRID_REACH_MM

Array = NDArray[np.float64]
Plane = NDArray[np.float32]

CANVAS: Final = Canvas(reach_mm=GRID_REACH_MM, px_per_mm=4.0)
THICKNESS_MM: Final = 9.0
# Hair-free skin, subject's right half, chart mm, from mid forehead down to the nape. The first six
# move with the height of the hairline.
_EDGE: Final = np.array(
    [
        *((-18, -93), (-42, -93), (-66, -87), (-88, -77), (-106, -63), (-119, -47)),
        *((-127, -28), (-127, -10), (-128, 4), (-133, 4), (-140, -14), (-152, -10), (-156, 20)),
        *((-150, 70), (-130, 110), (-60, 150)),
    ],
    np.float64,
)
_MOVING: Final = 6
_MEAN_HAIRLINE_MM: Final = 93.0


@dataclass(frozen=True, slots=True, eq=False)
class Hair:
    """All (S, S) on :data:`CANVAS`."""

    cover: Plane  # 0..1
    shade: Plane  # factor on the hair's colour, about 1
    relief: Plane  # mm, of the strands
    outward: Plane  # 0..1, share of THICKNESS_MM by which the surface is raised


def comb(hairline_mm: float, rng: np.random.Generator) -> Hair:
    """Grow hair behind a hairline ``hairline_mm`` above the chart's origin."""
    right = _EDGE.copy()
    right[:_MOVING, 1] -= (hairline_mm - _MEAN_HAIRLINE_MM) * np.linspace(1, 0.2, _MOVING)
    right[:_MOVING, 1] += rng.normal(0, 1.2, _MOVING)
    outline = smooth(np.vstack([right, right[::-1] * (-1, 1)]), closed=True)
    skin = np.zeros((CANVAS.side, CANVAS.side), np.uint8)
    cv2.fillPoly(skin, [np.round(CANVAS.to_px(outline)).astype(np.int32)], 1)
    beyond = cv2.distanceTransform(1 - skin, cv2.DIST_L2, 5) / CANVAS.px_per_mm
    before = cv2.distanceTransform(skin, cv2.DIST_L2, 5) / CANVAS.px_per_mm
    distance = (beyond - before).astype(np.float32)  # mm, positive in the hair
    fine, strands, locks = (
        _radial(rng, *size) for size in ((0.35, 20.0), (0.8, 60.0), (12.0, 90.0))
    )
    fringe = distance + 2.6 * fine + 1.6 * strands + 1.2 * locks
    cover = np.clip(fringe / 9.0 + 0.2, 0, 1) ** 1.2
    x, y = CANVAS.places()
    ear = np.exp(-((np.abs(x) - 145) ** 2 + (y + 10) ** 2) / (2 * 24.0**2))  # hair lies flat there
    return Hair(
        cover=cover.astype(np.float32),
        shade=np.clip(1 + 0.25 * fine + 0.22 * strands + 0.2 * locks, 0.25, 2.2).astype(np.float32),
        relief=(0.10 * strands + 0.35 * locks).astype(np.float32),
        outward=(np.clip((distance + 2) / 26, 0, 1) ** 0.7 * (1 - 0.98 * ear)).astype(np.float32),
    )


def _radial(rng: np.random.Generator, width_mm: float, length_mm: float) -> Plane:
    """Streaks that run away from the middle of the face, mean 0 and sd 1."""
    x, y = CANVAS.places()
    y = y + 25.0
    reach, turn = np.hypot(x, y), np.arctan2(x, -y)
    around = 2 * np.pi * 110.0  # mm, where the hair begins
    columns = 4096 if width_mm < 2 else 512
    shape = (256, columns)
    streaks = noise(rng, shape, (length_mm / 260 * 256, width_mm / around * columns), 2)
    streaks = np.hstack([streaks, streaks[:, :4]])
    sway = 6.0 * np.sin(reach / 38.0 + rng.uniform(0, 6.3)) / 110.0
    column = ((turn + sway) / (2 * np.pi) + 0.5) % 1.0 * columns
    row = np.clip(reach / 260 * 256, 0, 255)
    return np.asarray(
        cv2.remap(streaks, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR),
        np.float32,
    )

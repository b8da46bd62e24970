"""What people wear over their skin: glasses and jewellery. Never graded, never a grade."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin.features import Painted
from skinscore_training.skin.outlines import Placement
from skinscore_training.skin.sheet import Floats, Map, as_map, blur
from skinscore_training.skin.streams import coin


def glasses(
    rng: np.random.Generator, place: Placement, painted: Painted
) -> tuple[Painted, dict[str, float]]:
    """Put on a frame with bridge and temples, and the shadow it casts on the skin below."""
    width, height = rng.uniform(24, 29), rng.uniform(16, 23)
    turn = np.linspace(0, 2 * np.pi, 40)
    square = rng.uniform(0.55, 1.0)  # 1 is an ellipse, less is boxy
    x = width * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** square
    y = 4 + height * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** square
    paths = [np.stack([side * 31 + x, y], 1) for side in (-1, 1)] + [
        np.array([[-8.0, -2.0], [0.0, -4.0], [8.0, -2.0]])
    ]
    paths += [side * np.array([[56.0, side * -3.0], [90.0, side * -4.0]]) for side in (-1, 1)]
    thick = rng.uniform(0.8, 4.0)
    frame = _strokes(place, paths, thick)
    drop = np.array([rng.uniform(-2, 2), rng.uniform(2, 7)])
    shadow = blur(_strokes(place, [path + drop for path in paths], thick + 1), 1.5 / _mm(place))
    colour = np.full(3, rng.uniform(0.01, 0.1)) * np.exp(rng.normal(0, 0.5, 3))
    if coin(rng, 0.25):
        colour = np.full(3, rng.uniform(0.3, 0.6))  # metal
    worn = _cover(painted, shadow * np.float32(rng.uniform(0.1, 0.5)), np.full(3, 0.01))
    return _cover(worn, frame, colour), {"glasses": thick}


def jewellery(
    rng: np.random.Generator, place: Placement, painted: Painted
) -> tuple[Painted, dict[str, float]]:
    """Add one to three studs or small rings, anywhere on the sheet."""
    sheet, count = place.sheet, int(rng.integers(1, 4))
    drawn = np.zeros(sheet.shape, np.uint8)
    for _ in range(count):
        centre = rng.uniform((0, 0), (sheet.width, sheet.height))
        radius = rng.uniform(0.6, 2.0) / sheet.mm_per_px
        filled = -1 if coin(rng, 0.6) else 2
        at = (int(centre[0] * 16), int(centre[1] * 16))
        cv2.circle(drawn, at, int(radius * 16), 255, filled, cv2.LINE_AA, 4)
    metal = np.array([0.75, 0.65, rng.uniform(0.3, 0.65)]) * rng.uniform(0.4, 1.4)
    return _cover(painted, as_map(drawn / 255), metal), {"jewellery": float(count)}


def _mm(place: Placement) -> float:
    return place.sheet.mm_per_px


def _strokes(place: Placement, paths: list[Floats], width_mm: float) -> Map:
    drawn = np.zeros(place.sheet.shape, np.uint8)
    fixed = [np.rint(place.to_px(path) * 16).astype(np.int32) for path in paths]
    thick = max(1, round(width_mm / _mm(place)))
    cv2.polylines(drawn, fixed, False, 255, thick, cv2.LINE_AA, 4)
    return as_map(drawn / 255)


def _cover(painted: Painted, mask: Map, colour: Floats) -> Painted:
    laid: NDArray[np.float32] = painted.colour * (1 - mask)
    laid = laid + colour.astype(np.float32)[:, None, None] * mask
    return replace(painted, colour=laid, cover=painted.cover + mask * (1 - painted.cover))

"""The pictures that the two face nets look at, and the way back to the photo.

Photo coordinates count pixel centres as whole numbers; the detector's count from the corner of its
square, and :func:`sighting` is where the two meet.
"""

from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.imaging.face_nets import (
    DETECTOR_SIDE,
    LEFT_EYE,
    MESH_SIDE,
    RIGHT_EYE,
    Detection,
)
from skinscore.imaging.types import Photo, Pixels, Points
from skinscore.imaging.warp import rotation

OUTER_EYE_RIGHT, OUTER_EYE_LEFT = 33, 263  # points of the mesh

ROI_SCALE: Final = 1.5  # mesh square over box side
THUMBNAIL_SIDE: Final = 768  # px, at least: larger photos are looked at reduced


@dataclass(frozen=True, slots=True)
class Square:
    """A turned square in the photo that the mesh looks at."""

    x: float  # centre, photo px
    y: float
    side: float  # photo px
    angle: float  # radians, of the level line, clockwise in the picture


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """The photo reduced by a whole factor, so that every look at it is cheap."""

    pixels: Pixels
    factor: int  # photo px per px

    @classmethod
    def of(cls, photo: Photo) -> Self:
        factor = max(1, max(photo.width, photo.height) // THUMBNAIL_SIDE)
        # A rest of less than one thumbnail px at the right and at the bottom is left out.
        width, height = max(1, photo.width // factor), max(1, photo.height // factor)
        whole = photo.pixels[: height * factor, : width * factor]
        return cls(_area(whole, (width, height)), factor)


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face that the detector saw, in photo px."""

    square: Square  # where the mesh shall look
    key_points: Points  # (6, 2), see Detection


def sighting(
    face: Detection,
    turns: int,
    scale: tuple[float, float],
    origin: tuple[int, int],
    factor: int,
) -> Sighting:
    """Bring a detection back to the photo.

    Args:
        face: seen in a :func:`letterbox` square after ``np.rot90(square, turns)``.
        turns: quarter turns, counterclockwise.
        scale: of the letterbox, x and y.
        origin: of the letterbox.
        factor: of the thumbnail.
    """
    turned = np.vstack((face.centre, face.key_points)) * DETECTOR_SIDE
    upright = (_turn_back(turned, turns) - origin) / scale  # thumbnail px, from its corner
    points = upright * factor - 0.5  # pixel centres at whole numbers
    centre, key_points = points[0], points[1:]
    side = face.side * DETECTOR_SIDE / scale[0] * factor * ROI_SCALE
    angle = angle_of(key_points[LEFT_EYE] - key_points[RIGHT_EYE])
    return Sighting(Square(float(centre[0]), float(centre[1]), side, angle), key_points)


def square_around(points: NDArray[np.float64]) -> Square:
    """Return the square around the points' own box, level with the outer eye corners."""
    xy = points[:, :2]
    angle = angle_of(xy[OUTER_EYE_LEFT] - xy[OUTER_EYE_RIGHT])
    turn = rotation(angle)
    level = xy @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    return Square(float(x), float(y), float((high - low).max()) * ROI_SCALE, angle)


def cut_square(pixels: Pixels, reduced: int, square: Square) -> Pixels:
    """Return the mesh's input (192, 192, 3), black outside the picture.

    Args:
        pixels: the photo, reduced by the factor ``reduced``.
        reduced: photo px per px.
        square: in photo px.
    """
    x, y = (square.x + 0.5) / reduced - 0.5, (square.y + 0.5) / reduced - 0.5
    side = square.side / reduced
    reach = side * 0.75  # half the diagonal of a turned square, and a margin
    height, width = pixels.shape[:2]
    left, top = max(0, int(x - reach)), max(0, int(y - reach))
    right, bottom = min(width, int(x + reach) + 2), min(height, int(y + reach) + 2)
    if left >= right or top >= bottom:
        return np.zeros((MESH_SIDE, MESH_SIDE, 3), np.uint8)
    part = pixels[top:bottom, left:right]
    factor = max(1, int(side / MESH_SIDE))
    size = (max(1, part.shape[1] // factor), max(1, part.shape[0] // factor))
    step = np.array((part.shape[1] / size[0], part.shape[0] / size[1]))

    # mesh px -> px of the picture -> px of its reduced part; pixel centres at whole numbers
    turn = rotation(square.angle) * (side / MESH_SIDE)
    origin = np.array((x, y)) - turn @ np.full(2, (MESH_SIDE - 1) / 2)
    back = np.column_stack((turn, origin - (left, top) + 0.5)) / step[:, None]
    back[:, 2] -= 0.5
    return np.asarray(
        cv2.warpAffine(
            _area(part, size),
            back,
            (MESH_SIDE, MESH_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        ),
        np.uint8,
    )


def letterbox(
    picture: Pixels, padding: float
) -> tuple[Pixels, tuple[float, float], tuple[int, int]]:
    """Centre ``picture`` on the detector's black square.

    Returns:
        The square, its px per picture px (x, y), and where the picture's corner lies in it.
    """
    height, width = picture.shape[:2]
    scale = DETECTOR_SIDE / (max(height, width) * (1 + 2 * padding))
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (DETECTOR_SIDE - w) // 2, (DETECTOR_SIDE - h) // 2
    square = np.zeros((DETECTOR_SIDE, DETECTOR_SIDE, 3), np.uint8)
    square[top : top + h, left : left + w] = _area(picture, (w, h))
    return square, (w / width, h / height), (left, top)


def _turn_back(points: Points, turns: int) -> Points:
    """Undo ``np.rot90(square, turns)`` for points of the detector's square."""
    for _ in range(turns):
        points = np.column_stack((DETECTOR_SIDE - points[:, 1], points[:, 0]))
    return points


def angle_of(vector: NDArray[np.float64]) -> float:
    return float(np.arctan2(vector[1], vector[0]))


def _area(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return ``pixels`` resized to (width, height); every source px counts."""
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)

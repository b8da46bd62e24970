"""Photo -> Face: the one face of a photo, 468 points, its pose and its scale.

A detector box gives a first square for the mesh; the mesh's own points give the square of the next
pass. Nothing is guessed: a photo without a face, with a second one, or with a face that is largely
outside the picture is refused.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import View
from skinscore.errors import NotReady, PhotoRefused
from skinscore.imaging.face_models import FaceModelFiles
from skinscore.imaging.face_nets import (
    DETECTOR_SIDE,
    LEFT_EYE,
    MESH_SIDE,
    RIGHT_EYE,
    BlazeFace,
    Detection,
    FaceMesh,
)
from skinscore.imaging.rules import FaceRules
from skinscore.imaging.types import Face, Photo, Pixels, Points
from skinscore.imaging.warp import rotation

FRONTAL_YAW_DEG: Final = 20.0  # beyond it the photo is a view of one side

MIN_PRESENCE: Final = 0.5
MIN_CANTHAL_PX: Final = 24.0  # below it the mesh's own error moves a zone by its width
MAX_OUTSIDE: Final = 0.2  # share of the face's outline that may lie outside the picture
SECOND_FACE: Final = 0.5  # of the first one's side: a second patient, not a passer-by
ROI_SCALE: Final = 1.5  # mesh square over box side
PADDINGS: Final = (0.0, 0.3, 0.6, 1.0)  # of the picture, all around: tight crops are the usual miss
QUARTER_TURNS: Final = (0, 1, 3, 2)
THUMBNAIL_SIDE: Final = 512  # px: the detector needs no more

OUTER_EYE_RIGHT, OUTER_EYE_LEFT = 33, 263
TEMPLE_RIGHT, TEMPLE_LEFT, FOREHEAD_TOP, CHIN_BOTTOM = 234, 454, 10, 152
NEUTRAL_PITCH_DEG: Final = -10.0  # forehead to chin is no plumb line: median of 43 portraits


@dataclass(frozen=True, slots=True)
class _Square:
    """A turned square in the photo that the mesh looks at."""

    x: float  # centre, photo px
    y: float
    side: float  # photo px
    angle: float  # radians, of the level line, clockwise in the picture


class FaceFinder:
    """Finds the one face of a photo. Load once, use from any thread."""

    def __init__(self, files: FaceModelFiles, rules: FaceRules) -> None:
        """Load both models.

        Raises:
            NotReady: ``face_models_changed`` when a file is not the one that ``rules`` name.
        """
        detector, mesh = files.detector.read_bytes(), files.mesh.read_bytes()
        for name, data, expected in (
            (files.detector.name, detector, rules.detector_sha256),
            (files.mesh.name, mesh, rules.mesh_sha256),
        ):
            if (found := hashlib.sha256(data).hexdigest()) != expected:
                raise NotReady(
                    "face_models_changed",
                    f"{name} has sha256 {found}",
                    f"this model file was made with {expected}",
                )
        self._detector = BlazeFace(detector)
        self._mesh = FaceMesh(mesh)
        self._rules = rules

    def find(self, photo: Photo) -> Face:
        """Return the face of ``photo``.

        Padding and quarter turns are tried in a fixed order until the mesh is sure of a face. A
        face that was found turned keeps its roll, so that the gate can tell it.

        Raises:
            PhotoRefused: ``no_face``, ``multiple_faces``, ``face_out_of_frame``,
                ``face_too_small``.
        """
        for faces in self._candidates(photo):
            points, presence = self._place(photo, faces[0])
            if presence < MIN_PRESENCE:
                continue
            _refuse_second(faces)
            _refuse_outside(points, photo)
            return _measure(points, presence, self._rules)
        raise PhotoRefused(
            "no_face",
            "no face was found, upright or turned",
            "a photo shows one face, at least an eighth of the picture wide",
        )

    def _candidates(self, photo: Photo) -> Iterator[list[_Square]]:
        """Yield what the detector sees, largest first, for every padding and turn."""
        thumbnail = _reduced(photo.pixels, THUMBNAIL_SIDE)
        for turns in QUARTER_TURNS:
            picture = np.ascontiguousarray(np.rot90(thumbnail, turns))
            for padding in PADDINGS:
                square, scale, origin = _letterbox(picture, padding)
                faces = [
                    _first_square(face, scale, origin, turns, thumbnail, photo)
                    for face in self._detector.detect(square)
                ]
                if faces:
                    yield faces

    def _place(self, photo: Photo, first: _Square) -> tuple[NDArray[np.float64], float]:
        square = first
        points, presence = self._look(photo.pixels, square)
        for _ in range(self._rules.mesh_passes - 1):
            square = _square_around(points)
            points, presence = self._look(photo.pixels, square)
        return points, presence

    def _look(self, pixels: Pixels, square: _Square) -> tuple[NDArray[np.float64], float]:
        """Run the mesh on ``square``; return points (468, 3) in photo px and the presence."""
        scale = square.side / MESH_SIDE  # photo px per mesh px
        turn = rotation(square.angle)
        middle = (MESH_SIDE - 1) / 2
        points, presence = self._mesh.place(_cut_square(pixels, square))
        xy = (points[:, :2] - middle) @ turn.T * scale + (square.x, square.y)
        return np.column_stack((xy, points[:, 2] * scale)), presence


def _reduced(pixels: Pixels, side: int) -> Pixels:
    """Return ``pixels`` with the long side at most ``side``."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _letterbox(
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
    square[top : top + h, left : left + w] = cv2.resize(
        picture, (w, h), interpolation=cv2.INTER_AREA
    )
    return square, (w / width, h / height), (left, top)


def _first_square(
    face: Detection,
    scale: tuple[float, float],
    origin: tuple[int, int],
    turns: int,
    thumbnail: Pixels,
    photo: Photo,
) -> _Square:
    """Turn a detection into a square of the photo, level with its eyes."""
    seen = np.vstack((face.centre, face.key_points[[RIGHT_EYE, LEFT_EYE]]))
    turned = (seen * DETECTOR_SIDE - origin) / scale  # px of the turned thumbnail, from its corner
    upright = _turn_back(turned, turns, thumbnail.shape[1], thumbnail.shape[0])
    factor = (photo.width / thumbnail.shape[1], photo.height / thumbnail.shape[0])
    centre, right_eye, left_eye = upright * factor - 0.5  # to pixel centres at whole numbers
    side = face.side * DETECTOR_SIDE / scale[0] * factor[0] * ROI_SCALE
    return _Square(float(centre[0]), float(centre[1]), side, _angle(left_eye - right_eye))


def _turn_back(points: Points, turns: int, width: int, height: int) -> Points:
    """Undo ``np.rot90(picture, turns)`` for points; width and height of the unturned picture."""
    x, y = points[:, 0], points[:, 1]
    return np.column_stack(
        {
            0: (x, y),
            1: (width - y, x),
            2: (width - x, height - y),
            3: (y, height - x),
        }[turns]
    )


def _square_around(points: NDArray[np.float64]) -> _Square:
    """Return the square around the points' own box, level with the outer eye corners."""
    xy = points[:, :2]
    angle = _angle(xy[OUTER_EYE_LEFT] - xy[OUTER_EYE_RIGHT])
    turn = rotation(angle)
    level = xy @ turn
    low, high = level.min(axis=0), level.max(axis=0)
    x, y = turn @ ((low + high) / 2)
    return _Square(float(x), float(y), float((high - low).max()) * ROI_SCALE, angle)


def _cut_square(pixels: Pixels, square: _Square) -> Pixels:
    """Return the mesh's input (192, 192, 3), black outside the photo, reduced without aliasing."""
    reach = square.side * 0.75  # half the diagonal of a turned square, and a margin
    height, width = pixels.shape[:2]
    left, top = max(0, int(square.x - reach)), max(0, int(square.y - reach))
    right, bottom = min(width, int(square.x + reach) + 2), min(height, int(square.y + reach) + 2)
    if left >= right or top >= bottom:
        return np.zeros((MESH_SIDE, MESH_SIDE, 3), np.uint8)
    part = pixels[top:bottom, left:right]
    factor = max(1, int(square.side / MESH_SIDE))
    size = (max(1, part.shape[1] // factor), max(1, part.shape[0] // factor))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA) if factor > 1 else part
    step_x, step_y = part.shape[1] / size[0], part.shape[0] / size[1]

    # mesh px -> photo px -> px of `small`; pixel centres at whole numbers throughout
    turn = rotation(square.angle) * (square.side / MESH_SIDE)
    origin = np.array((square.x, square.y)) - turn @ np.full(2, (MESH_SIDE - 1) / 2)
    to_small = np.diag((1 / step_x, 1 / step_y))
    shift = to_small @ (origin - (left, top) + 0.5) - 0.5
    return np.asarray(
        cv2.warpAffine(
            small,
            np.column_stack((to_small @ turn, shift)),
            (MESH_SIDE, MESH_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        ),
        np.uint8,
    )


def _refuse_second(faces: list[_Square]) -> None:
    if len(faces) > 1 and (share := faces[1].side / faces[0].side) > SECOND_FACE:
        raise PhotoRefused(
            "multiple_faces",
            f"a second face is {share:.0%} as large as the first",
            f"other faces may be at most {SECOND_FACE:.0%} as large",
        )


def _refuse_outside(points: NDArray[np.float64], photo: Photo) -> None:
    outline = cv2.convexHull(points[:, :2].astype(np.float32))
    low, right, bottom = -0.5, photo.width - 0.5, photo.height - 0.5
    frame = np.array([(low, low), (right, low), (right, bottom), (low, bottom)], np.float32)
    inside, _ = cv2.intersectConvexConvex(outline, frame)
    outside = 1.0 - float(inside) / cv2.contourArea(outline)
    if outside > MAX_OUTSIDE:
        raise PhotoRefused(
            "face_out_of_frame",
            f"{outside:.0%} of the face lies outside the picture",
            f"at most {MAX_OUTSIDE:.0%} may",
        )


def _measure(points: NDArray[np.float64], presence: float, rules: FaceRules) -> Face:
    canthal = float(np.linalg.norm(points[OUTER_EYE_LEFT] - points[OUTER_EYE_RIGHT]))
    if canthal < MIN_CANTHAL_PX:
        raise PhotoRefused(
            "face_too_small",
            f"the outer eye corners are {canthal:.0f} px apart",
            f"at least {MIN_CANTHAL_PX:.0f} px are needed to place zones",
        )
    yaw, pitch, roll = _pose(points)
    return Face(points, presence, yaw, pitch, roll, _view(yaw), canthal / rules.outer_canthal_mm)


def _pose(points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return yaw, pitch, roll in degrees, with the signs of :class:`Face`.

    Roll is the outer eye corners' line. Yaw and pitch are those of the plane through temples,
    forehead and chin, once the head is level.
    """
    roll = _angle(points[OUTER_EYE_LEFT, :2] - points[OUTER_EYE_RIGHT, :2])
    level = np.column_stack((points[:, :2] @ rotation(roll), points[:, 2]))
    across = level[TEMPLE_LEFT] - level[TEMPLE_RIGHT]
    down = level[CHIN_BOTTOM] - level[FOREHEAD_TOP]
    x, y, z = np.cross(across, down)  # away from the camera, into the head
    yaw = np.arctan2(-x, abs(z))
    pitch = np.degrees(np.arctan2(y, np.hypot(x, z))) - NEUTRAL_PITCH_DEG
    return float(np.degrees(yaw)), float(pitch), float(np.degrees(roll))


def _view(yaw_deg: float) -> View:
    """Looking to the subject's left shows the subject's right side."""
    if abs(yaw_deg) <= FRONTAL_YAW_DEG:
        return View.FRONTAL
    return View.RIGHT if yaw_deg > 0 else View.LEFT


def _angle(vector: NDArray[np.float64]) -> float:
    return float(np.arctan2(vector[1], vector[0]))

"""Photo -> Face: the one face of a photo, 468 points, its pose and its scale.

A detector box gives a first square for the mesh; the mesh's own points give the square of the next
pass. Nothing is guessed: a photo without a face, with a second one, or with a face that is largely
outside the picture is refused.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import View
from skinscore.errors import NotReady, PhotoRefused
from skinscore.imaging.face_models import FaceModelFiles
from skinscore.imaging.face_nets import LEFT_EYE, MESH_SIDE, RIGHT_EYE, BlazeFace, FaceMesh
from skinscore.imaging.rules import FaceRules
from skinscore.imaging.squares import (
    OUTER_EYE_LEFT,
    OUTER_EYE_RIGHT,
    Sighting,
    Square,
    Thumbnail,
    angle_of,
    cut_square,
    letterbox,
    sighting,
    square_around,
)
from skinscore.imaging.types import Face, Photo
from skinscore.imaging.warp import rotation

FRONTAL_YAW_DEG: Final = 20.0  # beyond it the photo is a view of one side

MIN_PRESENCE: Final = 0.5
MIN_CANTHAL_PX: Final = 24.0  # below it the mesh's own error moves a zone by its width
MAX_OUTSIDE: Final = 0.2  # share of the face's outline that may lie outside the picture
SECOND_FACE: Final = 0.5  # of the first one's side: a second patient, not a passer-by
PADDINGS: Final = (0.0, 0.3, 0.6, 1.0)  # of the picture, all around: tight crops are the usual miss
MIN_TURNED_SCORE: Final = 0.85  # a sideways look sees faces that are not there, up to 0.80
MAX_DISAGREEMENT: Final = 0.25  # between detector and mesh, in eye distances: true faces stay < 0.2

KEY_POINTS: Final = ((33, 133), (362, 263), (1,), (13, 14))  # right eye, left eye, nose, mouth
TEMPLE_RIGHT, TEMPLE_LEFT, FOREHEAD_TOP, CHIN_BOTTOM = 234, 454, 10, 152
NEUTRAL_PITCH_DEG: Final = -10.0  # forehead to chin is no plumb line: median of 43 portraits


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

        A face that was found turned keeps its roll, so that the gate can tell it.

        Raises:
            PhotoRefused: ``no_face``, ``multiple_faces``, ``face_out_of_frame``,
                ``face_too_small``.
        """
        thumbnail = Thumbnail.of(photo)
        for looks in self._candidates(thumbnail):
            points, presence = self._place(photo, thumbnail, looks[0])
            # The mesh draws a face into anything; the detector's key points are its witnesses.
            if presence >= MIN_PRESENCE and _disagreement(looks[0], points) <= MAX_DISAGREEMENT:
                _refuse_second(looks)
                _refuse_outside(points, photo)
                return _measure(points, presence, self._rules)
        raise PhotoRefused(
            "no_face",
            "no face was found, upright or turned",
            "a photo shows one face, at least a sixth of the picture wide",
        )

    def _candidates(self, thumbnail: Thumbnail) -> Iterator[list[Sighting]]:
        """Yield what one look of the detector saw, largest face first.

        Tight pictures hide faces from the detector, so padding is added step by step; at every step
        all four quarter turns are looked at, the surest first.
        """
        for padding in PADDINGS:
            square, scale, origin = letterbox(thumbnail.pixels, padding)
            looks = []
            for turns in range(4):
                found = self._detector.detect(np.ascontiguousarray(np.rot90(square, turns)))
                least = MIN_TURNED_SCORE if turns else 0.0
                if found and found[0].score >= least:
                    looks.append((found, turns))
            looks.sort(key=lambda look: look[0][0].score, reverse=True)
            for found, turns in looks:
                yield [sighting(face, turns, scale, origin, thumbnail.factor) for face in found]

    def _place(
        self, photo: Photo, thumbnail: Thumbnail, first: Sighting
    ) -> tuple[NDArray[np.float64], float]:
        """Return points (468, 3) in photo px and the presence, after every pass of the mesh."""
        points, presence = self._look(photo, thumbnail, first.square)
        for _ in range(self._rules.mesh_passes - 1):
            points, presence = self._look(photo, thumbnail, square_around(points))
        return points, presence

    def _look(
        self, photo: Photo, thumbnail: Thumbnail, square: Square
    ) -> tuple[NDArray[np.float64], float]:
        scale = square.side / MESH_SIDE  # photo px per mesh px
        reduced = scale >= thumbnail.factor
        seen = cut_square(
            thumbnail.pixels if reduced else photo.pixels,
            thumbnail.factor if reduced else 1,
            square,
        )
        points, presence = self._mesh.place(seen)
        level = (points[:, :2] - (MESH_SIDE - 1) / 2) * scale
        xy = level @ rotation(square.angle).T + (square.x, square.y)
        return np.column_stack((xy, points[:, 2] * scale)), presence


def _disagreement(seen: Sighting, points: NDArray[np.float64]) -> float:
    """Return the largest distance between key points and mesh, in distances between the eyes."""
    placed = np.stack([points[list(indices), :2].mean(axis=0) for indices in KEY_POINTS])
    eyes = float(np.linalg.norm(seen.key_points[LEFT_EYE] - seen.key_points[RIGHT_EYE]))
    apart = np.linalg.norm(seen.key_points[: len(placed)] - placed, axis=1)
    return float(apart.max()) / max(eyes, 1e-6)


def _refuse_second(faces: list[Sighting]) -> None:
    if len(faces) < 2:
        return
    if (share := faces[1].square.side / faces[0].square.side) > SECOND_FACE:
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
    return Face(points, presence, yaw, pitch, roll, view_of(yaw), canthal / rules.outer_canthal_mm)


def _pose(points: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return yaw, pitch, roll in degrees, with the signs of :class:`Face`.

    Roll is the outer eye corners' line. Yaw and pitch are those of the plane through temples,
    forehead and chin, once the head is level.
    """
    roll = angle_of(points[OUTER_EYE_LEFT, :2] - points[OUTER_EYE_RIGHT, :2])
    level = np.column_stack((points[:, :2] @ rotation(roll), points[:, 2]))
    across = level[TEMPLE_LEFT] - level[TEMPLE_RIGHT]
    down = level[CHIN_BOTTOM] - level[FOREHEAD_TOP]
    x, y, z = np.cross(across, down)  # away from the camera, into the head
    yaw = np.arctan2(-x, abs(z))
    pitch = np.degrees(np.arctan2(y, np.hypot(x, z))) - NEUTRAL_PITCH_DEG
    return float(np.degrees(yaw)), float(pitch), float(np.degrees(roll))


def view_of(yaw_deg: float) -> View:
    """Looking to the subject's left shows the subject's right side."""
    if abs(yaw_deg) <= FRONTAL_YAW_DEG:
        return View.FRONTAL
    return View.RIGHT if yaw_deg > 0 else View.LEFT

"""What stands in the room when a photo is taken: sitter, pose, lamps, and the camera's place.

Camera frame in mm: x to the right, y down, z away from the viewer. Left and right of a sitter are
the subject's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin.body import Part
from skinscore_training.skin.canvas import Canvas, Plane
from skinscore_training.skin.face_mesh import HeadSurface
from skinscore_training.skin.hair import Hair


@dataclass(frozen=True, slots=True)
class Pose:
    """How the head is turned; signs as in skinscore.imaging.types.Face."""

    yaw_deg: float = 0.0  # positive: looks to the subject's left
    pitch_deg: float = 0.0  # positive: looks up
    roll_deg: float = 0.0  # positive: leans clockwise in the picture


@dataclass(frozen=True, slots=True)
class Lamp:
    """One light, far away."""

    towards: tuple[float, float, float]  # from the face to the lamp, camera frame; any length
    colour: tuple[float, float, float]  # linear sRGB irradiance on a surface facing it
    size_mm: float  # softness of its shadows on the skin


@dataclass(frozen=True, slots=True)
class Lighting:
    """All light of a photo."""

    lamps: tuple[Lamp, ...]
    sky: tuple[float, float, float]  # linear sRGB irradiance from all around


@dataclass(frozen=True, slots=True)
class Framing:
    """The camera's place and raster."""

    height: int = 1400
    width: int = 1160
    px_per_mm: float = 5.2  # at the plane of the face
    distance_mm: float = 900.0


@dataclass(frozen=True, slots=True, eq=False)
class Sitter:
    """A patient ready to be photographed."""

    head: HeadSurface
    parts: tuple[Part, ...]  # ears, neck
    skin: Canvas  # the canvas of the maps below
    albedo: NDArray[np.float32]  # (S, S, 3) linear sRGB of bare skin
    height: Plane  # (S, S) mm, relief on the skin
    roughness: Plane  # (S, S) 0.1 wet .. 0.6 matte
    oil: Plane  # (S, S) strength of the surface reflection, 1 usual
    paint: NDArray[np.float32]  # (S, S, 3) linear sRGB of eyes, brows, lashes
    cover: Plane  # (S, S) 0..1
    open_sky: Plane  # (S, S) 0..1
    scatter: float  # width of the subsurface blur, 1 is the table
    hair: Hair
    hair_colour: tuple[float, float, float]
    garment: tuple[float, float, float]
    body_albedo: tuple[float, float, float]  # of ears and neck

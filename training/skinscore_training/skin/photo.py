"""Photograph a sitter: pose, perspective, cast shadows, light on relief, lens and sensor.

Camera frame in mm: x to the right, y down, z away from the viewer. The picture is built place by
place: the rasteriser says what each pixel shows, maps are read there at the photo's own scale, and
light falls on the normal that shape and relief make together.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin import hair as scalp
from skinscore_training.skin.canvas import noise
from skinscore_training.skin.face_mesh import chart_axis
from skinscore_training.skin.raster import Sheet, rasterise, sample
from skinscore_training.skin.scene import Scene, normals, rgb
from skinscore_training.skin.studio import Framing, Lighting, Pose, Sitter

Array = NDArray[np.float64]

_PIVOT_MM: Final = np.array([0.0, 20.0, 80.0])  # where a head turns


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A photo before the camera, and where the mesh points truly fall in it."""

    radiance: NDArray[np.float32]  # (H, W, 3) linear sRGB
    landmarks: Array  # (468, 2) px


def shoot(
    sitter: Sitter, pose: Pose, lighting: Lighting, framing: Framing, rng: np.random.Generator
) -> Shot:
    """Form the image on the sensor; ``rng`` only paints the wall behind the sitter."""
    turn = rotation(pose)
    grids = _posed(sitter, turn, framing)
    sheets = [_project(grid, framing, inside) for grid, inside in grids]
    places = rasterise(sheets, framing.height, framing.width)
    scene = Scene(sitter, grids, places, lighting, framing)
    picture = scene.head() + scene.body()
    wall = _wall(lighting, framing, rng)
    seen = cv2.GaussianBlur((places.surface >= 0).astype(np.float32), (0, 0), 0.8)[..., None]
    grown = scene.grow(picture)
    landmarks = _place(sitter.head.landmarks, turn, framing)
    return Shot(
        radiance=(grown * seen + wall * (1 - seen)).astype(np.float32),
        landmarks=_to_picture(landmarks, framing),
    )


def rotation(pose: Pose) -> Array:
    """The (3, 3) matrix that turns head-frame directions into the camera frame."""
    yaw, pitch, roll = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    c, s = np.cos(yaw), np.sin(yaw)
    about_y = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    c, s = np.cos(pitch), np.sin(pitch)
    about_x = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    c, s = np.cos(roll), np.sin(roll)
    about_z = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def _place(points: Array, turn: Array, framing: Framing) -> Array:
    """Head-frame points (..., 3) to camera-frame mm, the face in the middle of the picture."""
    moved = (points - _PIVOT_MM) @ turn.T
    middle = (np.array([0.0, -18.0, 0.0]) - _PIVOT_MM) @ turn.T
    deep = np.array([0.0, 0.0, 60.0]) - _PIVOT_MM
    centre = (middle + deep @ turn.T) / 2
    return np.asarray(moved - np.array([centre[0], -44.0, middle[2]]))


def _to_picture(points: Array, framing: Framing) -> Array:
    scale = framing.px_per_mm * framing.distance_mm / (points[..., 2] + framing.distance_mm)
    centre = np.array([(framing.width - 1) / 2, (framing.height - 1) / 2])
    return np.asarray(centre + points[..., :2] * scale[..., None])


def _posed(sitter: Sitter, turn: Array, framing: Framing) -> list[tuple[Array, NDArray[np.bool_]]]:
    raised = _raise_hair(sitter)
    grids = [(raised, sitter.head.inside)]
    grids += [(part.grid, np.ones(part.grid.shape[:2], np.bool_)) for part in sitter.parts]
    return [(_place(grid, turn, framing), inside) for grid, inside in grids]


def _raise_hair(sitter: Sitter) -> Array:
    grid = sitter.head.grid
    x, y = np.meshgrid(chart_axis(), chart_axis())
    px = scalp.CANVAS.to_px(np.stack([x, y], -1)).astype(np.float32)
    outward = sample(sitter.hair.outward, px[..., 1], px[..., 0])
    locks = sample(cv2.GaussianBlur(sitter.hair.relief, (0, 0), 8), px[..., 1], px[..., 0])
    lift = scalp.THICKNESS_MM * outward * (1 + 0.15 * locks)
    return np.asarray(grid + normals(grid) * lift[..., None])


def _project(grid: Array, framing: Framing, inside: NDArray[np.bool_]) -> Sheet:
    return Sheet(
        picture=_to_picture(grid, framing), depth=grid[..., 2] + framing.distance_mm, inside=inside
    )


def _wall(lighting: Lighting, framing: Framing, rng: np.random.Generator) -> NDArray[np.float32]:
    shape = (framing.height, framing.width)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    tint = np.float32(rng.uniform(0.75, 1.0, 3) ** 0.5) * np.float32(rng.uniform(0.10, 0.45))
    vignette = 1 - 0.22 * (x**2 + y**2) + 0.12 * x * rng.choice([-1, 1])
    total = rgb(lighting.sky) + sum(rgb(lamp.colour) * 0.5 for lamp in lighting.lamps)
    cloud = 1 + 0.02 * noise(rng, shape, (500, 500), 2)
    return np.asarray(tint * total * (vignette * cloud)[..., None], np.float32)

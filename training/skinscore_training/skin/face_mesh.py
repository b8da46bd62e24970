"""The geometry of the average face, and the flat chart that its skin is drawn on.

Head frame, in millimetres: x to the subject's left (to the right of an unmirrored photo), y down,
z away from the viewer; 468 points as the face mesh model numbers them. The *chart* unrolls the head
around the middle of the face: a point is put at its angle from the forward axis, times a radius
(azimuthal equidistant projection), so that lengths on forehead, cheeks and chin are true to about a
fifth and a map drawn in chart millimetres can be laid onto the head without tearing.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore_training.rules import FACE

Array = NDArray[np.float64]

CENTRE_MM: Final = np.array([0.0, -10.0, 66.0])  # inside the head, between the ears
RADIUS_MM: Final = 84.0  # typical distance from there to the skin
SKULL_CENTRE_MM: Final = np.array([0.0, -38.0, 80.0])
SKULL_AXES_MM: Final = np.array([76.0, 112.0, 88.0])  # half width, half height, half length
GRID_STEP_MM: Final = 2.0
GRID_REACH_MM: Final = 200.0  # 136 degrees from the forward axis: well behind the ears

FACE_OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)

_TOP, _BROW_MIDDLE = 10, 9
_HAIRLINE: Final = (103, 67, 109, 10, 338, 297, 332)


@cache
def mean_face() -> Array:
    """The average face: (468, 3) float64, mm in the head frame, mirror-exact, mouth closed.

    How it was measured is told in mean_face.json beside this module.
    """
    text = files(__package__).joinpath("mean_face.json").read_text("utf-8")
    points = np.array(json.loads(text)["points_mm"], np.float64)
    points.setflags(write=False)
    return points


def forehead_raised(points: Array) -> Array:
    """The chart places (468, 2) mm of mesh points, hairline moved up as the zones have it."""
    chart = to_chart(points)
    chart[list(_HAIRLINE)] += FACE.forehead_raise * (chart[_TOP] - chart[_BROW_MIDDLE])
    return chart


def to_chart(points: Array) -> Array:
    """Unroll head-frame points (N, 3) mm onto the chart: (N, 2) mm, x to the right, y down."""
    ray = points - CENTRE_MM
    across = np.hypot(ray[:, 0], ray[:, 1])
    angle = np.arctan2(across, -ray[:, 2])
    return np.asarray(ray[:, :2] / np.maximum(across, 1e-9)[:, None] * angle[:, None] * RADIUS_MM)


def from_chart(chart: Array) -> Array:
    """Unit rays (N, 3) from the centre of the head towards chart points (N, 2) mm."""
    reach = np.hypot(chart[:, 0], chart[:, 1])
    angle = reach / RADIUS_MM
    sideways = chart / np.maximum(reach, 1e-9)[:, None] * np.sin(angle)[:, None]
    return np.column_stack([sideways, -np.cos(angle)])


@dataclass(frozen=True, slots=True, eq=False)
class HeadSurface:
    """The head as a smooth grid over the chart, and where the 468 mesh points lie on it."""

    grid: Array  # (G, G, 3) mm, head frame; row = chart y, column = chart x
    inside: NDArray[np.bool_]  # (G, G): the grid point belongs to the head
    landmarks: Array  # (468, 3) mm, head frame
    chart: Array  # (468, 2) mm: the landmarks on the chart


def chart_axis() -> Array:
    """(G,) mm: chart coordinate of the grid's rows and columns."""
    count = round(2 * GRID_REACH_MM / GRID_STEP_MM) + 1
    return np.linspace(-GRID_REACH_MM, GRID_REACH_MM, count)


def head_surface(landmarks: Array) -> HeadSurface:
    """Close 468 points (468, 3) mm to a whole smooth head (thin-plate spline over the chart).

    The chart places are those of the average face, whatever the shape of this one: a mark drawn
    at a chart place sits on the same part of every face.
    """
    anchors, skull, kernel, solver = _spline()
    values = np.vstack([landmarks, skull])
    weights = solver @ np.vstack([values, np.zeros((3, 3))])
    axis = chart_axis()
    grid = (kernel @ weights).reshape(len(axis), len(axis), 3)
    x, y = np.meshgrid(axis, axis)
    return HeadSurface(
        grid=grid,
        inside=np.hypot(x, y) <= GRID_REACH_MM,
        landmarks=landmarks,
        chart=anchors[: len(landmarks)],
    )


@cache
def _spline() -> tuple[Array, Array, Array, Array]:
    """Anchors on the chart, skull points, kernel of the grid, and the solver of the weights."""
    face = to_chart(mean_face())
    rays, chart = _skull_rays(face[list(FACE_OVAL)])
    skull = _on_skull(rays)
    anchors = np.vstack([face, chart])
    count = len(anchors)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = thin_plate(anchors, anchors)
    system[:count, :count] += 0.3 * np.eye(count)  # a touch of smoothing: the mesh is a measurement
    affine = np.column_stack([np.ones(count), anchors / RADIUS_MM])
    system[:count, count:], system[count:, :count] = affine, affine.T
    solver = np.linalg.inv(system)
    axis = chart_axis()
    x, y = np.meshgrid(axis, axis)
    nodes = np.column_stack([x.ravel(), y.ravel()])
    kernel = np.hstack([thin_plate(nodes, anchors), np.ones((len(nodes), 1)), nodes / RADIUS_MM])
    return anchors, skull, np.asarray(kernel), np.asarray(solver, np.float64)


def thin_plate(a: Array, b: Array) -> Array:
    """Thin-plate kernel between places (N, 2) and (M, 2) mm: (N, M)."""
    table = np.empty((len(a), len(b)))
    for rows in range(0, len(a), 2048):  # keeps the passing arrays small
        part = a[rows : rows + 2048]
        square = (part[:, None, 0] - b[None, :, 0]) ** 2 + (part[:, None, 1] - b[None, :, 1]) ** 2
        table[rows : rows + 2048] = 0.5 / RADIUS_MM * square * np.log(np.maximum(square, 1e-12))
    return table


def _skull_rays(oval: Array) -> tuple[Array, Array]:
    """Rays to the part of the head that the mesh does not cover, 14 mm and more off its rim."""
    spots = []
    rim = np.vstack(
        [np.linspace(oval[i - 1], oval[i], 8, endpoint=False) for i in range(len(oval))]
    )
    for reach in np.arange(80.0, 225.0, 18.0):
        for turn in np.linspace(0, 2 * np.pi, round(2 * np.pi * reach / 22), endpoint=False):
            spot = reach * np.array([np.sin(turn), -np.cos(turn)])
            nearest = rim[np.hypot(*(rim - spot).T).argmin()]
            beyond = np.hypot(*spot) > np.hypot(*nearest)
            if beyond and np.hypot(*(nearest - spot)) > 14.0:
                spots.append(spot)
    chart = np.array(spots)
    return from_chart(chart), chart


def _on_skull(rays: Array) -> Array:
    """Where rays from the centre leave the ellipsoid of the skull."""
    start = (CENTRE_MM - SKULL_CENTRE_MM) / SKULL_AXES_MM
    step = rays / SKULL_AXES_MM
    a, b, c = (step**2).sum(1), 2 * step @ start, start @ start - 1
    reach = (-b + np.sqrt(b**2 - 4 * a * c)) / (2 * a)
    return np.asarray(CENTRE_MM + rays * reach[:, None])

"""Draw grids of points as surfaces: which surface, and which place on it, each pixel shows.

Hidden parts are left out by depth. The result holds places, not colours, so that colour, relief and
light are read at the photo's own resolution and never through the coarse grid.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Plane = NDArray[np.float32]

# Triangles are filled together with others of about their size, px of the box; the grids are fine
# enough that none is larger.
_BOX_SIZES: Final = (4, 8, 12, 16, 24, 32, 64, 128)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What every pixel of a picture shows."""

    surface: NDArray[np.int16]  # (H, W): index of the surface, -1 where none
    row: Plane  # (H, W): grid row on that surface, fractional
    column: Plane  # (H, W): grid column
    depth: Plane  # (H, W): mm from the camera, inf where none


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One surface, projected."""

    picture: Array  # (R, C, 2) px
    depth: Array  # (R, C) mm from the camera
    inside: NDArray[np.bool_]  # (R, C): False cuts a hole


def rasterise(sheets: list[Sheet], height: int, width: int) -> Places:
    """Return the visible place for each pixel; triangles seen from behind are left out."""
    surface = np.full(height * width, -1, np.int16)
    row = np.zeros(height * width, np.float32)
    column = np.zeros(height * width, np.float32)
    depth = np.full(height * width, np.inf, np.float32)
    for number, sheet in enumerate(sheets):
        where, r, c, d = _cover(sheet, height, width)
        order = np.argsort(-d, kind="stable")  # far first: the nearest is written last
        where, r, c, d = where[order], r[order], c[order], d[order]
        nearest = np.full(height * width, -1, np.int64)
        nearest[where] = np.arange(len(where))
        seen = np.flatnonzero(nearest >= 0)
        pick = nearest[seen]
        nearer = d[pick] < depth[seen]
        seen, pick = seen[nearer], pick[nearer]
        surface[seen], row[seen], column[seen], depth[seen] = number, r[pick], c[pick], d[pick]
    shape = (height, width)
    return Places(
        surface=surface.reshape(shape),
        row=row.reshape(shape),
        column=column.reshape(shape),
        depth=depth.reshape(shape),
    )


def sample(field: NDArray[Any], row: Plane, column: Plane) -> Plane:
    """Read a (R, C) or (R, C, k) field at fractional rows and columns, bilinear, edges held."""
    planes = np.atleast_3d(np.asarray(field, np.float32))
    read = [
        cv2.remap(
            planes[..., k : k + 4], column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        for k in range(0, planes.shape[2], 4)
    ]
    stacked = np.concatenate([np.atleast_3d(part) for part in read], axis=2)
    return stacked[..., 0] if field.ndim == 2 else stacked


def _cover(sheet: Sheet, height: int, width: int) -> tuple[NDArray[np.int64], Plane, Plane, Plane]:
    """Every (pixel, place) pair of every front-facing triangle, unsorted."""
    rows, columns = sheet.depth.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    corners = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    )
    points = sheet.picture.reshape(-1, 2)
    corners = corners[sheet.inside.ravel()[corners].all(1)]
    p = points[corners]
    area = _cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])
    low = np.floor(p.min(1)).astype(np.int64)
    high = np.ceil(p.max(1)).astype(np.int64)
    keep = (area > 1e-6) & (high >= 0).all(1) & (low[:, 0] < width) & (low[:, 1] < height)
    corners, p, area, low, high = corners[keep], p[keep], area[keep], low[keep], high[keep]
    span = (high - low).max(1) + 1
    none = np.zeros(0, np.float32)
    parts = [(np.zeros(0, np.int64), none, none, none)]
    smaller = 0
    for size in _BOX_SIZES:
        chosen = (span <= size) & (span > smaller)
        smaller = size
        if chosen.any():
            parts.append(
                _fill(
                    sheet,
                    corners[chosen],
                    p[chosen],
                    area[chosen],
                    low[chosen],
                    size,
                    height,
                    width,
                )
            )
    where, r, c_, z = (np.concatenate(column) for column in zip(*parts, strict=True))
    return where, r, c_, z


def _fill(
    sheet: Sheet,
    corners: NDArray[np.int64],
    p: Array,
    area: Array,
    low: NDArray[np.int64],
    size: int,
    height: int,
    width: int,
) -> tuple[NDArray[np.int64], Plane, Plane, Plane]:
    """Barycentric fill of triangles whose boxes fit into ``size`` x ``size`` px."""
    step = np.arange(size)
    x = (low[:, 0, None, None] + step[None, None, :]).astype(np.float32)
    y = (low[:, 1, None, None] + step[None, :, None]).astype(np.float32)
    q = p.astype(np.float32)
    inverse = (1.0 / area).astype(np.float32)[:, None, None]

    def weight(i: int, j: int) -> Plane:
        xi, yi = q[:, i, 0, None, None], q[:, i, 1, None, None]
        dx, dy = q[:, j, 0, None, None] - xi, q[:, j, 1, None, None] - yi
        return np.asarray((dx * (y - yi) - dy * (x - xi)) * inverse, np.float32)

    w0, w1, w2 = weight(1, 2), weight(2, 0), weight(0, 1)
    slack = -1e-4
    hit = (w0 >= slack) & (w1 >= slack) & (w2 >= slack)
    hit &= (x >= 0) & (x < width) & (y >= 0) & (y < height)
    triangle, iy, ix = np.nonzero(hit)
    weights = np.stack([w0[hit], w1[hit], w2[hit]], -1)
    chosen = corners[triangle]
    columns = sheet.depth.shape[1]
    r = (weights * (chosen // columns)).sum(1).astype(np.float32)
    c = (weights * (chosen % columns)).sum(1).astype(np.float32)
    z = (weights * sheet.depth.ravel()[chosen]).sum(1).astype(np.float32)
    where = (low[triangle, 1] + iy) * width + low[triangle, 0] + ix
    return where, r, c, z


def _cross(a: Array, b: Array) -> Array:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])

"""A picture in chart millimetres: soft shapes and strokes at sub-pixel places.

The canvas is square and centred on the chart's origin. All places are (N, 2) chart mm; all results
are (S, S) float32 in 0..1.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Plane = NDArray[np.float32]

_FRACTION_BITS = 4  # OpenCV draws at 1/16 px


@dataclass(frozen=True, slots=True)
class Canvas:
    """A square window of the chart."""

    reach_mm: float  # from the centre to each side
    px_per_mm: float

    @property
    def side(self) -> int:
        return round(2 * self.reach_mm * self.px_per_mm)

    def empty(self) -> Plane:
        return np.zeros((self.side, self.side), np.float32)

    def to_px(self, chart: NDArray[np.floating]) -> Array:
        """Chart mm (N, 2) to px (N, 2), pixel centres at integers."""
        return np.asarray((chart + self.reach_mm) * self.px_per_mm - 0.5, np.float64)

    def places(self) -> tuple[Plane, Plane]:
        """x and y of every pixel in chart mm, each (S, S)."""
        axis = ((np.arange(self.side) + 0.5) / self.px_per_mm - self.reach_mm).astype(np.float32)
        x, y = np.meshgrid(axis, axis)
        return x, y

    def blur(self, plane: NDArray[np.floating], sigma_mm: float) -> Plane:
        sigma = sigma_mm * self.px_per_mm
        if sigma < 0.2:
            return np.asarray(plane, np.float32)
        return np.asarray(
            cv2.GaussianBlur(np.asarray(plane, np.float32), (0, 0), sigma), np.float32
        )

    def window(self, chart: Array, margin_mm: float) -> tuple[slice, slice]:
        """Rows and columns of the box around some places, within the canvas."""
        low = np.floor(self.to_px(chart.min(0) - margin_mm)).astype(int).clip(0, self.side - 1)
        high = np.ceil(self.to_px(chart.max(0) + margin_mm)).astype(int).clip(0, self.side - 1) + 1
        return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))

    def fill(self, outline: Array, soft_mm: float) -> Plane:
        """1 inside a closed outline, with an edge blurred by ``soft_mm``."""
        plane = np.zeros((self.side, self.side), np.uint8)
        cv2.fillPoly(plane, [self._fixed(outline)], 255, cv2.LINE_AA, _FRACTION_BITS)
        return self._soften(plane, self.window(outline, 4 * soft_mm + 1), soft_mm)

    def stroke(self, path: Array, width_mm: float, soft_mm: float) -> Plane:
        """1 along an open path of the given width, softened."""
        plane = np.zeros((self.side, self.side), np.uint8)
        width = max(1, round(width_mm * self.px_per_mm))
        cv2.polylines(plane, [self._fixed(path)], False, 255, width, cv2.LINE_AA, _FRACTION_BITS)
        return self._soften(plane, self.window(path, 4 * soft_mm + width_mm + 1), soft_mm)

    def _soften(
        self, plane: NDArray[np.uint8], window: tuple[slice, slice], soft_mm: float
    ) -> Plane:
        out = self.empty()
        out[window] = self.blur(plane[window].astype(np.float32) / 255, soft_mm)
        return out

    def hairs(self, paths: list[Array], widths_mm: Array) -> tuple[Plane, tuple[slice, slice]]:
        """Coverage by many thin hairs, within the window that holds them (returned as well).

        A hair thinner than a pixel covers it in part.
        """
        window = self.window(np.vstack(paths), 6.0)
        scale = 3  # hairs are the finest thing drawn
        rows, columns = (cut.stop - cut.start for cut in window)
        corner = np.array([window[1].start, window[0].start])
        plane = np.zeros((rows * scale, columns * scale), np.uint8)
        for path, width in zip(paths, widths_mm, strict=True):
            px = width * self.px_per_mm * scale
            fixed = np.round((self.to_px(path) - corner + 0.5) * scale * 2**_FRACTION_BITS)
            cv2.polylines(
                plane,
                [fixed.astype(np.int32)],
                False,
                int(255 * min(1.0, px)),
                max(1, round(px)),
                cv2.LINE_AA,
                _FRACTION_BITS,
            )
        small = cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32) / np.float32(255), window

    def _fixed(self, path: Array) -> NDArray[np.int32]:
        return np.asarray(np.round(self.to_px(path) * 2**_FRACTION_BITS), np.int32)


def smooth(points: Array, closed: bool, steps: int = 12) -> Array:
    """A Catmull-Rom curve through points (N, 2)."""
    count = len(points)
    around = (
        [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    )
    p = np.array(around)
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * p[i + 1]
            + (p[i + 2] - p[i]) * t
            + (2 * p[i] - 5 * p[i + 1] + 4 * p[i + 2] - p[i + 3]) * t**2
            + (3 * p[i + 1] - p[i] - 3 * p[i + 2] + p[i + 3]) * t**3
        )
        for i in range(count if closed else count - 1)
    ]
    if not closed:
        pieces.append(points[-1:])
    return np.concatenate(pieces)


def noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[float, float], octaves: int
) -> Plane:
    """Band-limited noise, mean 0 and sd 1: (rows, columns) per coarsest cell, in px."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        rows = max(2, round(shape[0] / cells[0] * 2**octave) + 2)
        columns = max(2, round(shape[1] / cells[1] * 2**octave) + 2)
        if rows > shape[0] or columns > shape[1]:
            break
        coarse = rng.standard_normal((rows, columns)).astype(np.float32)
        total += 0.6**octave * cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((total - total.mean()) / total.std(), np.float32)

"""The one place that resamples skin: similarity maps, and a warp without aliasing."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.imaging.types import Affine, Pixels

PIXEL_SIGMA: Final = 0.5  # px: a pixel seen as a Gaussian
_CERTAIN: Final = 1e-6  # px: far above what rounding moves a place


def rotation(angle: float) -> NDArray[np.float64]:
    """Return the (2, 2) matrix that turns a level vector by ``angle`` radians, clockwise."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([(cos, -sin), (sin, cos)])


def similarity(
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    angle: float,
    scale: float,
    mirror: bool,
) -> Affine:
    """Return the map that undoes ``angle``, scales, then mirrors, and takes source to target.

    Args:
        source: (2,) a point, source px.
        target: (2,) where it goes, target px.
        angle: radians, clockwise in the source; becomes level in the target.
        scale: target px per source px.
        mirror: left-right, in the target.
    """
    linear = scale * rotation(angle).T
    if mirror:
        linear[0] = -linear[0]
    return np.column_stack((linear, target - linear @ source))


def scale_of(to_target: Affine) -> float:
    """Return target px per source px of a similarity."""
    return float(np.sqrt(abs(np.linalg.det(to_target[:, :2]))))


def invert(affine: Affine) -> Affine:
    """Return the map back."""
    back = np.linalg.inv(affine[:, :2])
    return np.column_stack((back, -back @ affine[:, 2]))


def prefilter_sigma(scale: float) -> float:
    """Return the blur in source px that a reduction to ``scale`` needs; 0 when it enlarges.

    The source is sharp to ``PIXEL_SIGMA`` of its own px and should end at ``PIXEL_SIGMA`` of the
    larger target px; variances of Gaussians add: ``sigma = 0.5 * sqrt(1 / scale**2 - 1)``.
    """
    return PIXEL_SIGMA * float(np.sqrt(max(0.0, 1.0 / scale**2 - 1.0)))


def warp(pixels: Pixels, to_target: Affine, shape: tuple[int, int]) -> Pixels:
    """Return ``pixels`` (H, W, 3) as seen through ``to_target``, (shape, 3).

    Gaussian prefilter on the part that is needed, then one bilinear resampling; beyond the border
    the last pixel repeats.
    """
    sigma = prefilter_sigma(scale_of(to_target))
    radius = int(np.ceil(3.0 * sigma))
    back = invert(to_target)
    height, width = shape
    corners = np.array([(-1, -1), (width, -1), (width, height), (-1, height)])
    source = corners @ back[:, :2].T + back[:, 2]
    left, right = _span(source[:, 0], radius, pixels.shape[1])
    top, bottom = _span(source[:, 1], radius, pixels.shape[0])
    part = pixels[top:bottom, left:right]
    if radius:
        side = 2 * radius + 1
        part = cv2.GaussianBlur(part, (side, side), sigma, borderType=cv2.BORDER_REPLICATE)  # type: ignore[assignment]
    shifted = np.column_stack((back[:, :2], back[:, 2] - (left, top)))
    return np.asarray(
        cv2.warpAffine(
            part,
            shifted,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def inside_source(
    source: tuple[int, int], to_target: Affine, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return where a target pixel's middle lies on the source; ``source`` is (height, width)."""
    back = invert(to_target)

    def beyond(axis: int, x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.float64]:
        """Source px past the border."""
        size = source[1 - axis]
        place = back[axis, 0] * x + back[axis, 1] * y + back[axis, 2]
        return np.asarray(np.abs(place - (size - 1) / 2) - size / 2)

    y, x = np.ogrid[: shape[0], : shape[1]]
    corners = (x[:, [0, -1]], y[[0, -1]])
    if max(beyond(0, *corners).max(), beyond(1, *corners).max()) < -_CERTAIN:
        return np.ones(shape, np.bool_)  # the source is convex: what lies between is inside too
    return (beyond(0, x, y) <= 0) & (beyond(1, x, y) <= 0)


def _span(values: NDArray[np.float64], margin: int, size: int) -> tuple[int, int]:
    """Return the part of 0..size that ``values`` and a margin need; never empty."""
    low = int(np.clip(np.floor(values.min()) - margin, 0, size - 1))
    high = int(np.clip(np.ceil(values.max()) + margin + 1, low + 1, size))
    return low, high

"""A rectangle of skin and the marks that are laid on it: points, discs, smooth noise.

Marks are placed on the CPU, once per subject; what depends on light and camera is computed from
the finished maps on any device.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]
Floats = NDArray[np.float64]
Value = TypeVar("Value", bound=np.generic)

# Widths that points are drawn with, mm (standard deviation). A width between two classes is shared
# between them, so that a map of thousands of marks costs six blurs.
SIGMA_CLASSES_MM: Final = (0.12, 0.25, 0.5, 1.0, 2.0, 4.0)
_WIDE_PX: Final = 5.0  # standard deviation from which a blur shows nothing of single pixels


@dataclass(frozen=True, slots=True)
class Sheet:
    """The raster: shape in px, scale in mm per px."""

    height: int
    width: int
    mm_per_px: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width


def as_map(values: Any) -> Map:
    """Return ``values`` as float32; OpenCV's own types say less than it returns."""
    return np.asarray(values, np.float32)


def blur(image: Map, sigma_px: float) -> Map:
    """Gaussian blur of a (H,W) or (H,W,C) map; the border is reflected.

    Wide blurs are made on a raster of half the pixels a side, where that divides the map; points
    then move by half a pixel at most.
    """
    if sigma_px < 0.15:
        return image
    height, width = image.shape[:2]
    halved = sigma_px >= _WIDE_PX and height % 2 == width % 2 == 0
    if halved:
        image = as_map(cv2.resize(image, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
        # The line between two means spreads by 0.75 px^2; that they stand half a pixel off, by
        # another 0.25, is not counted.
        sigma_px = float(np.sqrt(sigma_px**2 - 0.75)) / 2
    size = 2 * int(np.ceil(3 * sigma_px)) + 1
    soft = cv2.GaussianBlur(image, (size, size), sigma_px, borderType=cv2.BORDER_REFLECT_101)
    if halved:
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return as_map(soft)


def scatter(sheet: Sheet, xy: Floats, mass: Floats) -> Map:
    """Add ``mass`` (n,) at ``xy`` (n,2; px, pixel centres at integers) with bilinear shares."""
    # On a raster that is one pixel larger all around, what falls outside needs no second look.
    low, high = -1.0, np.array([sheet.width, sheet.height], np.float64)
    inside = ((xy >= low) & (xy < high)).all(1)
    xy, mass = xy[inside], mass[inside]
    corner = np.floor(xy)
    right, down = (xy - corner).T
    width = sheet.width + 2
    index = ((corner[:, 1] + 1) * width + corner[:, 0] + 1).astype(np.int64)
    lower, upper = mass * down, mass * (1 - down)
    out = np.bincount(
        np.concatenate([index, index + 1, index + width, index + width + 1]),
        np.concatenate([upper * (1 - right), upper * right, lower * (1 - right), lower * right]),
        minlength=width * (sheet.height + 2),
    )
    return out.reshape(sheet.height + 2, width)[1:-1, 1:-1].astype(np.float32)


def splat(sheet: Sheet, xy: Floats, volume: Floats, sigma_mm: Floats) -> Map:
    """Add one Gaussian per point, of the given volume under it.

    Args:
        xy: (n,2) px.
        volume: (n,) integral of the Gaussian over the plane, unit * mm^2.
        sigma_mm: (n,) standard deviation; between two classes of :data:`SIGMA_CLASSES_MM` the
            point is shared between both.

    Returns:
        (H,W) float32 in the unit of the volume per mm^2. Marks smaller than a pixel keep their
        volume and lose their height, as they do under a lens.
    """
    classes = np.array(SIGMA_CLASSES_MM)
    place = np.interp(np.log(sigma_mm), np.log(classes), np.arange(classes.size))
    out = np.zeros(sheet.shape, np.float32)
    for number, sigma in enumerate(classes):
        share = np.clip(1 - np.abs(place - number), 0, 1)
        used = share > 0
        if used.any():
            mass = (volume * share)[used] / sheet.mm_per_px**2
            out += blur(scatter(sheet, xy[used], mass), float(sigma) / sheet.mm_per_px)
    return out


@dataclass(frozen=True, slots=True)
class Discs:
    """Flat-topped marks with a soft, irregular outline. All arrays (n,)."""

    x: Floats  # px
    y: Floats
    radius_mm: Floats
    edge_mm: Floats  # width of the border, 0 to full
    aspect: Floats  # long over short axis
    angle: Floats  # of the long axis, rad
    ragged: Floats  # relative amplitude of the outline's harmonics
    phase: Floats
    value: Floats


_PATCHES: Final = (
    3,
    5,
    7,
    10,
    14,
    20,
    28,
    40,
    64,
    128,
)  # half sides, px, that discs are drawn on together


def lay_discs(sheet: Sheet, discs: Discs) -> Map:
    """Return the (H,W) sum of ``value`` times coverage."""
    px = sheet.mm_per_px
    stretch = np.sqrt(discs.aspect)
    reach = (1 + 2 * discs.ragged) * discs.radius_mm * stretch + discs.edge_mm / 2 * stretch + px
    near_x = (discs.x > -reach / px) & (discs.x < sheet.width + reach / px)
    near_y = (discs.y > -reach / px) & (discs.y < sheet.height + reach / px)
    out = np.zeros(sheet.height * sheet.width)
    smallest = np.searchsorted(_PATCHES, reach / px)
    for number, half in enumerate(_PATCHES):
        fits = np.minimum(smallest, len(_PATCHES) - 1) == number
        chosen = np.flatnonzero(fits & near_x & near_y)
        if chosen.size:
            index, value = _patches(sheet, discs, chosen, half)
            out += np.bincount(index, value, minlength=out.size)
    return out.reshape(sheet.shape).astype(np.float32)


def _patches(
    sheet: Sheet, discs: Discs, chosen: NDArray[np.int64], half: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Evaluate discs on square patches; return flat pixel indices and values."""

    def column(name: str) -> NDArray[np.float32]:
        values: NDArray[np.float32] = getattr(discs, name)[chosen].astype(np.float32)
        return values[:, None, None]

    across = np.arange(-half, half + 1, dtype=np.int32)
    left = np.rint(discs.x[chosen]).astype(np.int32)[:, None, None] + across[None, None, :]
    top = np.rint(discs.y[chosen]).astype(np.int32)[:, None, None] + across[None, :, None]
    px = np.float32(sheet.mm_per_px)
    # Whole numbers less float32 would be float64, and all that follows twice as slow.
    dx = (left.astype(np.float32) - column("x")) * px
    dy = (top.astype(np.float32) - column("y")) * px
    c, s, stretch = np.cos(column("angle")), np.sin(column("angle")), np.sqrt(column("aspect"))
    u, v = (c * dx + s * dy) / stretch, (c * dy - s * dx) * stretch
    distance = np.sqrt(u * u + v * v)
    outline = column("radius_mm")
    if half > 7:  # the outline of a smaller mark is not seen
        sharp = 1 / np.maximum(distance, 1e-3)
        p, q, phase = u * sharp, v * sharp, column("phase")
        twice = 2 * p * q * np.cos(phase) + (p * p - q * q) * np.sin(phase)
        thrice = (3 - 4 * q * q) * q * np.cos(2 * phase) + (4 * p * p - 3) * p * np.sin(2 * phase)
        outline = outline * (1 + column("ragged") * (twice + 0.7 * thrice))
    t = np.clip((outline - distance) / np.maximum(column("edge_mm"), px) + 0.5, 0, 1)
    value = column("value") * t * t * (3 - 2 * t)
    used = (t > 0) & (left >= 0) & (left < sheet.width) & (top >= 0) & (top < sheet.height)
    return (top * sheet.width + left)[used], value[used]


def smooth_noise(
    rng: np.random.Generator, sheet: Sheet, wavelength_mm: float, roughness: float = 0.5
) -> Map:
    """Return (H,W) noise of about zero mean and unit variance.

    Args:
        wavelength_mm: of the largest blotches; two octaves follow.
        roughness: amplitude of each octave relative to the one before.
    """
    # Coarse noise is made on a coarse raster and enlarged once.
    shrink = 4 if wavelength_mm / 8 / sheet.mm_per_px > 4 else 1
    height, width = (int(np.ceil(size / shrink)) for size in sheet.shape)
    out = np.zeros((height, width), np.float32)
    total = 0.0
    for octave in range(3):
        step = wavelength_mm / 2**octave / 2 / sheet.mm_per_px / shrink  # px between two values
        if step < 1:
            break
        rows, columns = (int(np.ceil(size / step)) + 3 for size in (height, width))
        coarse = rng.standard_normal((rows, columns), np.float32)
        size = (int(np.ceil(columns * step)), int(np.ceil(rows * step)))
        fine = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        left, top = (rng.random(2) * step + step).astype(int)
        out += np.float32(roughness**octave) * fine[top : top + height, left : left + width]
        total += (0.75 * roughness**octave) ** 2  # interpolation keeps about 0.75 of the spread
    if shrink > 1:
        full = (width * shrink, height * shrink)
        out = as_map(cv2.resize(out, full, interpolation=cv2.INTER_LINEAR))
    return out[: sheet.height, : sheet.width] / np.float32(np.sqrt(total))


def smooth_noise_along(
    rng: np.random.Generator, sheet: Sheet, cell_mm: float, drawn_out: float, angle: float
) -> Map:
    """Return (H,W) noise of zero mean and unit variance with cells of one size.

    Args:
        cell_mm: standard deviation of a cell across its long axis.
        drawn_out: length of a cell over its width.
        angle: of the long axis, rad.
    """
    grain = rng.standard_normal(sheet.shape, np.float32)
    sigma = cell_mm / sheet.mm_per_px
    fine = blur(grain, sigma)
    if drawn_out > 1.2:
        reach = int(np.ceil(2 * sigma * drawn_out))
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        kernel = np.exp(-((along / (sigma * drawn_out)) ** 2 + (across / sigma) ** 2) / 2)
        fine = as_map(
            cv2.filter2D(grain, -1, kernel.astype(np.float32), borderType=cv2.BORDER_REFLECT_101)
        )
    fine = fine - blur(fine, 2.5 * sigma * drawn_out)
    return fine / np.float32(max(float(fine.std()), 1e-6))


def sample(image: NDArray[Value], xy: Floats) -> NDArray[Value]:
    """Return the values of the (H,W) ``image`` at the nearest pixels of ``xy``; outside, zero."""
    x, y = np.rint(xy).astype(np.int64).T
    inside = (x >= 0) & (x < image.shape[1]) & (y >= 0) & (y < image.shape[0])
    out = np.zeros(x.size, image.dtype)
    out[inside] = image[y[inside], x[inside]]
    return out

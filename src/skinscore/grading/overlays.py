"""Where a concern was seen: the network's severity maps laid back over the photo they came from.

A severity map lives in the coordinates of its crop, coarser by a stride; a crop is one affine warp
of the photo. Undoing both puts every cell back on the skin it was computed from. Only skin inside
the outline of a zone that this photo was graded for, for this concern, is ever painted: the
picture never says more than the document. Where crops overlap the higher severity is kept: a mark
that one crop saw is not thinned out by another that cuts it off.

Pixel centres are whole numbers throughout, as in OpenCV.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import Assessment
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.grading.examination import Examination, SeverityMap
from skinscore.imaging.encode import to_png
from skinscore.imaging.types import Affine, Mask

Severity = NDArray[np.float32]  # (H, W), 0..1, higher is worse; 0 outside the graded zones
Rgba = NDArray[np.uint8]  # (H, W, 4), straight (not premultiplied) alpha
Polygon = tuple[tuple[float, float], ...]  # (x, y) in photo px, closed, no point repeated

# Skin of every tone is some orange. These three lie away from it, and from each other, in normal
# vision and in both kinds of red-green blindness (a test measures it in CIE L*a*b*).
COLOURS: Final[Mapping[Concern, tuple[int, int, int]]] = MappingProxyType(
    {
        Concern.ACNE_SCARRING: (0, 90, 255),
        Concern.WRINKLES: (182, 255, 0),
        Concern.PIGMENTATION: (0, 200, 255),
    }
)
FULL_ALPHA: Final = 0.75  # opacity at severity 1: the skin stays visible under the paint
MARK_LEVEL: Final = 0.5  # a mark outlines skin on the upper half of the scale
MARK_TOLERANCE_PX: Final = 1.0  # largest distance between a mark and its simplified outline


def severity_in_photo(examination: Examination, photo: int, concern: Concern) -> Severity:
    """Return how severe ``concern`` is at every pixel of a photo.

    Args:
        examination: the photos of a visit with their maps.
        photo: index into ``examination.photos``.
        concern: which of the maps' three layers.

    Returns:
        (H, W) float32 of the photo's size, 0..1, higher is worse, 0 outside the zones that were
        graded in this photo for this concern.

    Raises:
        IndexError: there is no such photo.
        ValueError: the photo could not be decoded, so it has no pixels to lay a map over.
    """
    picture = examination.photos[photo]
    if picture is None:
        raise ValueError(f"photo {photo} was not decoded and has no overlay")
    severity = np.zeros((picture.height, picture.width), np.float32)
    for layer in examination.maps:
        if layer.photo == photo:
            _lay(layer, CONCERNS.index(concern), severity)
    severity[_graded(examination.assessment, photo, concern, severity.shape) == 0] = 0
    return severity


def paint(severity: Severity, concern: Concern) -> Rgba:
    """Return ``severity`` as a see-through colour layer: one colour, opacity by severity."""
    rgba = np.empty((*severity.shape, 4), np.uint8)
    rgba[..., :3] = COLOURS[concern]
    rgba[..., 3] = np.rint(np.clip(severity, 0, 1) * (255 * FULL_ALPHA))
    rgba[rgba[..., 3] == 0] = 0  # no colour hides in transparent pixels
    return rgba


def overlay_png(examination: Examination, photo: int, concern: Concern) -> bytes:
    """Return an RGBA PNG of the photo's size, transparent where nothing was seen.

    Raises: as :func:`severity_in_photo`.
    """
    return to_png(paint(severity_in_photo(examination, photo, concern), concern))


def marks(examination: Examination, photo: int, concern: Concern) -> tuple[Polygon, ...]:
    """Return outlines of the skin with a severity of at least ``MARK_LEVEL``, in photo px.

    Outer outlines only (a hole inside a mark is not cut out), simplified to within
    ``MARK_TOLERANCE_PX``, from the top of the photo down.

    Raises: as :func:`severity_in_photo`.
    """
    return outlines(severity_in_photo(examination, photo, concern))


def outlines(severity: Severity) -> tuple[Polygon, ...]:
    """Return the polygons of :func:`marks` for a severity that is already in photo coordinates."""
    marked = (severity >= MARK_LEVEL).astype(np.uint8)
    contours, _ = cv2.findContours(marked, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    simplified = (cv2.approxPolyDP(line, MARK_TOLERANCE_PX, closed=True) for line in contours)
    polygons = (
        tuple((float(x), float(y)) for x, y in line.reshape(-1, 2))
        for line in simplified
        if len(line) >= 3  # thinner than the tolerance: a dot or a stroke, no area
    )
    return tuple(sorted(polygons, key=lambda polygon: min((y, x) for x, y in polygon)))


def _graded(assessment: Assessment, photo: int, concern: Concern, shape: tuple[int, ...]) -> Mask:
    """Return (H, W) uint8, 1 inside the zones that ``photo`` was graded for, for ``concern``."""
    polygons = [
        np.rint(np.array(record.polygon)).astype(np.int32)
        for record in assessment.zones
        if record.photo == photo
        and any(grade.assessable for grade in record.grades if grade.concern is concern)
    ]
    mask = np.zeros(shape, np.uint8)
    for polygon in polygons:  # one by one: together, their overlap would count as a hole
        cv2.fillPoly(mask, [polygon], 1)
    return mask


def _lay(layer: SeverityMap, channel: int, severity: Severity) -> None:
    """Raise ``severity`` in place to the layer's values, inside the layer's mask.

    Only the part of the photo under the crop is warped: a face in a large photo is a small part
    of it.
    """
    height, width = severity.shape
    corner = layer.side_px - 0.5
    corners = np.array([(-0.5, -0.5), (corner, -0.5), (corner, corner), (-0.5, corner)])
    to_photo = cv2.invertAffineTransform(layer.to_crop)
    reached = corners @ to_photo[:, :2].T + to_photo[:, 2]
    left, top = np.maximum(np.floor(reached.min(axis=0)), 0).astype(int)
    right, bottom = np.minimum(np.ceil(reached.max(axis=0)) + 1, (width, height)).astype(int)
    if right <= left or bottom <= top:
        return
    size = (int(right - left), int(bottom - top))
    window_to_crop = layer.to_crop @ np.array([(1, 0, left), (0, 1, top), (0, 0, 1)], np.float64)
    window_to_map = _to_map(layer) @ np.vstack((window_to_crop, (0, 0, 1)))
    values = cv2.warpAffine(
        layer.values[channel],
        window_to_map,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    inside = cv2.warpAffine(
        layer.mask,
        window_to_crop,
        size,
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    window = severity[top:bottom, left:right]
    np.maximum(window, np.where(inside > 0, np.clip(values, 0, 1), 0), out=window)


def _to_map(layer: SeverityMap) -> Affine:
    """Return the affine from crop px to map cells: one cell covers ``side_px / w`` crop px."""
    _, rows, columns = layer.values.shape
    per_x, per_y = columns / layer.side_px, rows / layer.side_px
    return np.array([(per_x, 0, per_x / 2 - 0.5), (0, per_y, per_y / 2 - 0.5)], np.float64)

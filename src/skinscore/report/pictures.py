"""The photos of a visit as the page shows them: cut to the face, with overlays and outlines.

A display copy only: nothing here is ever graded. Coordinates are px of the display copy.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import PhotoRecord, ZoneRecord
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.grading.examination import Examination
from skinscore.grading.overlays import Polygon, Severity, outlines, paint, severity_in_photo
from skinscore.imaging.encode import to_jpeg, to_png
from skinscore.imaging.types import Photo, Pixels

PHOTO_SIDE_PX: Final = 1400  # longest side of the display copy
OVERLAY_SIDE_PX: Final = 700  # maps are coarse; the browser scales them up with the photo
MARGIN: Final = 0.25  # around the zones, as a share of their larger side
JPEG_QUALITY: Final = 85


@dataclass(frozen=True, slots=True)
class Outline:
    """One zone on the photo."""

    zone: Zone
    polygon: Polygon
    label: tuple[float, float]  # centre of its area


@dataclass(frozen=True, slots=True)
class Layer:
    """One concern on the photo."""

    concern: Concern
    png: str  # data URI, stretched over the whole picture
    marks: tuple[Polygon, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """One photo of the visit; ``jpeg`` is None when the photo could not be decoded."""

    number: int  # from 1, as the reader counts
    record: PhotoRecord
    width: int
    height: int
    jpeg: str | None  # data URI
    outlines: tuple[Outline, ...]
    layers: tuple[Layer, ...]  # in the order of CONCERNS; empty when nothing was graded in it


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a photo that is shown: a box of whole photo px, and the scale it is shown at."""

    left: int
    top: int
    width: int
    height: int
    scale: float  # display px per photo px, at most 1

    @classmethod
    def around(cls, photo: Photo, zones: tuple[ZoneRecord, ...]) -> Self:
        """Return the window around ``zones`` with a margin; the whole photo without zones."""
        left, top, right, bottom = 0, 0, photo.width, photo.height
        if zones:
            points = np.concatenate([np.array(record.polygon) for record in zones])
            low, high = points.min(axis=0), points.max(axis=0)
            margin = MARGIN * float((high - low).max())
            left, top = (int(max(edge, 0)) for edge in np.floor(low - margin))
            right, bottom = (int(edge) for edge in np.ceil(high + margin))
            right, bottom = min(right, photo.width), min(bottom, photo.height)
        width, height = right - left, bottom - top
        return cls(left, top, width, height, min(1.0, PHOTO_SIDE_PX / max(width, height)))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on display, px."""
        return max(round(self.width * self.scale), 1), max(round(self.height * self.scale), 1)

    def cut_pixels(self, pixels: Pixels) -> Pixels:
        return np.asarray(_shrink(self._box(pixels), self.size), np.uint8)

    def cut_severity(self, severity: Severity) -> Severity:
        width, height = self.size
        share = min(1.0, OVERLAY_SIDE_PX / max(width, height))
        size = (max(round(width * share), 1), max(round(height * share), 1))
        return np.asarray(_shrink(self._box(severity), size), np.float32)

    def cut_polygon(self, polygon: Polygon) -> Polygon:
        return tuple(
            (round((x - self.left) * self.scale, 1), round((y - self.top) * self.scale, 1))
            for x, y in polygon
        )

    def _box(self, array: NDArray[Any]) -> NDArray[Any]:
        return array[self.top : self.top + self.height, self.left : self.left + self.width]


def pictures(examination: Examination) -> tuple[Picture, ...]:
    """Return every photo of the examination, in order, ready to be shown."""
    return tuple(_picture(examination, index) for index in range(len(examination.photos)))


def _picture(examination: Examination, index: int) -> Picture:
    photo, record = examination.photos[index], examination.assessment.photos[index]
    if photo is None:
        return Picture(index + 1, record, 1, 1, None, (), ())
    zones = tuple(zone for zone in examination.assessment.zones if zone.photo == index)
    window = Window.around(photo, zones)
    width, height = window.size
    return Picture(
        number=index + 1,
        record=record,
        width=width,
        height=height,
        jpeg=_data_uri("image/jpeg", to_jpeg(window.cut_pixels(photo.pixels), JPEG_QUALITY)),
        outlines=tuple(_outline(zone, window) for zone in zones),
        layers=tuple(_layer(examination, index, concern, window) for concern in CONCERNS)
        if zones
        else (),
    )


def _layer(examination: Examination, index: int, concern: Concern, window: Window) -> Layer:
    severity = severity_in_photo(examination, index, concern)
    rgba = paint(window.cut_severity(severity), concern)
    marks = tuple(window.cut_polygon(polygon) for polygon in outlines(severity))
    return Layer(concern, _data_uri("image/png", to_png(rgba)), marks)


def _outline(record: ZoneRecord, window: Window) -> Outline:
    polygon = window.cut_polygon(record.polygon)
    moments = cv2.moments(np.array(polygon, np.float32))
    if moments["m00"] == 0:  # no area: a zone seen edge-on
        x, y = np.array(polygon).mean(axis=0)
    else:
        x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    return Outline(record.zone, polygon, (round(float(x), 1), round(float(y), 1)))


def _shrink(array: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if (array.shape[1], array.shape[0]) == size:
        return np.ascontiguousarray(array)
    return np.asarray(cv2.resize(array, size, interpolation=cv2.INTER_AREA))


def _data_uri(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"

"""The one path from bytes to crops that training, evaluation, archive and service share."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skinscore.domain.zones import Zone
from skinscore.imaging.crops import cut, cut_close_up
from skinscore.imaging.decode import decode
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.gate import Passed, limits_passed
from skinscore.imaging.quality import PhotoQuality, measure, measure_close_up
from skinscore.imaging.rules import DecodeRules, FaceRules, GateLimits, Geometry
from skinscore.imaging.types import Crop, Face, Photo, ZoneRegion
from skinscore.imaging.zones import zone_regions


@dataclass(frozen=True, slots=True, eq=False)
class PreparedPhoto:
    """Everything that is known of a photo before the network sees its crops."""

    photo: Photo
    face: Face | None  # None for a close-up
    regions: Mapping[Zone, ZoneRegion]  # every zone; the one zone of a close-up
    quality: PhotoQuality
    passed: tuple[Passed, ...]  # limits, see skinscore.imaging.gate
    crops: tuple[Crop, ...]  # in the contract's order; the tiles of a close-up


@dataclass(frozen=True, slots=True)
class Preparer:
    """Decodes, finds, measures and cuts under one set of rules. Use from any thread."""

    finder: FaceFinder
    decode: DecodeRules
    face: FaceRules
    geometry: Geometry
    gate: GateLimits

    def prepare(self, data: bytes) -> PreparedPhoto:
        """Decode and prepare the photo of a face; raises as the two steps do."""
        return self.of_face(self.photo(data))

    def prepare_close_up(self, data: bytes, zone: Zone, px_per_mm: float) -> PreparedPhoto:
        """Decode and prepare a close-up; raises as the two steps do."""
        return self.of_close_up(self.photo(data), zone, px_per_mm)

    def photo(self, data: bytes) -> Photo:
        """Return the photo in the file ``data``.

        Raises:
            PhotoRefused: the file cannot be used at all.
        """
        return decode(data, self.decode)

    def of_face(self, photo: Photo) -> PreparedPhoto:
        """Prepare the photo of a face.

        Raises:
            PhotoRefused: the face cannot be used at all. Limits of the gate do not raise; they
                stand in ``passed``.
        """
        face = self.finder.find(photo)
        regions = zone_regions(face, self.face)
        quality = measure(photo, face, regions)
        passed = limits_passed(quality, self.gate)
        crops = cut(photo, face, self.face, self.geometry)
        return PreparedPhoto(photo, face, regions, quality, passed, crops)

    def of_close_up(self, photo: Photo, zone: Zone, px_per_mm: float) -> PreparedPhoto:
        """Prepare a photo that the skin of ``zone`` fills, upright as on the face.

        Args:
            zone: with the subject's side.
            px_per_mm: of the upright photo.
        """
        right, bottom = photo.width - 0.5, photo.height - 0.5
        frame = np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)])
        region = ZoneRegion(zone, frame, facing=1.0, far_side=False)
        quality = measure_close_up(photo, region, px_per_mm)
        passed = limits_passed(quality, self.gate)
        crops = cut_close_up(photo, zone, px_per_mm, self.geometry)
        return PreparedPhoto(photo, None, {zone: region}, quality, passed, crops)

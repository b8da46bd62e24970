"""Measures against limits: which were passed, and what that blocks.

Geometry (turned away, outside the picture, covered) always blocks: there is nothing to grade.
Quality (pixels, blur, light) blocks under gate ``strict`` and warns under ``warn``. A code for the
whole photo says that no zone of it can be graded; a code for a zone speaks of that zone only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.imaging.quality import PhotoQuality, ZoneQuality
from skinscore.imaging.rules import GateLimits

GEOMETRY_CODES: Final = frozenset({"zone_out_of_view", "zone_out_of_frame", "zone_occluded"})
ALL: Final = CONCERNS
RELIEF: Final = (Concern.ACNE_SCARRING, Concern.WRINKLES)  # told by fine shadows

# When every zone that can be seen at all has the first code, the photo has the second.
WHOLE_PHOTO: Final = {
    "zone_shadow": "too_dark",
    "zone_glare": "overexposed",
    "zone_blurred": "blurred",
}


@dataclass(frozen=True, slots=True)
class Passed:
    """One limit that was passed."""

    code: str
    zone: Zone | None  # None: the whole photo
    concerns: tuple[Concern, ...]  # that cannot be graded for it
    measured: float
    limit: float


@dataclass(frozen=True, slots=True)
class Blocks:
    """The codes that stand against one concern in one zone."""

    geometry: tuple[str, ...]  # decisive under every gate
    quality: tuple[str, ...]  # decisive under gate strict


def limits_passed(quality: PhotoQuality, limits: GateLimits) -> tuple[Passed, ...]:
    """Return every limit that was passed: the photo's own, then zone by zone.

    A zone that geometry rules out is not judged further: its pixels may be another zone's.
    """
    by_zone = {zone: tuple(_of_zone(row, quality, limits)) for zone, row in quality.zones.items()}
    seen = [rows for rows in by_zone.values() if GEOMETRY_CODES.isdisjoint(_codes(rows))]
    whole = [row for rows in seen for row in rows if row.code in WHOLE_PHOTO]
    rows = [*_of_photo(quality, limits)]
    for zone_code, code in WHOLE_PHOTO.items():
        same = [row for row in whole if row.code == zone_code]
        if seen and len(same) == len(seen):
            nearest = min(same, key=lambda row: abs(row.measured - row.limit))
            rows.append(Passed(code, None, ALL, nearest.measured, nearest.limit))
    return (*rows, *(row for zone_rows in by_zone.values() for row in zone_rows))


def photo_blocks(passed: Iterable[Passed]) -> tuple[str, ...]:
    """Return the codes that refuse the whole photo under gate ``strict``."""
    return tuple(row.code for row in passed if row.zone is None and row.concerns == ALL)


def zone_blocks(passed: Iterable[Passed], zone: Zone, concern: Concern) -> Blocks:
    """Return the codes that stand against ``concern`` in ``zone``, the photo's own included."""
    codes = [row.code for row in passed if row.zone in (zone, None) and concern in row.concerns]
    return Blocks(
        geometry=tuple(code for code in codes if code in GEOMETRY_CODES),
        quality=tuple(code for code in codes if code not in GEOMETRY_CODES),
    )


def least_px_per_mm(concern: Concern, limits: GateLimits) -> float:
    """Return the resolution on the skin below which the concern is not graded."""
    if concern in RELIEF:
        return limits.min_px_per_mm_relief
    return limits.min_px_per_mm_pigmentation


def _of_photo(quality: PhotoQuality, limits: GateLimits) -> Iterator[Passed]:
    if quality.pose is not None:
        pose_limits = (limits.max_yaw_deg, limits.max_pitch_deg, limits.max_roll_deg)
        codes = ("pose_yaw", "pose_pitch", "pose_roll")
        for code, angle, limit in zip(codes, quality.pose, pose_limits, strict=True):
            if abs(angle) > limit:
                yield Passed(code, None, ALL, angle, limit)
    if quality.px_per_mm < (limit := limits.min_px_per_mm_pigmentation):
        yield Passed("face_too_small", None, ALL, quality.px_per_mm, limit)
    if quality.median_chroma < (limit := limits.min_median_chroma):
        yield Passed("not_colour", None, (Concern.PIGMENTATION,), quality.median_chroma, limit)


def _of_zone(zone: ZoneQuality, quality: PhotoQuality, limits: GateLimits) -> Iterator[Passed]:
    geometry = tuple(_geometry(zone, quality, limits))
    yield from geometry or _light_and_detail(zone, limits)


def _geometry(zone: ZoneQuality, quality: PhotoQuality, limits: GateLimits) -> Iterator[Passed]:
    yaw = abs(quality.pose[0]) if quality.pose is not None else 0.0
    if zone.facing < limits.min_facing:
        yield Passed("zone_out_of_view", zone.zone, ALL, zone.facing, limits.min_facing)
    elif zone.far_side and yaw > limits.max_far_side_yaw_deg:
        yield Passed("zone_out_of_view", zone.zone, ALL, yaw, limits.max_far_side_yaw_deg)
    if (share := zone.in_frame_fraction) < limits.min_in_frame_fraction:
        yield Passed("zone_out_of_frame", zone.zone, ALL, share, limits.min_in_frame_fraction)
    # Of a zone outside the picture nothing can be hidden: glasses to take off would be no help.
    if zone.in_frame_fraction and (share := zone.visible_fraction) < limits.min_visible_fraction:
        yield Passed("zone_occluded", zone.zone, ALL, share, limits.min_visible_fraction)


def _light_and_detail(zone: ZoneQuality, limits: GateLimits) -> Iterator[Passed]:
    if zone.px_per_mm < (limit := least_px_per_mm(Concern.PIGMENTATION, limits)):
        yield Passed("zone_too_small", zone.zone, ALL, zone.px_per_mm, limit)
    elif zone.px_per_mm < (limit := least_px_per_mm(Concern.WRINKLES, limits)):
        yield Passed("zone_too_small", zone.zone, RELIEF, zone.px_per_mm, limit)
    if zone.sharpness < (limit := limits.min_sharpness):
        yield Passed("zone_blurred", zone.zone, ALL, zone.sharpness, limit)
    if zone.median_lightness < (limit := limits.min_median_lightness):
        yield Passed("zone_shadow", zone.zone, ALL, zone.median_lightness, limit)
    if zone.clipped_fraction > (limit := limits.max_clipped_fraction):
        yield Passed("zone_glare", zone.zone, ALL, zone.clipped_fraction, limit)
    elif zone.glare_fraction > (limit := limits.max_glare_fraction):
        yield Passed("zone_glare", zone.zone, ALL, zone.glare_fraction, limit)


def _codes(rows: Iterable[Passed]) -> set[str]:
    return {row.code for row in rows}

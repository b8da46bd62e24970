"""Photo, Face -> crops: squares at a fixed scale, level with the eyes, with zone masks.

Left sides are mirrored inside the same map that cuts them, so that the network sees right sides
only. Close-ups have no face to align to: they are tiled at the same scale.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from skinscore.domain.zones import Zone
from skinscore.imaging.rules import CropPlan, FaceRules, Geometry
from skinscore.imaging.types import Affine, Crop, Face, Mask, Photo, Points
from skinscore.imaging.warp import inside_source, rotation, similarity, warp
from skinscore.imaging.zones import draw_masks, excluded_areas, half_outline, zone_regions

MAX_CLOSE_UP_TILES: Final = 16  # the middle first; 4 x 4 tiles of 6 cm are more than a face


def cut(photo: Photo, face: Face, rules: FaceRules, geometry: Geometry) -> tuple[Crop, ...]:
    """Return the crops of ``geometry``, in its order.

    A zone that lies outside the photo or the crop has an empty mask.
    """
    regions = zone_regions(face, rules)
    excluded = excluded_areas(face)
    shape = (geometry.side_px, geometry.side_px)
    crops = []
    for plan in geometry.crops:
        outline = np.vstack([half_outline(face, rules, zone, plan.half) for zone in plan.zones])
        to_crop = _to_crop(outline, face, plan, geometry.side_px)
        outlines = {zone: regions[zone].polygon for zone in plan.zones}
        masks = draw_masks(outlines, excluded, to_crop, shape)
        crops.append(_crop(photo, plan, to_crop, masks, geometry))
    return tuple(crops)


def cut_close_up(
    photo: Photo, zone: Zone, px_per_mm: float, geometry: Geometry
) -> tuple[Crop, ...]:
    """Return tiles that cover a close-up of ``zone``, the middle of the picture first.

    The first crop plan that shows the zone gives scale, mirror and slot; the other slots stay
    empty. At most ``MAX_CLOSE_UP_TILES`` tiles are cut.

    Args:
        photo: a picture filled by skin of one zone, upright as on the face.
        zone: with the subject's side.
        px_per_mm: of the photo.
        geometry: the contract's.
    """
    plan = next(plan for plan in geometry.crops if zone in plan.zones)
    side = geometry.side_px
    scale = 1.0 / (plan.mm_per_px * px_per_mm)
    places = [
        (x, y)
        for y in _tile_centres(photo.height * scale, side)
        for x in _tile_centres(photo.width * scale, side)
    ]
    middle = np.array((photo.width, photo.height)) * scale / 2
    places.sort(key=lambda place: float(np.hypot(*(np.array(place) - middle))))
    full = {zone: np.full((side, side), 255, np.uint8)}
    crops = []
    for place in places[:MAX_CLOSE_UP_TILES]:
        # Tiles are laid out from the picture's corner; pixel centres lie at whole numbers.
        source = np.array(place) / scale - 0.5
        to_crop = similarity(source, np.full(2, (side - 1) / 2), 0.0, scale, plan.mirror)
        crops.append(_crop(photo, plan, to_crop, full, geometry))
    return tuple(crops)


def _to_crop(outline: Points, face: Face, plan: CropPlan, side: int) -> Affine:
    """Centre the levelled bounding box of ``outline`` at the plan's scale."""
    angle = float(np.radians(face.roll_deg))
    level = outline @ rotation(angle)
    centre = rotation(angle) @ ((level.min(axis=0) + level.max(axis=0)) / 2)
    scale = 1.0 / (plan.mm_per_px * face.px_per_mm)
    return similarity(centre, np.full(2, (side - 1) / 2), angle, scale, plan.mirror)


def _crop(
    photo: Photo, plan: CropPlan, to_crop: Affine, masks: Mapping[Zone, Mask], geometry: Geometry
) -> Crop:
    """Return the crop with its masks in the plan's slots, without what lies outside the photo."""
    shape = (geometry.side_px, geometry.side_px)
    inside = inside_source((photo.height, photo.width), to_crop, shape)
    slots = np.zeros((geometry.slots, *shape), np.uint8)
    for slot, zone in enumerate(plan.zones):
        if zone in masks:
            slots[slot] = np.where(inside, masks[zone], 0)
    return Crop(plan.name, plan.zones, warp(photo.pixels, to_crop, shape), slots, to_crop)


def _tile_centres(length: float, side: int) -> list[float]:
    """Return centres of evenly spread tiles that cover ``length``; one in the middle if it fits.

    Of more than ``MAX_CLOSE_UP_TILES`` only the middle ones: no other can be among those cut.
    """
    if length <= side:
        return [length / 2]
    count = int(np.ceil(length / side))
    step = (length - side) / (count - 1)
    spare = max(0, count - MAX_CLOSE_UP_TILES) // 2
    return [
        side / 2 + step * number
        for number in range(spare, min(count, spare + MAX_CLOSE_UP_TILES + 1))
    ]

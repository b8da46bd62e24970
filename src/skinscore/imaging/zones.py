"""Face -> where each zone lies, and the masks of its gradable skin.

A zone is a closed polygon of mesh points (along edges of the published FACE_LANDMARKS_TESSELATION,
Apache-2.0). Sides are the subject's. Masks are drawn from the polygons under any affine map, so the
photo and every crop get theirs from the same code. Lids, brows and lips are never graded: they are
cut out of every mask.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import ZONES, Side, Zone
from skinscore.imaging.rules import FaceRules
from skinscore.imaging.types import Affine, Face, Mask, Points, ZoneRegion

# The mesh numbers the subject's right half 0-247 and its mirror image 248-467 in the same order;
# these points lie on the midline.
MIDLINE: Final = (0, 1, 2, 4, 5, 6, *range(8, 20), 94, 151, 152, 164, 168, 175, 195, 197, 199, 200)


def _mirror_map() -> tuple[int, ...]:
    right = [index for index in range(248) if index not in MIDLINE]
    mirror = list(range(468))
    for one, other in zip(right, range(248, 468), strict=True):
        mirror[one], mirror[other] = other, one
    return tuple(mirror)


MIRROR: Final = _mirror_map()  # point i of a mirrored photo is point MIRROR[i]

# fmt: off
# Right and midline zones, clockwise on a frontal face, so that one normal serves all.
_DRAWN: Final[Mapping[Zone, tuple[int, ...]]] = {
    Zone.FOREHEAD: (10, 338, 297, 332, 284, 298, 293, 334, 296, 336, 9,
                    107, 66, 105, 63, 68, 54, 103, 67, 109),
    Zone.GLABELLA: (9, 336, 285, 417, 168, 193, 55, 107),
    Zone.TEMPLE_RIGHT: (54, 68, 71, 139, 34, 127, 162, 21),
    Zone.CROWS_FEET_RIGHT: (226, 31, 111, 116, 227, 34, 139, 156, 124, 113),
    Zone.UNDER_EYE_RIGHT: (31, 228, 229, 230, 231, 232, 233, 128, 121, 120, 119, 118, 117, 111),
    Zone.NOSE: (168, 417, 351, 412, 343, 437, 420, 429, 358, 331, 294, 327, 326,
                2, 97, 98, 64, 102, 129, 209, 198, 217, 114, 188, 122, 193),
    Zone.CHEEK_RIGHT: (116, 111, 117, 118, 119, 120, 100, 142, 203, 206, 216, 212, 214, 192, 213,
                       147, 123),
    Zone.NASOLABIAL_RIGHT: (129, 102, 64, 98, 165, 92, 186, 57, 212, 216, 206, 203),
    Zone.LOWER_CHEEK_RIGHT: (147, 213, 192, 214, 212, 202, 210, 169, 150, 136, 172, 58, 132, 93,
                             137, 177),
    Zone.MARIONETTE_RIGHT: (57, 61, 43, 204, 211, 170, 169, 210, 202, 212),
    Zone.UPPER_LIP: (2, 326, 327, 391, 322, 410, 287, 291, 409, 270, 269, 267,
                     0, 37, 39, 40, 185, 61, 57, 186, 92, 165, 98, 97),
    Zone.CHIN: (18, 313, 406, 335, 273, 424, 431, 395, 378, 400, 377,
                152, 148, 176, 149, 170, 211, 204, 43, 106, 182, 83),
}
_BROW: Final = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
_EYE_RING: Final = (226, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25)
_LID_TO_BROW: Final = (33, 246, 161, 160, 159, 158, 157, 173, 133, 55, 65, 52, 53, 46)
_LIPS: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0,
                37, 39, 40, 185)
_HAIRLINE: Final = (103, 67, 109, 10, 338, 297, 332)  # raised: the mesh stops below the hair
# fmt: on
_TOP, _BROW_MIDDLE = 10, 9
_TEMPLE_RIGHT, _TEMPLE_LEFT = 234, 454

BROW_MARGIN: Final = 0.02  # of the face's width
LIP_MARGIN: Final = 0.01

_SHIFT: Final = 4  # cv2 draws polygons with 1/16 px


def mirrored(indices: Sequence[int]) -> tuple[int, ...]:
    """Return the same points on the other side."""
    return tuple(MIRROR[index] for index in indices)


ZONE_POINTS: Final[Mapping[Zone, tuple[int, ...]]] = MappingProxyType(
    {
        zone: mirrored(_DRAWN[zone.mirrored]) if zone.side == Side.LEFT else _DRAWN[zone]
        for zone in ZONES
    }
)


def zone_regions(face: Face, rules: FaceRules) -> dict[Zone, ZoneRegion]:
    """Return every zone's outline, facing and side of a turned head."""
    points = _raised(face, rules)
    regions = {}
    for zone, indices in ZONE_POINTS.items():
        outline = points[list(indices)]
        normal = _newell(outline)
        # A mirrored outline runs the other way round.
        sign = -1.0 if zone.side == Side.LEFT else 1.0
        facing = sign * normal[2] / np.linalg.norm(normal)
        averted = Side.LEFT if face.yaw_deg > 0 else Side.RIGHT
        regions[zone] = ZoneRegion(zone, outline[:, :2], float(facing), zone.side == averted)
    return regions


def half_outline(
    face: Face, rules: FaceRules, zone: Zone, half: Literal["whole", "right", "left"]
) -> Points:
    """Return the outline of ``zone``, or the part of a midline zone on one side of the midline."""
    indices = ZONE_POINTS[zone]
    if half == "right":
        indices = tuple(index for index in indices if index < 248)
    elif half == "left":
        indices = tuple(index for index in indices if index in MIDLINE or index >= 248)
    return _raised(face, rules)[list(indices), :2]


def excluded_areas(face: Face) -> tuple[Points, ...]:
    """Return polygons (photo px) that cover brows, lids, the skin between them, and the lips."""
    xy = face.points[:, :2]
    width = float(np.linalg.norm(face.points[_TEMPLE_LEFT] - face.points[_TEMPLE_RIGHT]))
    areas: list[Points] = []
    for side in (lambda ring: ring, mirrored):
        areas += _dilated(_hull(xy[list(side(_BROW))]), BROW_MARGIN * width)
        areas.append(xy[list(side(_EYE_RING))])
        areas.append(_hull(xy[list(side(_LID_TO_BROW))]))
    areas += _dilated(xy[list(_LIPS)], LIP_MARGIN * width)
    return tuple(areas)


def draw_masks(
    polygons: Mapping[Zone, Points],
    excluded: Sequence[Points],
    to_target: Affine,
    shape: tuple[int, int],
) -> dict[Zone, Mask]:
    """Return each polygon less ``excluded``, drawn where ``to_target`` maps photo px.

    Args:
        polygons: (N, 2) photo px each.
        excluded: polygons in photo px, e.g. of :func:`excluded_areas`.
        to_target: photo px -> target px.
        shape: (height, width) of the target.

    Returns:
        (height, width) per zone, 255 where its gradable skin lies, else 0.
    """
    gradable = np.full(shape, 255, np.uint8)
    for area in _mapped(excluded, to_target):
        cv2.fillPoly(gradable, [area], 0, shift=_SHIFT)
    masks = {}
    for zone, outline in zip(polygons, _mapped([*polygons.values()], to_target), strict=True):
        mask = np.zeros(shape, np.uint8)
        cv2.fillPoly(mask, [outline], 255, shift=_SHIFT)
        masks[zone] = mask & gradable
    return masks


def zone_mask(region: ZoneRegion, excluded: Sequence[Points], shape: tuple[int, ...]) -> Mask:
    """Return the mask on the photo itself; ``shape`` is (height, width, ...) of its pixels."""
    polygons = {region.zone: region.polygon}
    return draw_masks(polygons, excluded, np.eye(2, 3), (shape[0], shape[1]))[region.zone]


def _mapped(polygons: Sequence[Points], to_target: Affine) -> list[NDArray[np.int32]]:
    """Return the polygons on the target, in the fixed point numbers that OpenCV draws with."""
    if not polygons:
        return []
    target = np.vstack(polygons) @ to_target[:, :2].T + to_target[:, 2]
    fixed = np.round(target * (1 << _SHIFT)).astype(np.int32)
    return np.split(fixed, np.cumsum([len(polygon) for polygon in polygons])[:-1])


def _raised(face: Face, rules: FaceRules) -> NDArray[np.float64]:
    """Return the points with the hairline moved up by a share of the brow-to-top vector."""
    points = face.points.copy()
    points[list(_HAIRLINE)] += rules.forehead_raise * (points[_TOP] - points[_BROW_MIDDLE])
    return points


def _newell(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area vector of a closed, perhaps not flat, polygon (N, 3)."""
    centred = outline - outline.mean(axis=0)
    return np.asarray(np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0) / 2)


def _hull(points: Points) -> Points:
    return np.asarray(cv2.convexHull(points.astype(np.float32))[:, 0], np.float64)


def _dilated(ring: Points, radius: float) -> list[Points]:
    """Return polygons whose union is ``ring`` grown by ``radius``: itself and a band per edge."""
    angles = np.arange(16) * (2 * np.pi / 16)
    circle = radius * np.column_stack((np.cos(angles), np.sin(angles)))
    closed = np.vstack((ring, ring[:1]))
    bands = [_hull(np.vstack((start + circle, end + circle))) for start, end in pairwise(closed)]
    return [ring, *bands]

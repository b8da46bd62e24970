"""Brows, eyes, nostrils, lips, hair and background around a zone, and the shape of the face."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin.distractors import Skin
from skinscore_training.skin.outlines import Placement, falls_on, features, fill
from skinscore_training.skin.sheet import Floats, Map, as_map, blur, smooth_noise
from skinscore_training.skin.streams import coin, log_uniform

# Bumps of the face: x, y (mm, right side), half-widths x, y (mm), height mm; mirrored when x != 0.
_BUMPS: Final = np.array(
    [
        (0, 10, 8, 16, 7),
        (0, 36, 10, 11, 15),
        (-13, 43, 6, 6, 6),
        (-30, -1, 16, 9, -7),
        (-30, -21, 20, 7, 3),
        (-42, 27, 18, 14, 5),
        (-29, 52, 6, 14, -1.5),
        (0, 66, 22, 10, 5),
        (0, 84, 16, 5, -4),
        (0, 98, 16, 12, 6),
        (-30, 14, 14, 5, -1.5),
        (0, -45, 45, 25, 3),
    ]
)

_IRIS: Final = (
    (0.03, 0.015, 0.008),
    (0.06, 0.03, 0.012),
    (0.07, 0.09, 0.12),
    (0.08, 0.09, 0.05),
)  # linear


def face_shape(rng: np.random.Generator, place: Placement) -> Map:
    """Return the height (H,W; mm) of the face itself over the sheet: no pore, no line.

    Bumps are products of one curve per axis, laid without the placement's small tilt.
    """
    sheet = place.sheet
    x = _axis(sheet.width, sheet.mm_per_px) / place.spread[0] + place.centre[0]
    y = _axis(sheet.height, sheet.mm_per_px) / place.spread[1] + place.centre[1]
    strength = rng.uniform(0.6, 1.4)
    radius = rng.uniform(58, 90)
    bumps = np.concatenate([_BUMPS, _BUMPS[_BUMPS[:, 0] != 0] * (-1, 1, 1, 1, 1)])
    at_x, at_y, wide, tall, high = bumps.T[..., None]
    own = strength * high * rng.uniform(0.6, 1.4, high.shape)
    at_y = at_y + rng.normal(0, 2, at_y.shape)
    along_x = np.exp(-(((x - at_x) / wide) ** 2) / 2)
    along_y = own * np.exp(-(((y - at_y) / tall) ** 2) / 2)
    dome = -((y[:, None] - 20) ** 2) / (3.4 * radius) - x[None, :] ** 2 / (2 * radius)
    # No matrix product: its library would start threads for this little work.
    out: Map = (dome + np.einsum("gy,gx->yx", along_y, along_x)).astype(np.float32)
    return out + np.float32(0.25) * smooth_noise(rng, sheet, 30.0)


def _axis(size: int, mm_per_px: float) -> Floats:
    out: Floats = (np.arange(size, dtype=np.float64) - (size - 1) / 2) * mm_per_px
    return out


@dataclass(frozen=True, slots=True)
class Painted:
    """What is not skin: colour over it and how much of it, and where no zone can be."""

    colour: NDArray[np.float32]  # (3,H,W) linear sRGB albedo
    cover: Map  # (H,W) 0..1
    flat: Map  # (H,W) 0..1, background: lit on its own
    blocked: NDArray[np.bool_]  # (H,W) brows, lids and lips: taken out of the masks


def paint_features(
    rng: np.random.Generator, place: Placement, skin: Skin
) -> tuple[Painted, dict[str, float]]:
    """Paint the features that fall on the sheet; lips redden the skin in place."""
    sheet = place.sheet
    outlines = {name: place.to_px(points) for name, points in features().items()}
    colour = np.zeros((3, *sheet.shape), np.float32)
    cover = np.zeros(sheet.shape, np.float32)
    blocked = np.zeros(sheet.shape, bool)
    hair = _hair_colour(rng)
    eye_present = False

    def put(mask: Map, value: NDArray[np.floating]) -> None:
        window = _around(mask)
        over, own = mask[window], value.astype(np.float32)
        own = own[:, None, None] if own.ndim == 1 else own[:, *window]
        colour[:, *window] += (own - colour[:, *window]) * over
        cover[window] += over * (1 - cover[window])

    for name, outline in outlines.items():
        if not falls_on(sheet, outline):
            continue
        kind = name.split("_")[0]
        mask = fill(sheet, outline)
        if kind == "brow":
            thick = rng.uniform(0.35, 1.0)
            soft = blur(mask, rng.uniform(0.6, 1.6) / sheet.mm_per_px)
            grain = np.clip(0.75 + 0.25 * _streaks(rng, soft, 9), 0, 1)
            put(soft * grain * np.float32(thick), np.minimum(hair, 0.07 * (1 + hair)))
            blocked |= mask > 0.5
        elif kind == "eye":
            eye_present = True
            wide = cv2.dilate(
                mask, np.ones((3, 3), np.uint8), iterations=int(2.5 / sheet.mm_per_px)
            )
            blocked |= wide > 0.5
            _eye(rng, place, outline, mask, put)
        elif kind == "nostril":
            put(
                blur(mask, 0.5 / sheet.mm_per_px) * np.float32(rng.uniform(0.3, 0.9)),
                np.array([0.05, 0.015, 0.01]),
            )
            blocked |= mask > 0.5
        elif kind == "lips":
            soft = blur(mask, rng.uniform(0.4, 1.2) / sheet.mm_per_px)
            skin.blood *= np.exp(np.float32(rng.uniform(0.6, 1.8)) * soft)
            skin.melanin += np.float32(rng.uniform(0, 3)) * soft
            skin.gloss *= 1 + soft
            skin.height += np.float32(1.2) * soft
            if coin(rng, 0.25):
                put(
                    soft * np.float32(rng.uniform(0.3, 0.9)),
                    np.array(
                        [rng.uniform(0.2, 0.6), rng.uniform(0.02, 0.1), rng.uniform(0.03, 0.12)]
                    ),
                )
            gap = place.to_px(
                np.stack(
                    [
                        np.linspace(-25, 25, 24),
                        67 + rng.normal(0, 0.6) + np.cos(np.linspace(-5, 5, 24)),
                    ],
                    1,
                )
            )
            drawn = np.zeros(sheet.shape, np.uint8)
            cv2.polylines(
                drawn, [np.rint(gap * 16).astype(np.int32)], False, 255, 2, cv2.LINE_AA, 4
            )
            put(
                blur(as_map(drawn / 255), 0.4 / sheet.mm_per_px) * np.float32(0.8),
                np.array([0.05, 0.012, 0.012]),
            )
            if coin(rng, 0.3):
                blocked |= _open_mouth(rng, place, put)
            blocked |= mask > 0.4
    hair_mask = fill(sheet, outlines["hair"])
    if coin(rng, 0.2):  # hair worn over the edge of the zone
        hair_mask = np.maximum(hair_mask, _lock(rng, place))
    fringe = blur(hair_mask, rng.uniform(0.8, 3.0) / sheet.mm_per_px)
    if fringe.max() > 0.02:
        streak = _streaks(rng, fringe, 31)
        value = as_map(hair)[:, None, None] * np.exp(np.float32(0.35) * streak)
        put(np.clip(fringe * (1 + 0.5 * streak), 0, 1), value)
        blocked |= hair_mask > 0.6
    background = (
        1 - fill(sheet, outlines["face"])
        if not coin(rng, 0.1)
        else np.zeros(sheet.shape, np.float32)
    )
    background = blur(background, 0.5 / sheet.mm_per_px) * (1 - np.clip(fringe, 0, 1))
    if background.max() > 0.02:
        base = rng.uniform(0.01, 0.7) * np.exp(rng.normal(0, 0.35, 3))
        wash = np.exp(0.2 * smooth_noise(rng, sheet, 40))
        put(background, np.clip(as_map(base)[:, None, None] * wash, 0, 1))
    values = {
        "hair_light": float(hair.mean()),
        "features": float(cover.mean()),
        "eye": float(eye_present),
    }
    return Painted(colour, np.clip(cover, 0, 1), np.clip(background, 0, 1), blocked), values


def _hair_colour(rng: np.random.Generator) -> Floats:
    if coin(rng, 0.2):  # grey
        return np.full(3, rng.uniform(0.1, 0.5)) * (1.0, 0.98, 0.94)
    light = log_uniform(rng, 0.008, 0.25)
    return light * np.array([1.25, 0.8, rng.uniform(0.3, 0.7)])


def _eye(rng: np.random.Generator, place: Placement, outline: Floats, mask: Map, put) -> None:  # type: ignore[no-untyped-def]
    sheet = place.sheet
    soft = blur(mask, 0.3 / sheet.mm_per_px)
    put(soft, np.array([0.33, 0.28, 0.26]) * rng.uniform(0.4, 1.0))
    middle = (outline.min(0) + outline.max(0)) / 2
    across = (np.arange(sheet.width) - middle[0]) * sheet.mm_per_px
    down = (np.arange(sheet.height) - middle[1]) * sheet.mm_per_px + 1.0
    distance = np.sqrt(as_map(across**2)[None, :] + as_map(down**2)[:, None])
    iris = np.array(_IRIS[int(rng.integers(len(_IRIS)))]) * rng.uniform(0.5, 1.5)
    put(np.clip(6.3 - distance, 0, 1) * soft, iris)
    put(np.clip(2.6 - distance, 0, 1) * soft, np.full(3, 0.01))
    rim = np.zeros(sheet.shape, np.uint8)
    cv2.polylines(rim, [np.rint(outline * 16).astype(np.int32)], True, 255, 2, cv2.LINE_AA, 4)
    lash = blur(as_map(rim / 255), rng.uniform(0.3, 0.9) / sheet.mm_per_px)
    put(np.clip(lash * np.float32(rng.uniform(0.4, 1.2)), 0, 1), np.array([0.04, 0.02, 0.015]))
    crease = np.zeros(sheet.shape, np.uint8)
    upper = outline[:6] - (0, rng.uniform(2.5, 6) / sheet.mm_per_px)
    cv2.polylines(crease, [np.rint(upper * 16).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 4)
    put(
        blur(as_map(crease / 255), 0.4 / sheet.mm_per_px) * np.float32(rng.uniform(0, 0.7)),
        np.array([0.12, 0.05, 0.035]),
    )


def _open_mouth(rng: np.random.Generator, place: Placement, put) -> NDArray[np.bool_]:  # type: ignore[no-untyped-def]
    """A smile or an open mouth: the dark gap, teeth in its upper part. Returns where it is."""
    sheet = place.sheet
    half, drop = rng.uniform(14, 24), rng.uniform(3, 12)
    t = np.linspace(-1, 1, 16)
    middle = 66.5 + rng.normal(0, 0.6)
    top = np.stack([half * t, middle - 0.8 * (1 - t**2)], 1)
    bottom = np.stack([half * t, middle + drop * (1 - t**2)], 1)[::-1]
    gap = fill(sheet, place.to_px(np.concatenate([top, bottom])))
    put(blur(gap, 0.3 / sheet.mm_per_px), np.array([0.05, 0.015, 0.012]))
    below = top + np.array([0.0, min(drop, 9.0)])
    row = fill(sheet, place.to_px(np.concatenate([top, below[::-1]])))
    teeth = blur(row * gap, 0.3 / sheet.mm_per_px) * np.float32(rng.uniform(0.6, 1.0))
    put(teeth, np.array([0.55, 0.5, 0.42]) * rng.uniform(0.5, 1.3))
    for edge in np.arange(-half, half, rng.uniform(5, 8)):
        between = np.zeros(sheet.shape, np.uint8)
        ends = place.to_px(np.array([[edge, middle - 1], [edge, middle + 9]]))
        cv2.polylines(between, [np.rint(ends * 16).astype(np.int32)], False, 160, 1, cv2.LINE_AA, 4)
        put(as_map(between / 255) * teeth, np.array([0.12, 0.06, 0.05]))
    return np.asarray(gap > 0.3)


def _lock(rng: np.random.Generator, place: Placement) -> Map:
    """A lock of hair that hangs over the outer or upper edge of the sheet."""
    sheet = place.sheet
    yy, xx = np.mgrid[: sheet.height, : sheet.width] / sheet.width
    angle = rng.choice((rng.normal(0, 0.4), rng.normal(np.pi / 2, 0.5)))
    from_edge = xx * np.cos(angle) + yy * np.sin(angle)
    wobble = 0.04 * np.sin(7 * (yy - xx) + rng.uniform(0, 6))
    inside = rng.uniform(0.02, 0.22) + wobble - from_edge
    return as_map(np.clip(inside * 60 + 0.5, 0, 1))


def _streaks(rng: np.random.Generator, where: Map, size: int) -> Map:
    """Noise of about unit variance drawn out along one direction, as combed hair is.

    Args:
        where: (H,W), above 0 where it is asked for; outside the box around that it is 0.
        size: px, odd; the length of a streak.
    """
    kernel = np.zeros((size, size), np.float32)
    angle = rng.normal(np.pi / 2, 0.5)
    c, s = np.cos(angle) * size / 2, np.sin(angle) * size / 2
    middle = size // 2
    cv2.line(kernel, (int(middle - c), int(middle - s)), (int(middle + c), int(middle + s)), 1.0)
    kernel /= np.float32(np.sqrt((kernel**2).sum()))
    window = _around(where)
    noise = rng.standard_normal(where[window].shape, np.float32)
    out = np.zeros_like(where)
    if noise.size:
        out[window] = cv2.filter2D(noise, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    return np.clip(out, -2.5, 2.5)


def _around(mask: Map) -> tuple[slice, slice]:
    """Return the rows and columns of the box around what is above 0."""
    left, top, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
    return slice(top, top + height), slice(left, left + width)

"""The skin of a whole face on the chart: the layers of a zone crop, laid over every zone at once.

What is asked for is a score per zone and concern; what is reported is measured on what was laid,
inside the product's own zone polygons and with the same thresholds as for zone crops.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import Concern
from skinscore.domain.zones import View, Zone, ZoneKind
from skinscore.imaging.types import Face
from skinscore.imaging.zones import draw_masks, excluded_areas, zone_regions
from skinscore_training.rules import FACE
from skinscore_training.skin import distractors, labels, pigment, scars, wrinkles
from skinscore_training.skin.canvas import Array, Canvas
from skinscore_training.skin.distractors import Skin
from skinscore_training.skin.face_mesh import mean_face, to_chart
from skinscore_training.skin.frontal import to_chart_from_frontal
from skinscore_training.skin.sheet import Map, Sheet, blur, sample, smooth_noise
from skinscore_training.skin.streams import stream
from skinscore_training.skin.tissue import contrast_dilution, melanin_of_ita

CANVAS: Final = Canvas(reach_mm=132.0, px_per_mm=6.0)
SHEET: Final = Sheet(CANVAS.side, CANVAS.side, 1 / CANVAS.px_per_mm)

Scores = Mapping[Zone, Mapping[Concern, float]]  # 0..4, higher is worse

# Blood and melanin of healthy faces by place: mesh point, reach mm, blood factor, melanin factor.
_REGIONS: Final = (
    *(
        (point, reach, 1.35, 1.0)
        for point, reach in ((4, 11), (48, 6), (278, 6), (50, 19), (280, 19))
    ),
    *((point, 9.0, 1.15, 1.12) for point in (230, 450, 223, 443)),
    *((point, 14.0, 1.10, 1.06) for point in (164, 18, 199)),
)
_PORES_PER_CM2: Final = 45.0


@dataclass(frozen=True, slots=True, eq=False)
class FaceSkin:
    """The finished maps and what was measured on them."""

    maps: Skin  # (S, S) on CANVAS
    scores: Scores  # measured, every zone and concern


def lay_skin(
    seed: int, ita_deg: float, wanted: Scores, *, pigment_kinds: tuple[str, ...]
) -> FaceSkin:
    """Lay healthy skin of a tone, then lines, scars and brown marks to the wanted scores.

    Args:
        seed: of this face's skin; every layer draws from its own stream.
        ita_deg: individual typology angle of the bare skin.
        wanted: score per zone and concern; measured scores come near, and are what counts.
        pigment_kinds: of skinscore_training.skin.pigment.KINDS, laid over one another.
    """
    masks = zone_masks()
    tone = melanin_of_ita(ita_deg)
    skin, _ = distractors.bare_skin(stream(seed, "bare"), SHEET, tone)
    _colour_regions(skin)
    _grain(stream(seed, "grain"), skin)
    lines = wrinkles.joined(_lines(seed, wanted, masks))
    pits = scars.joined(_scars(seed, wanted, masks))
    excess = _pigment(seed, wanted, masks, pigment_kinds)
    dents, floors = scars.scar_relief(SHEET, pits)
    texture = Skin(*(np.zeros(SHEET.shape, np.float32) for _ in range(5)))
    rng = stream(seed, "texture")
    distractors.micro_relief(rng, SHEET, texture)
    distractors.pores(rng, SHEET, texture, _PORES_PER_CM2)
    floor = 1 - floors
    skin.height += dents + wrinkles.line_relief(SHEET, lines) + texture.height * floor
    skin.melanin += np.float32(contrast_dilution(tone)) * excess + texture.melanin * floor
    _age_scars(stream(seed, "scar colour"), skin, dents)
    scores = {zone: _measure(zone, mask, lines, pits, excess) for zone, mask in masks.items()}
    return FaceSkin(skin, scores)


def zone_masks() -> dict[Zone, NDArray[np.bool_]]:
    """The gradable skin of every zone on the canvas, by the product's own polygons."""
    points = np.column_stack([to_chart(mean_face()), np.zeros(len(mean_face()))])
    face = Face(points, 1.0, 0.0, 0.0, 0.0, View.FRONTAL, 1.0)
    scale, offset = CANVAS.px_per_mm, CANVAS.reach_mm * CANVAS.px_per_mm - 0.5
    to_canvas = np.array([[scale, 0, offset], [0, scale, offset]])
    outlines = {zone: region.polygon for zone, region in zone_regions(face, FACE).items()}
    masks = draw_masks(outlines, excluded_areas(face), to_canvas, SHEET.shape)
    return {zone: mask > 0 for zone, mask in masks.items()}


def _colour_regions(skin: Skin) -> None:
    chart = to_chart(mean_face())
    for point, reach, red, brown in _REGIONS:
        window = CANVAS.window(chart[[point]], 3 * reach)
        x, y = (axis[window] for axis in CANVAS.places())
        near = np.exp(-((x - chart[point, 0]) ** 2 + (y - chart[point, 1]) ** 2) / (2 * reach**2))
        skin.blood[window] *= (1 + (red - 1) * near).astype(np.float32)
        skin.melanin[window] *= (1 + (brown - 1) * near).astype(np.float32)


def _grain(rng: np.random.Generator, skin: Skin) -> None:
    """The fine unevenness of colour that every bare skin has, finer than bare_skin's blotches."""
    skin.blood *= np.exp(np.float32(0.09) * smooth_noise(rng, SHEET, 5.0, 0.8))
    skin.melanin *= 1 + np.float32(0.035) * smooth_noise(rng, SHEET, 3.0, 0.8)


def _to_px(points: Array) -> Array:
    return CANVAS.to_px(to_chart_from_frontal(points))


def _area(mask: NDArray[np.bool_]) -> float:
    return max(float(mask.sum()) * SHEET.mm_per_px**2, 1.0)


def _lines(
    seed: int, wanted: Scores, masks: Mapping[Zone, NDArray[np.bool_]]
) -> list[wrinkles.Lines]:
    parts = []
    for zone, mask in masks.items():
        target = wanted[zone][Concern.WRINKLES]
        if target <= 0:
            continue
        depth = float(np.interp(target, labels.SCORES, labels.WRINKLE_KNOTS[zone.kind]))
        rng = stream(seed, "lines", zone.value)
        drawn = wrinkles.draw_lines(rng, zone, target, depth, _to_px, SHEET.mm_per_px)
        inside = sample(mask, drawn.xy).astype(np.bool_)
        length, depths = drawn.length_mm[inside], drawn.depth_mm[inside]
        score = partial(_lines_score, zone.kind, length, depths, _area(mask))
        parts.append(drawn.deeper(_bisect(score, target)))
    return parts


def _scars(seed: int, wanted: Scores, masks: Mapping[Zone, NDArray[np.bool_]]) -> list[scars.Scars]:
    parts = []
    for zone, mask in masks.items():
        target = wanted[zone][Concern.ACNE_SCARRING]
        if target <= 0 or not mask.any():
            continue
        drawn = scars.draw_scars(stream(seed, "scars", zone.value), mask, target, SHEET.mm_per_px)
        inside = sample(mask, drawn.xy).astype(np.bool_)
        score = partial(_scars_score, drawn, inside, _area(mask))
        parts.append(drawn.deeper(_bisect(score, target)))
    return parts


def _lines_score(
    kind: ZoneKind, length_mm: Array, depth_mm: Array, area_mm2: float, factor: float
) -> float:
    return labels.wrinkle_score(kind, length_mm, depth_mm * factor, area_mm2)


def _scars_score(
    drawn: scars.Scars, inside: NDArray[np.bool_], area_mm2: float, factor: float
) -> float:
    return drawn.deeper(factor).score(inside, area_mm2)


def _bisect(score: Callable[[float], float], target: float) -> float:
    """The depth factor, 0.2..3, that brings a rising score to its target."""
    low, high = 0.2, 3.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) < target else (low, middle)
    return (low + high) / 2


def _pigment(
    seed: int,
    wanted: Scores,
    masks: Mapping[Zone, NDArray[np.bool_]],
    kinds: tuple[str, ...],
) -> Map:
    """One pattern over the whole face, weaker or stronger from zone to zone."""
    indices = {
        zone: float(
            np.interp(wanted[zone][Concern.PIGMENTATION], labels.SCORES, labels.PIGMENT_KNOTS)
        )
        for zone in masks
    }
    usual = float(np.mean(list(indices.values()))) / len(kinds)
    if usual <= 0:
        return np.zeros(SHEET.shape, np.float32)
    whole = np.ones(SHEET.shape, np.float32)
    pattern = np.sum(
        [
            pigment.draw_pigment(stream(seed, "pigment", kind), SHEET, whole, kind, usual)
            for kind in kinds
        ],
        0,
    )
    factor = np.zeros(SHEET.shape, np.float32)
    weight = np.zeros(SHEET.shape, np.float32)
    for zone, mask in masks.items():
        own = pigment.scaled_to(float(pattern[mask].mean()), indices[zone], (0.0, 4.0))
        factor += np.float32(own) * mask
        weight += mask
    soft, cover = blur(factor, 2.5 / SHEET.mm_per_px), blur(weight, 2.5 / SHEET.mm_per_px)
    out: Map = np.minimum(pattern * soft / np.maximum(cover, 0.25), 18).astype(np.float32)
    return out


def _age_scars(rng: np.random.Generator, skin: Skin, dents: Map) -> None:
    """Old scars are paler, young ones redder: a nuisance, never part of the label."""
    pale, young = rng.uniform(0.8, 1.05), rng.uniform(1.0, 1.4)
    cover = np.clip(blur(np.clip(-dents / 0.25, 0, 1), 0.4 / SHEET.mm_per_px), 0, 1)
    skin.melanin *= 1 + np.float32(pale - 1) * cover
    skin.blood *= 1 + np.float32(young - 1) * cover


def _measure(
    zone: Zone, mask: NDArray[np.bool_], lines: wrinkles.Lines, pits: scars.Scars, excess: Map
) -> Mapping[Concern, float]:
    near = sample(mask, pits.xy).astype(np.bool_)
    on = sample(mask, lines.xy).astype(np.bool_)
    area = _area(mask)
    return {
        Concern.ACNE_SCARRING: pits.score(near, area),
        Concern.WRINKLES: labels.wrinkle_score(
            zone.kind, lines.length_mm[on], lines.depth_mm[on], area
        ),
        Concern.PIGMENTATION: labels.pigment_score(
            float(excess[mask].mean()) if mask.any() else 0.0
        ),
    }

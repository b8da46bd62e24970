"""One subject's skin around one crop plan: maps, masks and measured grades. No light, no camera."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import Concern
from skinscore.domain.zones import ZONES, Zone, ZoneKind
from skinscore.imaging.rules import CropPlan, Geometry
from skinscore_training.skin import distractors, labels, pigment, scars, wrinkles
from skinscore_training.skin.distractors import Skin
from skinscore_training.skin.features import Painted, face_shape, paint_features
from skinscore_training.skin.outlines import Placement, fill, mean_outline, place, ragged
from skinscore_training.skin.sheet import Map, Sheet, blur, sample
from skinscore_training.skin.streams import coin, stream
from skinscore_training.skin.tissue import melanin_of_ita

# How much larger than the crop the sheet is, so that views can shift, turn and squeeze it.
MARGIN: Final = 1.35
HARD_NEGATIVES: Final = 0.1
_BEARD: Final = (ZoneKind.UPPER_LIP, ZoneKind.CHIN, ZoneKind.MARIONETTE, ZoneKind.LOWER_CHEEK)
_PORES_PER_CM2: Final[Mapping[ZoneKind, tuple[float, float]]] = {
    ZoneKind.NOSE: (40, 140),
    ZoneKind.CHEEK: (15, 80),
    ZoneKind.NASOLABIAL: (15, 80),
    ZoneKind.GLABELLA: (15, 70),
    ZoneKind.FOREHEAD: (10, 60),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the painters; the labels are measured afterwards."""

    ita_deg: float
    scores: NDArray[np.float64]  # (K + 1, 3) per slot and for the skin outside every slot
    hard_negative: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """Ground truth of one sheet; arrays (H,W) unless noted."""

    plan: CropPlan
    skin: Skin
    painted: Painted
    shape: Map  # mm, the face without relief
    masks: NDArray[np.float32]  # (K,H,W) 0 or 1
    truth: NDArray[np.float32]  # (3,H,W) 0..1 per concern
    score: NDArray[np.float32]  # (K,3); NaN where a slot is unused
    grade: NDArray[np.int8]  # (K,3); -1 where a slot is unused
    ita_deg: float
    nuisance: dict[str, float]


def draw_wanted(rng: np.random.Generator, slots: int) -> Wanted:
    """Draw tone and grades, all independent; half of the second slots follow the first."""
    hard = coin(rng, HARD_NEGATIVES)
    ita = rng.uniform(-60, 65)
    grades = rng.integers(0, 5, (slots + 1, 3))
    follows = rng.random((slots + 1, 3)) < 0.4
    follows[0] = False
    grades = np.where(follows, grades[:1], grades)
    scores = np.where(grades == 0, 0.0, grades + rng.uniform(-0.5, 0.5, grades.shape))
    faint = rng.random(grades.shape) < 0.3
    scores = np.where((grades == 0) & faint, rng.uniform(0, 0.4, grades.shape), scores)
    if hard:
        scores[:] = 0
    return Wanted(ita_deg=ita, scores=np.clip(scores, 0, 4), hard_negative=hard)


def make_subject(
    seed: int, number: int, plan: CropPlan, geometry: Geometry, wanted: Wanted | None = None
) -> Subject:
    """Make the skin of subject ``number``; ``wanted`` overrides what would be drawn."""
    side = 2 * int(np.ceil(geometry.side_px * MARGIN / 2))
    sheet = Sheet(side, side, plan.mm_per_px)

    def draws(name: str) -> np.random.Generator:
        return stream(seed, number, plan.name, name)

    if wanted is None:
        wanted = draw_wanted(draws("wanted"), geometry.slots)
    placement = place(draws("place"), plan, sheet)
    skin, nuisance = distractors.bare_skin(draws("bare"), sheet, melanin_of_ita(wanted.ita_deg))
    zones = [zone.mirrored if plan.mirror else zone for zone in plan.zones]
    masks = _masks(draws("masks"), placement, zones, geometry.slots)
    regions = np.concatenate([masks, 1 - masks.max(0, keepdims=True)])

    lines, line_truth = _wrinkles(draws, placement, zones, wanted)
    scar_list, floors = _scars(draws, sheet, skin, regions, wanted)
    excess = _pigment(draws, sheet, regions, wanted)

    nuisance |= _texture(draws, sheet, skin, zones, floors)
    skin.height += wrinkles.line_relief(sheet, lines)
    skin.melanin += excess
    nuisance |= _distract(draws, sheet, skin, placement, zones, wanted.hard_negative)
    painted, values = paint_features(draws("features"), placement, skin)
    nuisance |= values
    masks = masks * ~painted.blocked

    score = np.full((geometry.slots, 3), np.nan, np.float32)
    for slot, zone in enumerate(zones):
        score[slot] = _measure(sheet, masks[slot] > 0, zone, lines, scar_list, excess)
    grade = np.full(score.shape, -1, np.int8)
    grade[: len(zones)] = np.floor(score[: len(zones)] + 0.5).astype(np.int8)
    clear = (1 - painted.cover)[None]
    truth = np.stack(
        [
            scars.scar_map(sheet, scar_list),
            np.clip(wrinkles.line_map(sheet, lines, line_truth) / 4, 0, 1),
            np.clip(excess / 10, 0, 1),
        ]
    )
    return Subject(
        plan=plan,
        skin=skin,
        painted=painted,
        shape=face_shape(draws("shape"), placement),
        masks=masks.astype(np.float32),
        truth=(truth * clear).astype(np.float32),
        score=score,
        grade=grade,
        ita_deg=wanted.ita_deg,
        nuisance=nuisance,
    )


def _masks(
    rng: np.random.Generator, placement: Placement, zones: list[Zone], slots: int
) -> NDArray[np.float32]:
    out = np.zeros((slots, *placement.sheet.shape), np.float32)
    for slot, zone in enumerate(zones):
        outline = placement.to_px(ragged(rng, mean_outline(zone), 0.8))
        out[slot] = fill(placement.sheet, outline) > 0.5
    return out


def _wrinkles(draws, placement: Placement, zones: list[Zone], wanted: Wanted):  # type: ignore[no-untyped-def]
    """Lines of the plan's zones to their wanted score, and of their neighbours to any."""
    sheet, parts, truth = placement.sheet, [], []
    outside = draws("neighbours")
    for zone in ZONES:
        mask = fill(sheet, placement.to_px(mean_outline(zone)))
        if zone not in zones and mask.mean() < 0.01:
            continue
        target = (
            wanted.scores[zones.index(zone), 1] if zone in zones else _neighbour(outside, wanted)
        )
        if target <= 0:
            continue
        knots = labels.WRINKLE_KNOTS[zone.kind]
        depth = float(np.interp(target, labels.SCORES, knots))
        lines = wrinkles.draw_lines(
            draws(f"lines {zone}"), zone, target, depth, placement.to_px, sheet.mm_per_px
        )
        if zone in zones:
            lines = lines.deeper(_wrinkle_factor(sheet, mask > 0.5, zone.kind, lines, target))
        parts.append(lines)
        truth.append(np.interp(lines.depth_mm, knots, labels.SCORES))
    lines = wrinkles.joined(parts)
    return lines, np.concatenate(truth) if truth else np.zeros(0)


def _neighbour(rng: np.random.Generator, wanted: Wanted) -> float:
    score = float(rng.uniform(0, 4)) if coin(rng, 0.6) else 0.0
    return 0.0 if wanted.hard_negative else score


def _wrinkle_factor(
    sheet: Sheet, mask: NDArray[np.bool_], kind: ZoneKind, lines: wrinkles.Lines, target: float
) -> float:
    """Bisect the depth factor that brings the measured score to the wanted one."""
    inside = sample(mask, lines.xy)
    length, depth = lines.length_mm[inside], lines.depth_mm[inside]
    area = float(mask.sum()) * sheet.mm_per_px**2
    low, high = 0.3, 3.0
    for _ in range(12):
        middle = (low + high) / 2
        if labels.wrinkle_score(kind, length, depth * middle, max(area, 1.0)) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _scars(draws, sheet: Sheet, skin: Skin, regions: NDArray[np.float32], wanted: Wanted):  # type: ignore[no-untyped-def]
    parts = []
    for number, region in enumerate(regions):
        target = wanted.scores[number, 0]
        if target <= 0 or region.sum() < 30:
            continue
        rng = draws(f"scars {number}")
        drawn = scars.draw_scars(rng, region > 0.5, target, sheet.mm_per_px)
        area = float(region.sum()) * sheet.mm_per_px**2
        low, high = 0.2, 2.5
        for _ in range(12):
            middle = (low + high) / 2
            deeper = drawn.deeper(middle)
            inside = sample(region > 0.5, drawn.xy)
            measured = labels.scar_score(
                deeper.kind[inside], deeper.area_mm2[inside], deeper.depth_mm[inside], area
            )
            low, high = (middle, high) if measured < target else (low, middle)
        parts.append(drawn.deeper((low + high) / 2))
    every = scars.joined(parts)
    height, floors = scars.scar_relief(sheet, every)
    rng = draws("scar colour")
    # Old scars are paler, young ones redder: a nuisance, never part of the label.
    pale, young = rng.uniform(0.75, 1.1), rng.uniform(0.9, 1.6)
    cover = np.clip(blur(np.clip(-height / 0.25, 0, 1), 0.4 / sheet.mm_per_px), 0, 1)
    skin.melanin *= 1 + np.float32(pale - 1) * cover
    skin.blood *= 1 + np.float32(young - 1) * cover
    skin.height += height
    return every, floors


def _pigment(draws, sheet: Sheet, regions: NDArray[np.float32], wanted: Wanted) -> Map:  # type: ignore[no-untyped-def]
    total = np.zeros(sheet.shape, np.float32)
    for number, region in enumerate(regions):
        target = wanted.scores[number, 2]
        if target <= 0 or region.sum() < 30:
            continue
        rng = draws(f"pigment {number}")
        kinds = rng.choice(pigment.KINDS, 1 + int(coin(rng, 0.3)), replace=False)
        index = float(np.interp(target, labels.SCORES, labels.PIGMENT_KNOTS))
        part = index / len(kinds)
        layer = np.sum([pigment.draw_pigment(rng, sheet, kind, part) for kind in kinds], 0)
        soft = blur(region, 1.0 / sheet.mm_per_px)
        mean = float((layer * soft)[region > 0.5].mean())
        layer *= np.float32(pigment.scaled_to(mean, index, (0.4, 2.5)))
        total += soft * np.minimum(layer, 18)
    return total


def _texture(draws, sheet: Sheet, skin: Skin, zones: list[Zone], floors: Map) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Pores and micro-relief, which flat scar floors lack."""
    bare = Skin(
        np.zeros_like(skin.height), np.zeros_like(skin.melanin), skin.blood, skin.hair, skin.gloss
    )
    rng = draws("texture")
    values = distractors.micro_relief(rng, sheet, bare)
    low, high = _PORES_PER_CM2.get(zones[0].kind, (5, 50))
    values |= distractors.pores(rng, sheet, bare, rng.uniform(low, high))
    skin.height += bare.height * (1 - floors)
    skin.melanin += bare.melanin * (1 - floors)
    return values


def _distract(
    draws, sheet: Sheet, skin: Skin, placement: Placement, zones: list[Zone], every: bool
) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Add distractors, each with its own probability, all of them on a hard negative."""
    values = dict.fromkeys(
        ("active_acne", "red_marks", "redness", "moles", "stubble", "strands", "make_up"), 0.0
    )
    rng = draws("which")
    chance = {
        "active_acne": 0.25,
        "red_marks": 0.25,
        "redness": 0.3,
        "moles": 0.2,
        "strands": 0.15,
        "make_up": 0.25,
    }
    tools = {
        "redness": distractors.flush,
        "red_marks": distractors.red_marks,
        "active_acne": distractors.active_acne,
        "moles": distractors.moles,
        "strands": distractors.strands,
        "make_up": distractors.make_up,
    }
    for name, tool in tools.items():
        if rng.random() < (0.7 if every else chance[name]):
            values |= tool(draws(name), sheet, skin)
    if any(zone.kind in _BEARD for zone in zones) and rng.random() < 0.3:
        region = np.zeros(sheet.shape, np.float32)
        for zone in ZONES:
            if zone.kind in _BEARD:
                region = np.maximum(region, fill(sheet, placement.to_px(mean_outline(zone))))
        values |= distractors.stubble(
            draws("stubble"), sheet, skin, blur(region, 3 / sheet.mm_per_px)
        )
    return values


def _measure(
    sheet: Sheet,
    mask: NDArray[np.bool_],
    zone: Zone,
    lines: wrinkles.Lines,
    every: scars.Scars,
    excess: Map,
) -> tuple[float, float, float]:
    """The three scores of a zone, in the order of the concerns."""
    area = max(float(mask.sum()) * sheet.mm_per_px**2, 1.0)
    near = sample(mask, every.xy)
    on = sample(mask, lines.xy)
    by_concern = {
        Concern.ACNE_SCARRING: labels.scar_score(
            every.kind[near], every.area_mm2[near], every.depth_mm[near], area
        ),
        Concern.WRINKLES: labels.wrinkle_score(
            zone.kind, lines.length_mm[on], lines.depth_mm[on], area
        ),
        Concern.PIGMENTATION: labels.pigment_score(
            float(excess[mask].mean()) if mask.any() else 0.0
        ),
    }
    return tuple(by_concern[concern] for concern in Concern)  # type: ignore[return-value]

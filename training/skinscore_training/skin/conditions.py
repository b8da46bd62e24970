"""The three conditions on one sheet: painted to a wanted score, then measured for the label."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import Concern
from skinscore.domain.zones import ZONES, Zone, ZoneKind
from skinscore_training.skin import labels, pigment, scars, wrinkles
from skinscore_training.skin.outlines import Placement, falls_on, mean_outline
from skinscore_training.skin.sheet import Floats, Map, Sheet, blur, sample
from skinscore_training.skin.streams import coin

Draws = Callable[[str], np.random.Generator]  # the named streams of one subject

DISTRACTED: Final = 0.1  # of the people
GRADE_SHARES: Final = (0.36, 0.16, 0.16, 0.16, 0.16)
_BISECTIONS = 12
_DARKEST = 18.0  # % melanosomes that a lesion adds to light skin at most
_CLEAR_OF = 30  # px; a smaller region is left bare


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the painters; the labels are measured afterwards."""

    ita_deg: float
    scores: Floats  # (K+1,3) 0..4 per slot, and last for the skin outside every slot
    distracted: bool  # most distractors are laid on


@dataclass(frozen=True, slots=True)
class Conditions:
    """Ground truth, before any light."""

    lines: wrinkles.Lines
    line_score: Floats  # (n,) 0..4 of each piece of line, by its own zone's thresholds
    scars: scars.Scars
    # (H,W) % melanosomes above the skin around, as on light skin; see tissue.contrast_dilution
    excess: Map


def draw_wanted(rng: np.random.Generator, slots: int) -> Wanted:
    """Draw tone, scores and whether much distracts, all independent of each other.

    A concern's scores say nothing of another's, least of all its absence
    (docs/decisions/0022); 40 % of later regions follow the first.
    """
    distracted = coin(rng, DISTRACTED)
    tone = rng.uniform(-60, 65)
    grades = rng.choice(5, (slots + 1, 3), p=GRADE_SHARES)
    follows = rng.random(grades.shape) < 0.4
    grades = np.where(follows, grades[:1], grades)
    scores = grades + rng.uniform(-0.5, 0.5, grades.shape)
    # Most unaffected skin is bare; some carries a trace below the first threshold.
    trace = np.where(rng.random(grades.shape) < 0.3, rng.uniform(0, 0.4, grades.shape), 0.0)
    scores = np.where(grades == 0, trace, scores).clip(0, 4)
    return Wanted(tone, scores, distracted)


def paint_conditions(
    draws: Draws,
    placement: Placement,
    zones: list[Zone],
    masks: NDArray[np.float32],
    wanted: Wanted,
) -> Conditions:
    """Paint wrinkles, scars and pigment whose measured scores come near the wanted ones.

    Args:
        masks: (K,H,W) 0 or 1; the first ``len(zones)`` belong to ``zones``.
    """
    sheet = placement.sheet
    regions = np.concatenate([masks, 1 - masks.max(0, keepdims=True)])
    lines, line_score = _wrinkles(draws, placement, zones, masks, wanted)
    return Conditions(
        lines=lines,
        line_score=line_score,
        scars=_scars(draws, sheet, regions, wanted.scores[:, 0]),
        excess=_pigment(draws, sheet, regions, wanted.scores[:, 2]),
    )


def measure(
    conditions: Conditions, zone: Zone, mask: NDArray[np.bool_], mm_per_px: float
) -> tuple[float, ...]:
    """Return the scores 0..4 of ``zone`` inside ``mask`` (H,W), in the order of the concerns."""
    area = max(float(mask.sum()) * mm_per_px**2, 1.0)
    lines = conditions.lines
    near, on = sample(mask, conditions.scars.xy), sample(mask, lines.xy)
    scores = {
        Concern.ACNE_SCARRING: conditions.scars.score(near, area),
        Concern.WRINKLES: labels.wrinkle_score(
            zone.kind, lines.length_mm[on], lines.depth_mm[on], area
        ),
        Concern.PIGMENTATION: labels.pigment_score(
            float(conditions.excess[mask].mean()) if mask.any() else 0.0
        ),
    }
    return tuple(scores[concern] for concern in Concern)


def truth_maps(sheet: Sheet, conditions: Conditions) -> NDArray[np.float32]:
    """Return (3,H,W) 0..1 in the order of the concerns: scars, lines, melanin excess (1 = 10 %)."""
    drawn = wrinkles.line_map(sheet, conditions.lines, conditions.line_score)
    maps: dict[Concern, Map] = {
        Concern.ACNE_SCARRING: scars.scar_map(sheet, conditions.scars),
        Concern.WRINKLES: np.clip(drawn / 4, 0, 1),
        Concern.PIGMENTATION: np.clip(conditions.excess / 10, 0, 1),
    }
    return np.stack([maps[concern] for concern in Concern])


def _factor_to(score: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Bisect the factor at which the rising ``score`` meets ``target``."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if score(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _wrinkles(
    draws: Draws,
    placement: Placement,
    zones: list[Zone],
    masks: NDArray[np.float32],
    wanted: Wanted,
) -> tuple[wrinkles.Lines, Floats]:
    """Lines of the plan's zones to their wanted score, and of their neighbours to any."""
    sheet, neighbours = placement.sheet, draws("neighbours")
    parts, scores = [], []
    for zone in ZONES:
        if not falls_on(sheet, placement.to_px(mean_outline(zone))):
            continue
        any_score = neighbours.uniform(-2.5, 4.0)
        slot = zones.index(zone) if zone in zones else -1
        target = float(wanted.scores[slot, 1] if slot >= 0 else any_score)
        if target <= 0:
            continue
        knots = labels.WRINKLE_KNOTS[zone.kind]
        depth = float(np.interp(target, labels.SCORES, knots))
        lines = wrinkles.draw_lines(
            draws(f"lines {zone}"), zone, target, depth, placement.to_px, sheet.mm_per_px
        )
        if slot >= 0:
            factor = _wrinkle_factor(sheet, masks[slot] > 0, zone.kind, lines, target)
            lines = lines.deeper(factor)
        parts.append(lines)
        scores.append(np.interp(lines.depth_mm, knots, labels.SCORES))
    return wrinkles.joined(parts), np.concatenate([np.zeros(0), *scores])


def _wrinkle_factor(
    sheet: Sheet, mask: NDArray[np.bool_], kind: ZoneKind, lines: wrinkles.Lines, target: float
) -> float:
    inside = sample(mask, lines.xy)
    length, depth = lines.length_mm[inside], lines.depth_mm[inside]
    area = max(float(mask.sum()) * sheet.mm_per_px**2, 1.0)

    def score(factor: float) -> float:
        return labels.wrinkle_score(kind, length, depth * factor, area)

    return _factor_to(score, target, 0.3, 3.0)


def _scars(draws: Draws, sheet: Sheet, regions: NDArray[np.float32], wanted: Floats) -> scars.Scars:
    parts = []
    for number, region in enumerate(regions):
        if wanted[number] <= 0 or region.sum() < _CLEAR_OF:
            continue
        inside = region > 0
        drawn = scars.draw_scars(
            draws(f"scars {number}"), inside, float(wanted[number]), sheet.mm_per_px
        )
        counted = sample(inside, drawn.xy)
        score = _scar_score(drawn, counted, float(region.sum()) * sheet.mm_per_px**2)
        parts.append(drawn.deeper(_factor_to(score, float(wanted[number]), 0.1, 3.0)))
    return scars.joined(parts)


def _scar_score(
    drawn: scars.Scars, counted: NDArray[np.bool_], zone_mm2: float
) -> Callable[[float], float]:
    """The score of the counted scars as a function of how much deeper they are made."""

    def score(factor: float) -> float:
        return drawn.deeper(factor).score(counted, zone_mm2)

    return score


def _pigment(draws: Draws, sheet: Sheet, regions: NDArray[np.float32], wanted: Floats) -> Map:
    total = np.zeros(sheet.shape, np.float32)
    for number, region in enumerate(regions):
        if wanted[number] <= 0 or region.sum() < _CLEAR_OF:
            continue
        rng = draws(f"pigment {number}")
        kinds = rng.choice(pigment.KINDS, 1 + int(coin(rng, 0.3)), replace=False)
        index = float(np.interp(wanted[number], labels.SCORES, labels.PIGMENT_KNOTS))
        layer = np.zeros(sheet.shape, np.float32)
        for kind in kinds:
            layer += pigment.draw_pigment(rng, sheet, region, kind, index / len(kinds))
        layer *= blur(region, 1.0 / sheet.mm_per_px)
        mean = float(layer[region > 0].mean())
        total += np.minimum(
            layer * np.float32(pigment.scaled_to(mean, index, (0.4, 2.5))), _DARKEST
        )
    return total

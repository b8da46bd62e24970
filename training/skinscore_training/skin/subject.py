"""One subject's skin around one crop plan: maps, masks and measured grades. No light, no camera."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import ZONES, Zone, ZoneKind
from skinscore.imaging.rules import CropPlan, Geometry
from skinscore_training.skin import distractors, worn
from skinscore_training.skin.conditions import (
    Conditions,
    Draws,
    Wanted,
    draw_wanted,
    measure,
    paint_conditions,
    truth_maps,
)
from skinscore_training.skin.distractors import Skin
from skinscore_training.skin.features import Painted, face_shape, paint_features
from skinscore_training.skin.labels import grade_of
from skinscore_training.skin.outlines import Placement, fill, mean_outline, place, ragged
from skinscore_training.skin.scars import scar_relief
from skinscore_training.skin.sheet import Map, Sheet, blur
from skinscore_training.skin.streams import coin, log_uniform, stream
from skinscore_training.skin.tissue import contrast_dilution, melanin_of_ita
from skinscore_training.skin.wrinkles import line_relief

# How much larger than the crop the sheet is, so that views can shift, turn and squeeze it. Crops
# of 192 px lie on sheets of 256, which a Fourier transform takes in half the time of 260; of one
# view in twenty a corner lies beyond, and repeats the edge.
MARGIN: Final = 4 / 3
# A zone of which hair and features leave less than this is not graded, as in the product.
MIN_VISIBLE: Final = 0.35
_BEARD: Final = (ZoneKind.UPPER_LIP, ZoneKind.CHIN, ZoneKind.MARIONETTE, ZoneKind.LOWER_CHEEK)
_PORES_PER_CM2: Final[Mapping[ZoneKind, tuple[float, float]]] = {
    ZoneKind.NOSE: (40, 140),
    ZoneKind.CHEEK: (15, 80),
    ZoneKind.NASOLABIAL: (15, 80),
    ZoneKind.GLABELLA: (15, 70),
    ZoneKind.FOREHEAD: (10, 60),
}
# Of each distractor, in the order they are laid on. Red marks and active acne are common in those
# who come for scars, and are what is taken for scars and stains most easily.
_CHANCE: Final = {
    "redness": 0.3,
    "red_marks": 0.4,
    "active_acne": 0.4,
    "moles": 0.2,
    "strands": 0.15,
    "make_up": 0.25,
}
_CHANCE_DISTRACTED: Final = 0.7
_STUBBLE: Final = 0.45  # where a beard grows; nearly every man, whatever he shaved today
_TOOLS: Final = {
    "redness": distractors.flush,
    "red_marks": distractors.red_marks,
    "active_acne": distractors.active_acne,
    "moles": distractors.moles,
    "strands": distractors.strands,
    "make_up": distractors.make_up,
}
_WORN: Final = {"glasses": (0.12, worn.glasses), "jewellery": (0.08, worn.jewellery)}
DISTRACTORS: Final = (*_CHANCE, "stubble", *_WORN)  # by name, for renders that ask for certain ones


@dataclass(frozen=True, slots=True)
class Subject:
    """Ground truth of one sheet; arrays (H,W) unless noted."""

    plan: CropPlan
    skin: Skin
    painted: Painted
    shape: Map  # mm, the face without relief
    masks: NDArray[np.float32]  # (K,H,W) 0 or 1
    truth: NDArray[np.float32]  # (3,H,W) 0..1 per concern
    score: NDArray[np.float32]  # (K,3) 0..4; NaN where a slot is unused
    grade: NDArray[np.int8]  # (K,3) 0..4; -1 where a slot is unused
    ita_deg: float
    scatter: float  # scale of the subsurface profile, 1 is the table
    strand_albedo: float  # of hair and beard on the skin: dark, blond or grey
    nuisance: dict[str, float]


def make_subject(
    seed: int,
    number: int,
    plan: CropPlan,
    geometry: Geometry,
    wanted: Wanted | None = None,
    only: frozenset[str] | None = None,
) -> Subject:
    """Make the skin of subject ``number``.

    Every layer draws from its own stream: what is asked for below changes that layer and leaves
    the others as they are, to the last bit.

    Args:
        wanted: replaces the drawn tone and scores.
        only: which of :data:`DISTRACTORS` are laid on; None draws them by their chances.
    """
    side = 2 * int(np.ceil(geometry.side_px * MARGIN / 2))
    sheet = Sheet(side, side, plan.mm_per_px)

    def draws(name: str) -> np.random.Generator:
        return stream(seed, number, plan.name, name)

    wanted = wanted or draw_wanted(draws("wanted"), geometry.slots)
    placement = place(draws("place"), plan, sheet)
    zones = [zone.mirrored if plan.mirror else zone for zone in plan.zones]
    outlined = _masks(draws("masks"), placement, zones, geometry.slots)
    conditions = paint_conditions(draws, placement, zones, outlined, wanted)

    tone = melanin_of_ita(wanted.ita_deg)
    skin, nuisance = distractors.bare_skin(draws("bare"), sheet, tone)
    floors = _lay_on(draws, sheet, skin, conditions, contrast_dilution(tone))
    nuisance |= _texture(draws, sheet, skin, zones, floors)
    if only is None:
        only = _draw_distractors(draws("which"), zones, wanted.distracted)
    nuisance |= _distract(draws, placement, skin, only)
    painted, values = paint_features(draws("features"), placement, skin)
    for name, (_, put_on) in _WORN.items():
        if name in only:
            painted, more = put_on(draws(name), placement, painted)
            values |= more

    masks = outlined * ~painted.blocked
    masks *= (masks.sum((1, 2)) > MIN_VISIBLE * outlined.sum((1, 2)))[:, None, None]
    score = np.full((geometry.slots, 3), np.nan, np.float32)
    grade = np.full(score.shape, -1, np.int8)
    for slot, zone in enumerate(zones):
        if masks[slot].any():
            score[slot] = measure(conditions, zone, masks[slot] > 0, sheet.mm_per_px)
            grade[slot] = [grade_of(float(value)) for value in score[slot]]
    return Subject(
        plan=plan,
        skin=skin,
        painted=painted,
        shape=face_shape(draws("shape"), placement),
        masks=masks.astype(np.float32),
        truth=truth_maps(sheet, conditions) * (1 - painted.cover),
        score=score,
        grade=grade,
        ita_deg=wanted.ita_deg,
        scatter=draws("scatter").uniform(0.6, 1.1),
        strand_albedo=_strand_albedo(draws("strand albedo")),
        nuisance=nuisance | values,
    )


def _masks(
    rng: np.random.Generator, placement: Placement, zones: list[Zone], slots: int
) -> NDArray[np.float32]:
    out = np.zeros((slots, *placement.sheet.shape), np.float32)
    for slot, zone in enumerate(zones):
        outline = placement.to_px(ragged(rng, mean_outline(zone), 0.8))
        out[slot] = fill(placement.sheet, outline) > 0.5
    return out


def _lay_on(draws: Draws, sheet: Sheet, skin: Skin, conditions: Conditions, dilution: float) -> Map:
    """Put the conditions on the skin; return where scar floors are flat (H,W; 0..1)."""
    scarred, floors = scar_relief(sheet, conditions.scars)
    rng = draws("scar colour")
    # Old scars are paler, young ones redder: a nuisance, never part of the label.
    pale, young = rng.uniform(0.75, 1.1), rng.uniform(0.9, 1.6)
    cover = blur(np.clip(-scarred / np.float32(0.25), 0, 1), 0.4 / sheet.mm_per_px)
    skin.melanin = skin.melanin * (1 + np.float32(pale - 1) * cover)
    skin.melanin = skin.melanin + np.float32(dilution) * conditions.excess
    skin.blood = skin.blood * (1 + np.float32(young - 1) * cover)
    skin.height = skin.height + scarred + line_relief(sheet, conditions.lines)
    return floors


def _texture(
    draws: Draws, sheet: Sheet, skin: Skin, zones: list[Zone], floors: Map
) -> dict[str, float]:
    """Pores and micro-relief, which flat scar floors lack."""
    none = np.zeros_like(skin.height)
    bare = Skin(none.copy(), none.copy(), skin.blood, skin.hair, skin.gloss)
    rng = draws("texture")
    values = distractors.micro_relief(rng, sheet, bare)
    density = rng.uniform(*_PORES_PER_CM2.get(zones[0].kind, (5, 50)))
    values |= distractors.pores(rng, sheet, bare, density)
    skin.height = skin.height + bare.height * (1 - floors)
    skin.melanin = skin.melanin + bare.melanin * (1 - floors)
    return values


def _strand_albedo(rng: np.random.Generator) -> float:
    return rng.uniform(0.2, 0.5) if coin(rng, 0.2) else log_uniform(rng, 0.01, 0.12)


def _draw_distractors(
    rng: np.random.Generator, zones: list[Zone], distracted: bool
) -> frozenset[str]:
    """Each by its own chance; most of them where much distracts."""
    drawn = {
        name
        for name, chance in _CHANCE.items()
        if coin(rng, _CHANCE_DISTRACTED if distracted else chance)
    }
    if any(zone.kind in _BEARD for zone in zones) and coin(rng, _STUBBLE):
        drawn.add("stubble")
    drawn |= {name for name, (chance, _) in _WORN.items() if coin(rng, chance)}
    return frozenset(drawn)


def _distract(
    draws: Draws, placement: Placement, skin: Skin, only: frozenset[str]
) -> dict[str, float]:
    """Lay the named distractors on."""
    values = dict.fromkeys(DISTRACTORS, 0.0)
    for name, tool in _TOOLS.items():
        if name in only:
            values |= tool(draws(name), placement.sheet, skin)
    if "stubble" in only:
        outlines = [placement.to_px(mean_outline(zone)) for zone in ZONES if zone.kind in _BEARD]
        region = np.max([fill(placement.sheet, outline) for outline in outlines], 0)
        soft = blur(region, 3 / placement.sheet.mm_per_px)
        values |= distractors.stubble(draws("stubble"), placement.sheet, skin, soft)
    return values

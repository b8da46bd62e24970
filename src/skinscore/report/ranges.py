"""A suggestion as a page shows it: zones that differ in nothing but their place are told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skinscore.domain.suggestion import Reason, Status, Suggestion, ZoneSuggestion
from skinscore.domain.zones import Side, TreatmentZone
from skinscore.report import wording

_Words = tuple[str, ...]
_Why = tuple[Status, tuple[Reason, ...], _Words, _Words, _Words]  # see SilentZones


@dataclass(frozen=True, slots=True)
class Range:
    """A range to review, and every treatment zone that it holds for word by word."""

    zone: ZoneSuggestion  # the first of them
    places: str


@dataclass(frozen=True, slots=True)
class SilentZones:
    """Treatment zones without a range that share status, reasons, notes, referrals and advice."""

    status: Status
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    referrals: tuple[str, ...]
    advice: tuple[str, ...]
    places: str


def shown(suggestion: Suggestion | None) -> dict[str, Any]:
    """Return what the templates need of ``suggestion``; empty lists without one."""
    zones = () if suggestion is None else suggestion.zones
    advice = () if suggestion is None else suggestion.advice
    return {
        "suggestion": suggestion,
        "ranges": ranges(zones),
        "silent": silent(zones),
        "said": {row.rule_id: row for row in advice},
    }


def ranges(zones: Sequence[ZoneSuggestion]) -> tuple[Range, ...]:
    """Return the zones with a range; zones that differ in nothing but their place share one."""
    anywhere = {"zone": TreatmentZone.FOREHEAD, "side": Side.MIDLINE, "graded_zones": ()}
    groups: dict[str, list[ZoneSuggestion]] = {}
    for zone in zones:
        if zone.status is Status.SUGGESTED:
            groups.setdefault(zone.model_copy(update=anywhere).to_json(), []).append(zone)
    return tuple(
        Range(group[0], wording.treatment_places([(zone.zone, zone.side) for zone in group]))
        for group in groups.values()
    )


def silent(zones: Sequence[ZoneSuggestion]) -> tuple[SilentZones, ...]:
    """Return the zones without a range, gathered by why, in the order they first appear."""
    groups: dict[_Why, list[tuple[TreatmentZone, Side]]] = {}
    for zone in zones:
        if zone.status is not Status.SUGGESTED:
            why = (zone.status, zone.reasons, zone.notes, zone.referrals, zone.advice)
            groups.setdefault(why, []).append((zone.zone, zone.side))
    return tuple(
        SilentZones(*why, wording.treatment_places(places)) for why, places in groups.items()
    )

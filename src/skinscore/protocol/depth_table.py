"""The depth table, constructed: base range of a grade, held under the cap of a zone.

Two short lists (15 base rows, 14 zones) make all 210 rows, so that a reviewer reads 29 lines
instead of 210. Depths are device settings in mm on a 0.25 mm grid, not proven penetration.
"""

from dataclasses import dataclass

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import GRID_MM, Evidence
from skinscore.domain.zones import TreatmentZone
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import BaseRow, ZoneRule
from skinscore.protocol.vocabulary import Action


@dataclass(frozen=True, slots=True)
class Range:
    """Low and high setting, mm; ``low <= high``, both on the grid."""

    low: float
    high: float

    @property
    def pair(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class TableRow:
    """One concern of one grade in one treatment zone, before any modifier."""

    base: BaseRow
    zone: ZoneRule
    action: Action
    depth: Range | None  # None: no needling for this grade here
    override_mm: float | None  # highest override; None without a range
    evidence: Evidence | None  # None without a range
    us_label_status: str


def table_row(rules: Rulebook, concern: Concern, grade: int, zone: TreatmentZone) -> TableRow:
    """Return the row of ``concern`` (grade 0-4, higher is worse) in ``zone``."""
    place, base = rules.zone(zone), rules.row(concern, grade)
    label = rules.label(place, concern).text
    if place.cap_mm is None or place.override_mm is None:
        action = Action.NONE if base.action is Action.NONE else Action.EXCLUDE_ZONE
        return TableRow(base, place, action, None, None, None, label)
    if base.base_mm is None:
        return TableRow(base, place, base.action, None, None, None, label)
    depth = _under_cap(base.base_mm, place.cap_mm)
    override = depth.high
    if base.override_mm is not None and zone in (base.override_zones or tuple(TreatmentZone)):
        override = max(override, min(base.override_mm, place.override_mm))
    evidence = max(base.evidence, place.evidence[concern])  # the weaker: letters sort A < D
    return TableRow(base, place, base.action, depth, override, evidence, label)


def _under_cap(base_mm: tuple[float, float], cap_mm: float) -> Range:
    base_low, base_high = base_mm
    high = min(base_high, cap_mm)
    low = min(base_low, high)
    if low == high > GRID_MM and base_low < base_high:
        low = high - GRID_MM  # a cap must not turn an interval into one exact depth
    return Range(low, high)

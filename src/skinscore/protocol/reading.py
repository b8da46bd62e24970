"""The grades of a treatment zone, read from the graded zones that lie in it.

The worst grade counts. Uncertainty becomes a set of grades to reckon with: the range is taken
from the lowest of them and the referrals from the highest (M11), so that less certainty can only
lower a number and only add a referral. One missing or doubtful part makes the whole zone so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from skinscore.domain.assessment import Assessment, ConcernGrade, Gate
from skinscore.domain.concerns import Concern
from skinscore.domain.patient import Answer
from skinscore.domain.suggestion import Confirmation
from skinscore.domain.zones import TREATMENT_ZONES, ZONES, Side, TreatmentZone, Zone
from skinscore.errors import RequestRefused

Corrections = Mapping[tuple[Zone, Concern], int]


@dataclass(frozen=True, slots=True)
class Site:
    """One treatment zone on one side of the subject."""

    zone: TreatmentZone
    side: Side
    graded_zones: tuple[Zone, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One concern in one site. ``grade`` None: at least one part could not be assessed."""

    concern: Concern
    grade: int | None  # the worst, 0 none .. 4 severe
    by: Literal["photo", "clinician"] | None
    confidence: float | None  # 0..1, of the photo's grade; the least when several share the worst
    considered: tuple[int, ...]  # ascending; () when not assessable
    codes: tuple[str, ...]


SITES: Final = tuple(
    Site(zone, side, parts)
    for zone in TreatmentZone
    for side in Side
    if (parts := tuple(z for z in ZONES if z.side is side and zone in TREATMENT_ZONES[z.kind]))
)


# Graded by hand only; its side is the midline because it is treated as one area.
NECK: Final = Site(TreatmentZone.NECK, Side.MIDLINE, ())


def sites(assessment: Assessment) -> tuple[Site, ...]:
    """Return the sites of which the assessment shows at least a part, in table order."""
    shown = {record.zone for record in assessment.zones}
    return tuple(site for site in SITES if shown.intersection(site.graded_zones))


def corrections(assessment: Assessment, confirmation: Confirmation | None) -> Corrections:
    """Return the clinician's grades by zone and concern.

    Raises:
        RequestRefused: ``document_invalid``; the confirmation is of another assessment, or sets
            a grade where the photo could not be assessed.
    """
    if confirmation is None:
        return {}
    if confirmation.assessment != assessment.id:
        raise _refused("the confirmation is of another assessment", "the id of this assessment")
    for row in confirmation.grades:
        part = _part(assessment, row.zone, row.concern)
        if part is None or not part.assessable:
            raise _refused(
                f"the confirmation grades {row.concern} in {row.zone}, which was not assessable",
                "corrections of grades that the assessment holds",
            )
    return {(row.zone, row.concern): row.grade for row in confirmation.grades}


def read(
    assessment: Assessment,
    site: Site,
    concern: Concern,
    corrected: Corrections,
    low_confidence_width: int,
) -> Reading:
    """Return what the parts of ``site`` say about ``concern``."""
    parts = {zone: _part(assessment, zone, concern) for zone in site.graded_zones}
    codes = tuple(dict.fromkeys(code for part in parts.values() if part for code in part.codes))
    if assessment.gate is Gate.OFF:  # no limit was applied: nobody knows how well this was seen
        codes = (*codes, "not_gated")
    grades: list[tuple[int, float | None]] = []
    sets = []
    for zone, part in parts.items():
        if part is None or part.grade is None or not part.probabilities or not part.likely_range:
            return Reading(concern, None, None, None, (), codes)
        by_hand = corrected.get((zone, concern))
        if by_hand is not None:
            grades.append((by_hand, None))
            sets.append({by_hand})
        else:
            grades.append((part.grade, part.probabilities[part.grade]))
            sets.append(_likely(part.grade, part.likely_range, low_confidence_width))
    worst = max(grade for grade, _ in grades)
    shares = [share for grade, share in grades if grade == worst and share is not None]
    return Reading(
        concern,
        worst,
        "photo" if shares else "clinician",
        min(shares) if shares else None,
        tuple(sorted({max(combination) for combination in product(*sets)})),
        codes,
    )


def read_by_hand(concern: Concern, grade: int) -> Reading:
    """Return what the clinician saw where no photo reaches."""
    return Reading(concern, grade, "clinician", None, (grade,), ())


def resolve_stretching(considered: Iterable[int], flatten: Answer) -> tuple[int, ...]:
    """Return the scar grades to reckon with: a still photo cannot tell grade 3 from 4.

    3 that flattens and 4 that does not are settled; anything else among 3 and 4 is both.
    """
    grades = set(considered)
    settled = {(3, Answer.YES), (4, Answer.NO)}
    if any((grade, flatten) not in settled for grade in grades & {3, 4}):
        grades |= {3, 4}
    return tuple(sorted(grades))


def _likely(grade: int, likely: tuple[int, int], low_confidence_width: int) -> set[int]:
    low, high = likely
    if high - low < low_confidence_width:
        return {grade}
    return {grade, *range(low, high + 1)}


def _part(assessment: Assessment, zone: Zone, concern: Concern) -> ConcernGrade | None:
    for record in assessment.zones:
        if record.zone == zone:
            return next(row for row in record.grades if row.concern == concern)
    return None


def _refused(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("document_invalid", found, allowed, "Confirm this assessment again.")

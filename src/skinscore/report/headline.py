"""What stands beside the dial of a concern, because a mean over zones hides its worst zone.

Twelve kinds of zone make the grade of a face: two severe cheeks among ten clear ones are a mean of
"minimal". A reader who sees the dial alone must see the worst zone with it, and any reservation.
"""

from dataclasses import dataclass
from typing import Final

from skinscore.domain.assessment import Assessment, ConcernGrade, FaceGrade, Gate, ZoneRecord
from skinscore.domain.concerns import Concern
from skinscore.domain.zones import Zone
from skinscore.report import wording

MAX_NAMED: Final = 4  # places; more are counted, and stand in the table of zones


@dataclass(frozen=True, slots=True)
class Headline:
    """One concern of the face: the mean over the zones, and what the mean does not tell."""

    face: FaceGrade
    zones: int  # of the assessment
    graded: int  # zones with a grade of this concern: those behind the mean
    reserved: int  # of those, zones that passed a quality limit or whose photo did
    worst: int | None  # the highest grade of any zone; None when no zone is graded
    worst_zones: tuple[Zone, ...]  # every zone with that grade

    @property
    def worst_places(self) -> list[str]:
        """Where the worst grade is, a line each; a count when the names would fill the page."""
        places = wording.zone_places(self.worst_zones)
        return places if len(places) <= MAX_NAMED else [f"{len(self.worst_zones)} zones"]


def headlines(assessment: Assessment) -> tuple[Headline, ...]:
    """Return a headline for every concern of the face; none for a close-up."""
    return tuple(_headline(assessment, face) for face in assessment.face)


def _headline(assessment: Assessment, face: FaceGrade) -> Headline:
    rows = [(record, _of(record, face.concern)) for record in assessment.zones]
    graded = [(record, row.grade, row) for record, row in rows if row.grade is not None]
    worst = max((grade for _, grade, _ in graded), default=None)
    return Headline(
        face=face,
        zones=len(rows),
        graded=len(graded),
        reserved=sum(_reserved(assessment, record, row) for record, _, row in graded),
        worst=worst,
        worst_zones=tuple(record.zone for record, grade, _ in graded if grade == worst),
    )


def _of(record: ZoneRecord, concern: Concern) -> ConcernGrade:
    return next(row for row in record.grades if row.concern is concern)


def _reserved(assessment: Assessment, record: ZoneRecord, row: ConcernGrade) -> bool:
    """A limit was passed and the zone graded all the same; under the strict gate that cannot be.

    With the gate off a grade carries no codes: the notes, which are measured all the same, speak.
    """
    if assessment.gate is Gate.STRICT:
        return False
    return bool(row.codes) or any(
        note.photo == record.photo
        and (note.zone is None or (assessment.gate is Gate.OFF and note.zone is record.zone))
        for note in assessment.quality
    )

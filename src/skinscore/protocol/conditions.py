"""Whether a rule's condition holds at one place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from skinscore.domain.concerns import Concern
from skinscore.domain.zones import TreatmentZone
from skinscore.protocol.facts import Answers
from skinscore.protocol.rules import Condition


@dataclass(frozen=True, slots=True)
class Place:
    """What a condition sees: one treatment zone, or the patient as a whole."""

    zone: TreatmentZone | None  # None: the patient as a whole
    answers: Answers
    considered: Mapping[Concern, tuple[int, ...]]  # grades reckoned with; absent: not graded
    high_mm: float | None = None  # upper limit of the printed range; None: none, or not yet

    def present(self, concern: Concern) -> bool:
        """Return whether ``concern`` is or may be here."""
        return any(self.considered.get(concern, ()))


def holds(condition: Condition, place: Place) -> bool:
    """Return whether everything that ``condition`` asks is so at ``place``."""
    if condition.zones is not None and place.zone not in condition.zones:
        return False
    if condition.concern is not None:
        grades = place.considered.get(condition.concern, ())
        if not any(condition.grade_from <= grade <= condition.grade_to for grade in grades):
            return False
        if condition.alone and any(
            place.present(other) for other in place.considered if other is not condition.concern
        ):
            return False
    if condition.high_from_mm is not None or condition.high_to_mm is not None:
        if place.high_mm is None:
            return False
        if not (condition.high_from_mm or 0) <= place.high_mm <= (condition.high_to_mm or inf):
            return False
    return all(place.answers[fact] in wanted for fact, wanted in condition.facts.items())


def any_holds(conditions: Iterable[Condition], place: Place) -> bool:
    return any(holds(condition, place) for condition in conditions)

"""Whether a rule's condition holds at one place."""

from collections.abc import Mapping
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
    anywhere: Answers  # the same, a "yes" of any place counted: for what acts on the whole patient
    considered: Mapping[Concern, tuple[int, ...]]  # grades reckoned with; absent: not graded
    high_mm: float | None = None  # upper limit of the printed range; None: none, or not yet

    def present(self, concern: Concern) -> bool:
        """Return whether ``concern`` is or may be here."""
        return any(self.considered.get(concern, ()))


def holds(condition: Condition, place: Place) -> bool:
    """Return whether everything that ``condition`` asks is so at ``place``."""
    for fact, wanted in condition.facts.items():
        if place.answers[fact] not in wanted:
            return False
    if condition.zones is not None and place.zone not in condition.zones:
        return False
    if condition.concern is not None and not _graded(condition, condition.concern, place):
        return False
    return _deep_enough(condition, place)


def any_holds(conditions: tuple[Condition, ...], place: Place) -> bool:
    """Return whether one of ``conditions`` holds at ``place``; none at all never does."""
    return any(holds(condition, place) for condition in conditions)


def _graded(condition: Condition, concern: Concern, place: Place) -> bool:
    low, high = condition.grade_from, condition.grade_to
    if not any(low <= grade <= high for grade in place.considered.get(concern, ())):
        return False
    others = (grades for other, grades in place.considered.items() if other is not concern)
    # What may be there does not count: less certainty must not lift a referral.
    return not condition.alone or not any(grades and min(grades) > 0 for grades in others)


def _deep_enough(condition: Condition, place: Place) -> bool:
    least, most = condition.high_from_mm, condition.high_to_mm
    if least is None and most is None:
        return True
    return place.high_mm is not None and (least or 0) <= place.high_mm <= (most or inf)

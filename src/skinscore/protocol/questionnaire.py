"""The words of ``skinscore.patient/1``: which question of the rulebook each answer belongs to."""

from collections.abc import Mapping

from skinscore.protocol.facts import field_of
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import Blocking, Question, Timing


def questions(rules: Rulebook) -> Mapping[str, str]:
    """Return the question for every field that a rule reads, by the field's dotted place.

    Where several rules read one field, the first that can stop a treatment words it.
    """
    asking: list[Blocking | Timing | Question] = [*rules.stops, *rules.questions]
    words: dict[str, str] = {}
    for rule in asking:
        words.setdefault(field_of(rule.fact), rule.question)
    return words

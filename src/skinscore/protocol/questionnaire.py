"""The words of ``skinscore.patient/1``: which question of the rulebook each answer belongs to."""

from collections.abc import Mapping

from skinscore.protocol.facts import field_of
from skinscore.protocol.overlay import OWN
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import Blocking, Question, Timing


def questions(rules: Rulebook) -> Mapping[str, str]:
    """Return the question for every field that a rule reads, by the field's dotted place.

    Where several rules read one field, the first that can stop a treatment words it. What a
    clinic's overlay asks of the field stands behind it and never in its place: the shipped rules
    hear the same answer, and mean their own question.
    """
    asking: list[Blocking | Timing | Question] = [*rules.stops, *rules.questions]
    words: dict[str, list[str]] = {}
    for rule in sorted(asking, key=lambda rule: rule.id.startswith(OWN)):
        asked = words.setdefault(field_of(rule.fact), [])
        if not asked or rule.id.startswith(OWN):
            asked.append(rule.question)
    return {field: " ".join(asked) for field, asked in words.items()}

"""What stands against a depth at one place, what is still to be asked, and who comes first."""

from collections.abc import Iterable

from skinscore.domain.patient import Answer
from skinscore.domain.suggestion import OpenQuestion, Reason
from skinscore.protocol.conditions import Place, any_holds
from skinscore.protocol.facts import field_of
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import Blocking, Question, ReferralRule, Timing


def global_blocks(rules: Rulebook, patient: Place) -> tuple[Reason, ...]:
    """Return the conditions that stop every zone because they are true of the patient."""
    return tuple(
        Reason(code=rule.id, text=rule.reason)
        for rule in rules.stops
        if rule.scope == "all" and _stands(rule, patient, Answer.YES)
    )


def reasons_against(rules: Rulebook, place: Place) -> tuple[Reason, ...]:
    """Return every blocking condition that is true or unanswered at ``place``."""
    true = [
        Reason(code=rule.id, text=rule.reason)
        for rule in rules.stops
        if _stands(rule, place, Answer.YES)
    ]
    return (*true, *(_unanswered(rules, rule) for rule in _open(rules, place)))


def open_questions(rules: Rulebook, places: Iterable[Place]) -> tuple[OpenQuestion, ...]:
    """Return what is still to be asked, blocking questions first, each once."""
    asked = {
        rule.id: OpenQuestion(
            id=rule.id,
            answer=rule.fact.value,
            field=field_of(rule.fact),
            question=rule.question,
            blocking=isinstance(rule, Blocking) or rule.unknown_blocks,
        )
        for place in places
        for rule in _open(rules, place, all_questions=True)
    }
    order = [rule.id for rule in rules.stops] + [rule.id for rule in rules.questions]
    return tuple(sorted(asked.values(), key=lambda row: (not row.blocking, order.index(row.id))))


def referrals(rules: Rulebook, place: Place) -> tuple[ReferralRule, ...]:
    """Return the referral rules that fire at ``place``."""
    return tuple(rule for rule in rules.referrals if any_holds(rule.when, place))


def _open(
    rules: Rulebook, place: Place, *, all_questions: bool = False
) -> list[Blocking | Question]:
    blocking = [rule for rule in rules.stops if _stands(rule, place, Answer.UNKNOWN)]
    questions = [
        rule
        for rule in rules.questions
        if (rule.unknown_blocks or all_questions)
        and place.answers[rule.fact] in rule.answers
        and any_holds(rule.when, place)
    ]
    return [*blocking, *questions]


def _stands(rule: Blocking, place: Place, answer: Answer) -> bool:
    answers = place.anywhere if rule.scope == "all" else place.answers
    if answers[rule.fact] is not answer:
        return False
    only_with = rule.only_with if isinstance(rule, Timing) else None
    return only_with is None or place.present(only_with)


def _unanswered(rules: Rulebook, rule: Blocking | Question) -> Reason:
    text = rules.wording.unanswered.format(question=rule.question)
    return Reason(code=rule.id, text=text)

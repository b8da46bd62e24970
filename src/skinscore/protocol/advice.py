"""What to know and to do beside a range, and instead of one."""

from skinscore.domain.suggestion import Advice
from skinscore.protocol.conditions import Place, any_holds
from skinscore.protocol.rulebook import Rulebook


def zone_advice(rules: Rulebook, place: Place) -> tuple[str, ...]:
    """Return the ids of the advice that holds at ``place``; without a range, only alternatives."""
    asked = rules.alternatives if place.high_mm is None else rules.advice_of_zones
    return tuple(rule.id for rule in asked if any_holds(rule.when, place))


def course_advice(rules: Rulebook, patient: Place) -> tuple[str, ...]:
    """Return the ids of the advice about sessions, products, aftercare and the course."""
    return tuple(rule.id for rule in rules.advice_of_courses if any_holds(rule.when, patient))


def spelled_out(rules: Rulebook, rule_ids: set[str]) -> tuple[Advice, ...]:
    """Return the advice of ``rule_ids`` in the rulebook's order, each once."""
    return tuple(advice for rule_id, advice in rules.said.items() if rule_id in rule_ids)

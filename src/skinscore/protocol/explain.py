"""``explain``: from a printed number back to the rules, their inputs and their sources."""

from collections.abc import Iterable, Iterator
from typing import Final

from skinscore.domain.explanation import (
    Explanation,
    NumberExplained,
    ReasonExplained,
    ZoneExplained,
)
from skinscore.domain.suggestion import Number, Reason, RuleStep, Suggestion, ZoneSuggestion
from skinscore.errors import InternalFault
from skinscore.protocol.provenance import rules_of
from skinscore.protocol.rulebook import Rulebook

Values = tuple[float, ...]
UNITS: Final = {
    Number.DEPTH_RANGE_MM: "mm",
    Number.START_AT_MM: "mm",
    Number.CAP_MM: "mm",
    Number.OVERRIDE_CAP_MM: "mm",
    Number.OVERRIDE_MM: "mm",
    Number.INTERVAL_WEEKS: "weeks",
}


def explain(suggestion: Suggestion, *, rulebook: Rulebook | None = None) -> Explanation:
    """Return every number of ``suggestion`` with the rules that made it, in order.

    Args:
        rulebook: the rules that spoke; None: the shipped ones.

    Raises:
        RequestRefused: ``document_invalid``; the suggestion was made by other rules than these.
        InternalFault: ``internal``; a printed number is not what its steps lead to.
    """
    rules = rules_of(suggestion, rulebook)
    zones = tuple(_zone(rules, zone) for zone in suggestion.zones)
    cited = {key for zone in zones for number in zone.numbers for key in _keys(number.steps)}
    cited |= {key for zone in zones for reason in zone.reasons for key in reason.sources}
    return Explanation(
        schema="skinscore.explanation/1",
        assessment=suggestion.assessment,
        patient_digest=suggestion.patient_digest,
        rulebook=suggestion.rulebook,
        zones=zones,
        sources=rules.cite(cited),
        disclaimer=suggestion.disclaimer,
    )


def in_words(explanation: Explanation) -> Iterator[str]:
    """Yield the explanation as lines for a terminal, each number followed by its rules."""
    for zone in explanation.zones:
        yield f"{zone.zone} {zone.side}: {zone.status}"
        for reason in zone.reasons:
            yield f"  {reason.code}: {reason.text}{_basis(reason)}"
        for number in zone.numbers:
            yield f"  {number.number} = {_value(number.number, number.value)}"
            for step in number.steps:
                yield f"    {step.rule_id}{_of(step)}: {step.what}{_change(step, number.number)}"
                inputs = f"inputs {', '.join(step.inputs)}; " if step.inputs else ""
                yield f"      {inputs}evidence {step.evidence}, {step.standing}{_cited(step)}"


def _zone(rules: Rulebook, zone: ZoneSuggestion) -> ZoneExplained:
    return ZoneExplained(
        zone=zone.zone,
        side=zone.side,
        status=zone.status,
        numbers=tuple(_explained(zone, number, value) for number, value in _printed(zone)),
        reasons=tuple(_reason(rules, reason) for reason in zone.reasons),
        referrals=zone.referrals,
    )


def _printed(zone: ZoneSuggestion) -> Iterator[tuple[Number, Values]]:
    if zone.depth_range_mm is None or zone.sessions is None or zone.interval_weeks is None:
        return
    assert zone.cap_mm is not None
    assert zone.override_cap_mm is not None
    yield Number.DEPTH_RANGE_MM, zone.depth_range_mm
    if zone.start_at_mm is not None:
        yield Number.START_AT_MM, (zone.start_at_mm,)
    if zone.test_spot:
        yield Number.TEST_SPOT, (1.0,)
    yield Number.CAP_MM, (zone.cap_mm,)
    yield Number.OVERRIDE_CAP_MM, (zone.override_cap_mm,)
    if zone.override is not None:
        yield Number.OVERRIDE_MM, (zone.override.depth_mm,)
    yield Number.SESSIONS, tuple(map(float, zone.sessions))
    yield Number.INTERVAL_WEEKS, tuple(map(float, zone.interval_weeks))


def _explained(zone: ZoneSuggestion, number: Number, value: Values) -> NumberExplained:
    steps = tuple(step for step in zone.rules if value_after(step, number) is not None)
    if not steps or value_after(steps[-1], number) != value:
        raise InternalFault(
            "internal",
            f"{number} of {zone.zone} {zone.side} is printed without the steps that lead to it",
            "the last step of a number is what is printed",
        )
    return NumberExplained(number=number, value=value, steps=steps)


def value_after(step: RuleStep, number: Number) -> Values | None:
    """Return what ``step`` made of ``number``; None when it did not touch it."""
    if number is Number.DEPTH_RANGE_MM:
        return None if step.after_mm == step.before_mm else step.after_mm
    return next((row.after for row in step.sets if row.number is number), None)


def _reason(rules: Rulebook, reason: Reason) -> ReasonExplained:
    rule = next((rule for rule in (*rules.stops, *rules.questions) if rule.id == reason.code), None)
    place = next((rule for rule in rules.zones if rule.id == reason.code), None)
    basis = rule or place
    return ReasonExplained(
        code=reason.code,
        text=reason.text,
        evidence=rule.evidence if rule else None,
        standing=basis.standing if basis else None,
        sources=basis.sources if basis else (),
    )


def _keys(steps: Iterable[RuleStep]) -> set[str]:
    return {key for step in steps for key in step.sources}


def _basis(reason: ReasonExplained) -> str:
    if reason.standing is None:
        return ""
    letter = f"evidence {reason.evidence}, " if reason.evidence else ""
    return f" ({letter}{reason.standing}{_cited(reason)})"


def _cited(basis: RuleStep | ReasonExplained) -> str:
    return f", sources {' '.join(basis.sources)}" if basis.sources else ""


def _of(step: RuleStep) -> str:
    return f" ({step.concern.value.replace('_', ' ')})" if step.concern else ""


def _change(step: RuleStep, number: Number) -> str:
    after = value_after(step, number)
    if number is Number.DEPTH_RANGE_MM:
        before: Values | None = step.before_mm
    else:
        before = next(row.before for row in step.sets if row.number is number)
    arrow = f"{_value(number, before)} -> " if before else ""
    return f" [{arrow}{_value(number, after or ())}]"


def _value(number: Number, values: Values) -> str:
    if number is Number.TEST_SPOT:
        return "yes"
    spelled = "-".join(f"{value:g}" for value in dict.fromkeys(values))
    return f"{spelled} {UNITS[number]}" if number in UNITS else spelled

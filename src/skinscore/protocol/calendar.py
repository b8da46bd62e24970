"""``plan``: the windows of a course from a start date.

One calendar for the whole face: the longest wait of any zone holds for all of them, and a zone
drops out when its own number of treatments is reached. Three treatments, then the review.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from skinscore.domain.course import COURSE_TITLE, Course, Place, Visit, Window
from skinscore.domain.suggestion import (
    COURSE_TOPICS,
    Figures,
    Status,
    Suggestion,
    Topic,
    ZoneSuggestion,
)
from skinscore.errors import RequestRefused
from skinscore.protocol.dates import months_later
from skinscore.protocol.provenance import rules_of
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import Limit

GAIN = "only if the review found at least one grade gained"
ENDED = "if the series ends after the treatments before the review"
OPTIONAL = "optional; evidence very low"


def plan(suggestion: Suggestion, start: date, *, rulebook: Rulebook | None = None) -> Course:
    """Return the dated course of ``suggestion``; without windows when no zone has a range.

    Args:
        start: earliest day of the first visit.
        rulebook: the rules that spoke; None: the shipped ones.

    Raises:
        RequestRefused: ``document_invalid``; the start lies before the questionnaire, or after
            its answers' last day while a depth is suggested, or the suggestion was made by other
            rules than these.
    """
    rules = rules_of(suggestion, rulebook)
    if start < suggestion.answered_on:
        raise RequestRefused(
            "document_invalid",
            f"the start {start} lies before the questionnaire of {suggestion.answered_on}",
            "a start on the day of the questionnaire or later is allowed",
            "Give another start date.",
        )
    zones = [zone for zone in suggestion.zones if zone.status is Status.SUGGESTED]
    if zones and start > suggestion.answers_valid_until:
        raise RequestRefused(
            "document_invalid",
            f"on the start {start} the questionnaire of {suggestion.answered_on} no longer counts",
            f"a start up to {suggestion.answers_valid_until} is allowed",
            "Ask the questionnaire again, nearer to the first treatment.",
        )
    interval = _interval(zones)
    return Course(
        schema="skinscore.course/1",
        title=COURSE_TITLE,
        assessment=suggestion.assessment,
        patient_digest=suggestion.patient_digest,
        rulebook=suggestion.rulebook,
        start=start,
        answers_valid_until=suggestion.answers_valid_until,
        interval_weeks=interval,
        treatments=_treatments(zones),
        session_minutes=_span(suggestion, {"Visit-duration"}),
        downtime_days=_span(suggestion, _downtime(suggestion, zones)),
        windows=tuple(_windows(rules, zones, start, interval)) if interval else (),
        advice=tuple(row for row in suggestion.advice if row.topic in COURSE_TOPICS),
        open_questions=suggestion.open_questions,
        disclaimer=suggestion.disclaimer,
    )


def _windows(
    rules: Rulebook, zones: list[ZoneSuggestion], start: date, interval: tuple[int, int]
) -> Iterator[Window]:
    limits = rules.limits
    everywhere = tuple((zone.zone, zone.side) for zone in zones)
    earliest = latest = start
    if spots := tuple((zone.zone, zone.side) for zone in zones if zone.test_spot):
        yield Window(
            visit=Visit.TEST_SPOT,
            number=None,
            earliest=start,
            latest=start,
            zones=spots,
            condition="about 2 x 2 cm, reviewed before the first treatment",
            rule_ids=("M3", limits.test_spot_weeks.id),
        )
        earliest = latest = start + _weeks(limits.test_spot_weeks)
    most = max(_sessions(zone)[1] for zone in zones)
    series = min(most, int(limits.review_after_sessions.value))
    for number in range(1, series + 1):
        yield _treatment(zones, number, earliest, latest, Visit.TREATMENT)
        last = earliest, latest
        earliest, latest = _apart(earliest, latest, interval)
    review = Window(
        visit=Visit.REVIEW,
        number=None,
        earliest=last[0] + _weeks(limits.review_from_weeks),
        latest=last[1] + _weeks(limits.review_to_weeks),
        zones=everywhere,
        condition="the same camera set-up, light and distance",
        rule_ids=(limits.review_from_weeks.id, limits.review_to_weeks.id),
    )
    later = [review, *_after_the_end(rules, everywhere, *last)]
    earliest, latest = max(review.earliest, earliest), max(review.latest, latest)
    for number in range(series + 1, most + 1):
        later.append(_treatment(zones, number, earliest, latest, Visit.FURTHER_TREATMENT))
        earliest, latest = _apart(earliest, latest, interval)
    yield from sorted(later, key=lambda window: window.earliest)  # stable: the review leads its day


def _treatment(
    zones: list[ZoneSuggestion], number: int, earliest: date, latest: date, visit: Visit
) -> Window:
    due = [zone for zone in zones if number <= _sessions(zone)[1]]
    rule_ids = {step.rule_id for zone in due for step in zone.rules if step.sets}
    return Window(
        visit=visit,
        number=number,
        earliest=earliest,
        latest=latest,
        zones=tuple((zone.zone, zone.side) for zone in due),
        condition=GAIN if visit is Visit.FURTHER_TREATMENT else None,
        rule_ids=tuple(sorted(rule_ids)),
    )


def _after_the_end(
    rules: Rulebook, everywhere: tuple[Place, ...], earliest: date, latest: date
) -> Iterator[Window]:
    limits = rules.limits
    yield Window(
        visit=Visit.JUDGEMENT,
        number=None,
        earliest=_months(earliest, limits.judge_months),
        latest=_months(latest, limits.judge_months),
        zones=everywhere,
        condition=ENDED,
        rule_ids=(limits.judge_months.id,),
    )
    yield Window(
        visit=Visit.MAINTENANCE,
        number=None,
        earliest=_months(earliest, limits.maintenance_from_months),
        latest=_months(latest, limits.maintenance_to_months),
        zones=everywhere,
        condition=f"{OPTIONAL}; {ENDED}",
        rule_ids=(limits.maintenance_from_months.id, limits.maintenance_to_months.id),
    )


def _interval(zones: list[ZoneSuggestion]) -> tuple[int, int] | None:
    waits = [zone.interval_weeks for zone in zones if zone.interval_weeks]
    if not waits:
        return None
    return max(least for least, _ in waits), max(most for _, most in waits)


def _treatments(zones: list[ZoneSuggestion]) -> tuple[int, int] | None:
    counts = [_sessions(zone) for zone in zones]
    return (min(few for few, _ in counts), max(many for _, many in counts)) if counts else None


def _sessions(zone: ZoneSuggestion) -> tuple[int, int]:
    assert zone.sessions is not None  # every zone with a range has them
    return zone.sessions


def _downtime(suggestion: Suggestion, zones: list[ZoneSuggestion]) -> set[str]:
    named = {rule_id for zone in zones for rule_id in zone.advice}
    return {
        row.rule_id
        for row in suggestion.advice
        if row.topic is Topic.DOWNTIME and row.rule_id in named
    }


def _span(suggestion: Suggestion, rule_ids: set[str]) -> tuple[int, int] | None:
    """Return the widest span of the figures of ``rule_ids``: the longest downtime counts."""
    found: list[Figures] = [
        row.figures for row in suggestion.advice if row.rule_id in rule_ids and row.figures
    ]
    if not found:
        return None
    return int(max(row.low for row in found)), int(max(row.high for row in found))


def _apart(earliest: date, latest: date, interval: tuple[int, int]) -> tuple[date, date]:
    return earliest + timedelta(weeks=interval[0]), latest + timedelta(weeks=interval[1])


def _weeks(limit: Limit) -> timedelta:
    return timedelta(weeks=limit.value)


def _months(day: date, limit: Limit) -> date:
    return months_later(day, int(limit.value))

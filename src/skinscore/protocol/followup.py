"""``compare_visits``: what changed beyond the smallest detectable change, and whether to go on.

A change counts when it exceeds both one grade (the least that observers of wrinkle scales call
meaningful) and what the two visits' own uncertainty can explain. Whatever cannot be compared or
has not been answered never reads as "no change".
"""

from collections.abc import Iterator
from datetime import timedelta
from math import sqrt
from typing import Final

from skinscore.domain.assessment import Assessment, ConcernGrade, Gate, ZoneRecord
from skinscore.domain.concerns import Concern
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.followup import (
    Change,
    Comparison,
    Finding,
    SinceFirstVisit,
    ZoneVerdict,
)
from skinscore.domain.patient import Answer
from skinscore.domain.suggestion import Confirmation
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.protocol.reading import Corrections, corrections
from skinscore.protocol.rulebook import Rulebook, load
from skinscore.protocol.vocabulary import FollowUp, Verdict

# The gravest first: one zone that must stop stops the series.
GRAVITY: Final = (
    Verdict.STOP_AND_REFER,
    Verdict.ASK,
    Verdict.NEW_PHOTO,
    Verdict.WAIT,
    Verdict.CONTINUE,
)


def compare_visits(
    before: Assessment,
    after: Assessment,
    since: SinceFirstVisit,
    *,
    confirmed_before: Confirmation | None = None,
    confirmed_after: Confirmation | None = None,
    rulebook: Rulebook | None = None,
) -> Comparison:
    """Return what changed between two visits, zone by zone, and whether the series goes on.

    Args:
        since: days of the visits; treatments, camera set-up and signs of harm between them.
        confirmed_before: the clinician's grades of the first visit; None: the photo's stand.
        confirmed_after: the same of the second visit.
        rulebook: None: the shipped rules.

    Raises:
        RequestRefused: ``visits_not_comparable``; another model, the gate off, or the same visit
            twice. ``document_invalid``; a confirmation of another assessment.
    """
    rules = load() if rulebook is None else rulebook
    _check(before, after)
    first, second = corrections(before, confirmed_before), corrections(after, confirmed_after)
    changes = tuple(_changes(rules, before, after, first, second, since.same_camera_setup))
    verdicts = tuple(_verdicts(rules, changes, since))
    return Comparison(
        schema="skinscore.comparison/1",
        before=before.id,
        after=after.id,
        visits_on=(since.first_visit_on, since.second_visit_on),
        contract_digest=after.model.contract_digest,
        rulebook=rules.ref,
        changes=changes,
        verdicts=verdicts,
        verdict=min((row.verdict for row in verdicts), key=lambda v: GRAVITY.index(Verdict(v))),
        sources=rules.cite({key for row in verdicts for key in row.sources}),
        disclaimer=DISCLAIMER,
    )


def _check(before: Assessment, after: Assessment) -> None:
    if before.model.contract_digest != after.model.contract_digest:
        raise _refused("the visits were graded by different models", "one model for both visits")
    if Gate.OFF in {before.gate, after.gate}:
        raise _refused("quality limits were off for a visit", "the gate strict or warn")
    if before.id == after.id:
        raise _refused("the same visit twice", "two visits")


def _changes(
    rules: Rulebook,
    before: Assessment,
    after: Assessment,
    first: Corrections,
    second: Corrections,
    same_setup: Answer,
) -> Iterator[Change]:
    later = {record.zone: record for record in after.zones}
    for record in before.zones:
        for part in record.grades:
            place = record.zone, part.concern
            other = _part(later.get(record.zone), part.concern)
            codes = [*part.codes, *(other.codes if other else ("not_assessable",))]
            if same_setup is not Answer.YES:
                codes.append("other_camera_setup")
            yield _change(rules, place, (part, first.get(place)), (other, second.get(place)), codes)


Seen = tuple[ConcernGrade | None, int | None]  # the photo's grade, and the clinician's if any


def _change(
    rules: Rulebook, place: tuple[Zone, Concern], before: Seen, after: Seen, codes: list[str]
) -> Change:
    was, now = _score(*before), _score(*after)
    difference = detectable = None
    finding: Finding = "not_comparable"
    if was and now and not codes:
        difference = now[0] - was[0]
        spread = rules.limits.detectable_z.value * sqrt(was[1] + now[1])
        detectable = max(rules.limits.meaningful_points.value, spread)
        finding = "unchanged"
        if abs(difference) >= detectable:
            finding = "better" if difference < 0 else "worse"
    return Change(
        zone=place[0],
        concern=place[1],
        grade_before=_grade(*before),
        grade_after=_grade(*after),
        before=was[0] if was else None,
        after=now[0] if now else None,
        difference=difference,
        detectable=detectable,
        finding=finding,
        codes=tuple(dict.fromkeys(codes)),
    )


def _score(part: ConcernGrade | None, by_hand: int | None) -> tuple[float, float] | None:
    """Return score (0..4) and its variance; a clinician's grade has none of the model's."""
    if part is None or part.score is None or part.probabilities is None:
        return None
    if by_hand is not None:
        return float(by_hand), 0.0
    shares = enumerate(part.probabilities)
    return part.score, sum(share * (grade - part.score) ** 2 for grade, share in shares)


def _grade(part: ConcernGrade | None, by_hand: int | None) -> int | None:
    return by_hand if by_hand is not None or part is None else part.grade


def _verdicts(
    rules: Rulebook, changes: tuple[Change, ...], since: SinceFirstVisit
) -> Iterator[ZoneVerdict]:
    if Answer.YES in since.signs:
        yield _verdict(rules, FollowUp.SIGN_OF_HARM, None)
    elif Answer.UNKNOWN in since.signs:
        yield _verdict(rules, FollowUp.SIGNS_UNANSWERED, None)
    zones: dict[Zone, list[Change]] = {}
    for change in changes:
        zones.setdefault(change.zone, []).append(change)
    for zone, here in zones.items():
        yield _verdict(rules, _situation(rules, here, since, zone), zone)
    if not changes:
        yield _verdict(rules, FollowUp.NOT_COMPARABLE, None)


def _situation(rules: Rulebook, here: list[Change], since: SinceFirstVisit, zone: Zone) -> FollowUp:
    """Return the gravest situation of one zone."""
    limits = rules.limits
    worse = {row.concern for row in here if row.finding == "worse"}
    if Concern.PIGMENTATION in worse:
        return FollowUp.DARKER
    if worse:
        return FollowUp.WORSE
    if any(row.finding == "not_comparable" for row in here):
        return FollowUp.NOT_COMPARABLE
    if since.last_session_on is None or since.sessions < limits.review_after_sessions.value:
        return FollowUp.SERIES_NOT_OVER
    waited = since.second_visit_on - since.last_session_on
    if waited < timedelta(weeks=limits.review_from_weeks.value):
        return FollowUp.TOO_EARLY
    present = [row for row in here if row.grade_before]
    if zone not in since.treated or not present:
        return FollowUp.NOTHING_TO_JUDGE
    better = any(row.finding == "better" for row in present)
    return FollowUp.GAINED if better else FollowUp.NO_GAIN


def _verdict(rules: Rulebook, situation: FollowUp, zone: Zone | None) -> ZoneVerdict:
    rule = rules.followup[situation]
    return ZoneVerdict(
        zone=zone,
        verdict=rule.verdict.value,
        rule_id=rule.id,
        text=rule.text,
        evidence=rule.evidence,
        standing=rule.standing,
        sources=rule.sources,
    )


def _part(record: ZoneRecord | None, concern: Concern) -> ConcernGrade | None:
    if record is None:
        return None
    return next(row for row in record.grades if row.concern == concern)


def _refused(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("visits_not_comparable", found, allowed)

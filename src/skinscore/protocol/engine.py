"""``suggest``: one assessment, one questionnaire and one confirmation make one suggestion."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from skinscore.domain.assessment import Assessment
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.override import Overrides
from skinscore.domain.patient import DatedEvent, LocalAnswer, PatientProfile
from skinscore.domain.suggestion import (
    TITLE,
    Advice,
    Confirmation,
    Confirmed,
    Referral,
    Source,
    Status,
    Suggestion,
    ZoneSuggestion,
)
from skinscore.errors import RequestRefused
from skinscore.protocol.advice import course_advice, spelled_out
from skinscore.protocol.conditions import Place
from skinscore.protocol.facts import Answers, patient_facts, zone_facts
from skinscore.protocol.overriding import set_depths, waive
from skinscore.protocol.reading import (
    NECK,
    Corrections,
    Reading,
    Site,
    corrections,
    read,
    read_by_hand,
    resolve_stretching,
    sites,
)
from skinscore.protocol.rulebook import Rulebook, load
from skinscore.protocol.triage import global_blocks, open_questions, referrals
from skinscore.protocol.vocabulary import Fact, Withholding
from skinscore.protocol.zone import Case, seen_well, suggest_zone


def suggest(
    assessment: Assessment,
    patient: PatientProfile,
    confirmation: Confirmation | None,
    *,
    treated_from: date | None = None,
    overrides: Overrides | None = None,
    rulebook: Rulebook | None = None,
) -> Suggestion:
    """Return the suggestion for clinician review. Same inputs, same bytes.

    Args:
        assessment: grades per zone; zones that are not assessable, or carry a quality code,
            receive no depth.
        patient: the questionnaire; an unanswered blocking question withholds every depth.
        confirmation: the clinician's word on this assessment's grades, with corrections; None
            withholds every depth.
        treated_from: earliest day of the first treatment; answers that no longer count on it
            withhold every depth. None: the day of the confirmation, and ``plan`` still refuses a
            later day on which they do not count.
        overrides: what a named clinician decided beyond the rules, with reasons; None: nothing.
        rulebook: the shipped rules with a clinic's overlay on them; None: the shipped rules.

    Raises:
        RequestRefused: ``document_invalid``; the confirmation belongs to another assessment or
            corrects a grade that the assessment does not hold, or the questionnaire was answered
            after it. ``override_refused``; an override breaks a limit or opens nothing.
    """
    if confirmation is not None and patient.answered_on > _last_day(confirmation):
        raise RequestRefused(
            "document_invalid",
            f"the questionnaire was answered on {patient.answered_on}, after the confirmation",
            f"at the latest {_last_day(confirmation)}; waiting times count up to that day",
        )
    rules = load() if rulebook is None else rulebook
    corrected = corrections(assessment, confirmation)
    waived = waive(rules, patient, assessment, overrides)
    everywhere = patient_facts(patient, assessment, rules, {row.rule_id for row in waived})
    local = patient.local_answers
    whole = Place(None, zone_facts(everywhere, local, (), seen_well=True), everywhere, {})
    cases = (
        *(
            _case(rules, assessment, local, everywhere, site, corrected)
            for site in sites(assessment)
        ),
        *_neck(patient, everywhere),
    )
    valid_until = patient.answered_on + timedelta(days=rules.limits.questionnaire_days.value)
    doubts = _doubts(confirmation, valid_until, treated_from)
    places = (whole, *(case.place for case in cases))
    stopped = any(rule.stops_all for place in places for rule in referrals(rules, place))
    zones = set_depths(
        rules,
        patient,
        cases,
        tuple(suggest_zone(rules, patient, case, doubts, stopped=stopped) for case in cases),
        overrides,
    )
    first = _referrals(rules, whole, zones)
    status = _overall(zones)
    said = _advice(rules, whole, zones, status)
    return Suggestion(
        schema="skinscore.suggestion/1",
        title=TITLE,
        assessment=assessment.id,
        assessment_digest=assessment.digest,
        contract_digest=assessment.model.contract_digest,
        patient_digest=patient.digest,
        answered_on=patient.answered_on,
        answers_valid_until=valid_until,
        rulebook=rules.ref,
        confirmation=None
        if confirmation is None
        else Confirmed(by=confirmation.confirmed_by, at=confirmation.confirmed_at),
        status=status,
        blocks=global_blocks(rules, whole),
        open_questions=open_questions(rules, places),
        referrals=first,
        waived=waived,
        zones=zones,
        advice=said,
        sources=_sources(rules, zones, first, said),
        disclaimer=DISCLAIMER,
    )


def _doubts(
    confirmation: Confirmation | None, valid_until: date, treated_from: date | None
) -> tuple[Withholding, ...]:
    """Return what withholds every depth, whatever the zone."""
    if confirmation is None:
        return (Withholding.UNCONFIRMED,)
    confirmed_on = confirmation.confirmed_at.date()
    # Answers change: what was true when the grades were confirmed may not be at the needle.
    if max(confirmed_on, treated_from or confirmed_on) > valid_until:
        return (Withholding.STALE_QUESTIONNAIRE,)
    return ()


def _last_day(confirmation: Confirmation) -> date:
    """The day of the confirmation; one later, for a clinic whose day begins before UTC's."""
    return confirmation.confirmed_at.date() + timedelta(days=1)


def _case(
    rules: Rulebook,
    assessment: Assessment,
    local: Mapping[str, LocalAnswer | DatedEvent],
    everywhere: Answers,
    site: Site,
    corrected: Corrections,
) -> Case:
    width = int(rules.limits.low_confidence_width.value)
    readings = tuple(read(assessment, site, concern, corrected, width) for concern in CONCERNS)
    answers = zone_facts(everywhere, local, site.graded_zones, seen_well=seen_well(readings))
    place = Place(site.zone, answers, everywhere, _considered(readings, answers))
    return Case(site, place, readings)


def _neck(patient: PatientProfile, everywhere: Answers) -> Iterator[Case]:
    """Yield the neck when it was graded by hand.

    The questionnaire cannot name it as a place, so a local answer of anywhere holds for it.
    """
    if (grades := patient.examination.neck) is not None:
        readings = tuple(read_by_hand(concern, getattr(grades, concern)) for concern in CONCERNS)
        place = Place(NECK.zone, everywhere, everywhere, _considered(readings, everywhere))
        yield Case(NECK, place, readings)


def _considered(
    readings: tuple[Reading, ...], answers: Answers
) -> Mapping[Concern, tuple[int, ...]]:
    flatten = answers[Fact.SCARS_FLATTEN_ON_STRETCHING]
    return {
        reading.concern: resolve_stretching(reading.considered, flatten)
        if reading.concern is Concern.ACNE_SCARRING
        else reading.considered
        for reading in readings
    }


def _referrals(
    rules: Rulebook, whole: Place, zones: tuple[ZoneSuggestion, ...]
) -> tuple[Referral, ...]:
    of_the_patient = {rule.id for rule in referrals(rules, whole)}
    where = {
        rule.id: tuple((zone.zone, zone.side) for zone in zones if rule.id in zone.referrals)
        for rule in rules.referrals
    }
    return tuple(
        Referral(
            id=rule.id,
            text=rule.text,
            plain=rule.plain,
            stops_all=rule.stops_all,
            zones=() if rule.id in of_the_patient else where[rule.id],
            evidence=rule.evidence,
            standing=rule.standing,
            sources=rule.sources,
        )
        for rule in rules.referrals
        if rule.id in of_the_patient or where[rule.id]
    )


def _overall(zones: tuple[ZoneSuggestion, ...]) -> Status:
    """Return the most telling status of all zones; nothing seen at all is withheld."""
    found = {zone.status for zone in zones}
    order = (Status.SUGGESTED, Status.WITHHELD, Status.REFERRED, Status.NOTHING_TO_TREAT)
    return next((status for status in order if status in found), Status.WITHHELD)


def _advice(
    rules: Rulebook, whole: Place, zones: tuple[ZoneSuggestion, ...], status: Status
) -> tuple[Advice, ...]:
    used = {rule_id for zone in zones for rule_id in zone.advice}
    if status is Status.SUGGESTED:
        used |= set(course_advice(rules, whole))
    return spelled_out(rules, used)


def _sources(
    rules: Rulebook,
    zones: tuple[ZoneSuggestion, ...],
    first: tuple[Referral, ...],
    said: tuple[Advice, ...],
) -> tuple[Source, ...]:
    used = {key for zone in zones for step in zone.rules for key in step.sources}
    used |= {key for referral in first for key in referral.sources}
    used |= {key for advice in said for key in advice.sources}
    reasons = {reason.code for zone in zones for reason in zone.reasons}
    used |= {key for code in reasons for key in rules.sources_of.get(code, ())}
    return rules.cite(used)

"""``suggest``: one assessment, one questionnaire and one confirmation make one suggestion."""

from collections.abc import Mapping
from datetime import date, timedelta

from skinscore.domain.assessment import Assessment
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import DISCLAIMER
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import (
    TITLE,
    Confirmation,
    Confirmed,
    Referral,
    Source,
    Status,
    Suggestion,
    ZoneSuggestion,
)
from skinscore.errors import RequestRefused
from skinscore.protocol.conditions import Place
from skinscore.protocol.facts import Answers, patient_facts, zone_facts
from skinscore.protocol.reading import (
    Corrections,
    Reading,
    Site,
    corrections,
    read,
    resolve_stretching,
    sites,
)
from skinscore.protocol.rulebook import Rulebook, load
from skinscore.protocol.triage import global_blocks, open_questions, referrals
from skinscore.protocol.vocabulary import Fact
from skinscore.protocol.zone import Case, seen_well, suggest_zone


def suggest(
    assessment: Assessment, patient: PatientProfile, confirmation: Confirmation | None
) -> Suggestion:
    """Return the suggestion for clinician review. Same inputs, same bytes.

    Args:
        assessment: grades per zone; zones that are not assessable, or carry a quality code,
            receive no depth.
        patient: the questionnaire; an unanswered blocking question withholds every depth.
        confirmation: the clinician's word on this assessment's grades, with corrections; None
            withholds every depth.

    Raises:
        RequestRefused: ``document_invalid``; the confirmation belongs to another assessment or
            corrects a grade that the assessment does not hold, or the questionnaire was answered
            after it.
    """
    if confirmation is not None and patient.answered_on > _last_day(confirmation):
        raise RequestRefused(
            "document_invalid",
            f"the questionnaire was answered on {patient.answered_on}, after the confirmation",
            f"at the latest {_last_day(confirmation)}; waiting times count up to that day",
        )
    rules = load()
    corrected = corrections(assessment, confirmation)
    everywhere = patient_facts(patient, assessment, rules.limits)
    whole = Place(None, zone_facts(everywhere, patient, (), seen_well=True), {})
    cases = tuple(
        _case(rules, assessment, patient, everywhere, site, corrected) for site in sites(assessment)
    )
    zones = tuple(
        suggest_zone(rules, patient, case, confirmed=confirmation is not None) for case in cases
    )
    first = _referrals(rules, whole, zones)
    return Suggestion(
        schema="skinscore.suggestion/1",
        title=TITLE,
        assessment=assessment.id,
        contract_digest=assessment.model.contract_digest,
        patient_digest=patient.digest,
        rulebook=rules.ref,
        confirmation=None
        if confirmation is None
        else Confirmed(by=confirmation.confirmed_by, at=confirmation.confirmed_at),
        status=_overall(zones),
        blocks=global_blocks(rules, whole),
        open_questions=open_questions(rules, (whole, *(case.place for case in cases))),
        referrals=first,
        zones=zones,
        sources=_sources(rules, zones, first),
        disclaimer=DISCLAIMER,
    )


def _last_day(confirmation: Confirmation) -> date:
    """The day of the confirmation; one later, for a clinic whose day begins before UTC's."""
    return confirmation.confirmed_at.date() + timedelta(days=1)


def _case(
    rules: Rulebook,
    assessment: Assessment,
    patient: PatientProfile,
    everywhere: Answers,
    site: Site,
    corrected: Corrections,
) -> Case:
    width = rules.limits.low_confidence_width
    readings = tuple(read(assessment, site, concern, corrected, width) for concern in CONCERNS)
    answers = zone_facts(everywhere, patient, site.graded_zones, seen_well=seen_well(readings))
    return Case(site, Place(site.zone, answers, _considered(readings, answers)), readings)


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
            stops_all=rule.stops_all,
            zones=() if rule.id in of_the_patient else where[rule.id],
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


def _sources(
    rules: Rulebook, zones: tuple[ZoneSuggestion, ...], first: tuple[Referral, ...]
) -> tuple[Source, ...]:
    used = {key for zone in zones for step in zone.rules for key in step.sources}
    used |= {key for referral in first for key in referral.sources}
    reasons = {reason.code for zone in zones for reason in zone.reasons}
    used |= {key for rule in rules.blocking if rule.id in reasons for key in rule.sources}
    return rules.cite(used)

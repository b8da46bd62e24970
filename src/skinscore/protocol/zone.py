"""One treatment zone of the suggestion: withheld, referred, nothing to treat, or a range."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from skinscore.domain.concerns import Concern
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import (
    ConcernConsidered,
    Reason,
    Status,
    ZoneSuggestion,
)
from skinscore.protocol.advice import zone_advice
from skinscore.protocol.conditions import Place
from skinscore.protocol.course import Ceilings, device_limits, shared_grid_mm
from skinscore.protocol.draft import Draft, draft
from skinscore.protocol.reading import Reading, Site
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import ReferralRule, ZoneRule
from skinscore.protocol.steps import bare_step
from skinscore.protocol.triage import reasons_against, referrals
from skinscore.protocol.vocabulary import Withholding

NO_NUMBERS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "depth_range_mm": None,
        "start_at_mm": None,
        "test_spot": False,
        "cap_mm": None,
        "override_cap_mm": None,
        "override": None,
        "sessions": None,
        "interval_weeks": None,
        "evidence": None,
        "off_label": None,
        "notes": (),
        "rules": (),
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that is known about one site."""

    site: Site
    place: Place
    readings: tuple[Reading, ...]  # every concern once, in the fixed order


def suggest_zone(
    rules: Rulebook,
    patient: PatientProfile,
    case: Case,
    doubts: Sequence[Withholding],
    *,
    stopped: bool,
) -> ZoneSuggestion:
    """Return what may be said about one site. The first thing that stands against it wins.

    Args:
        doubts: what withholds every depth of this suggestion, whatever the zone.
        stopped: a referral of this suggestion, here or elsewhere, comes before any treatment.
    """
    rule, place = rules.zone(case.site.zone), case.place
    first = referrals(rules, place)
    concerns = _concerns(rules, rule, patient, case)
    status, reasons = _status(rules, rule, case, first, doubts)
    if stopped and status is Status.SUGGESTED:
        status, reasons = Status.WITHHELD, (_withheld(rules, Withholding.REFERRAL_FIRST),)
    numbers: Mapping[str, Any] = NO_NUMBERS
    if status is Status.SUGGESTED:
        ceilings = _ceilings(rules, rule, patient)
        found = draft(rules, rule.zone, place.considered, place.answers, ceilings)
        if found is None:
            status, reasons = Status.WITHHELD, (_withheld(rules, Withholding.NO_SETTING),)
        else:
            numbers = _numbers(rules, rule, patient, found, concerns)
            place = replace(place, high_mm=found.course.depth.high)
    silent = doubts or stopped or status is Status.EXCLUDED
    return ZoneSuggestion(
        zone=case.site.zone,
        side=case.site.side,
        graded_zones=case.site.graded_zones,
        status=status,
        concerns=concerns,
        reasons=reasons,
        referrals=tuple(referral.id for referral in first),
        advice=() if silent else zone_advice(rules, place),
        **numbers,
    )


def seen_well(readings: Sequence[Reading]) -> bool:
    """Return whether every concern was graded here without a quality code."""
    return not _seen_badly(readings)


def _status(
    rules: Rulebook,
    rule: ZoneRule,
    case: Case,
    first: Sequence[ReferralRule],
    doubts: Sequence[Withholding],
) -> tuple[Status, tuple[Reason, ...]]:
    if rule.cap_mm is None:
        return Status.EXCLUDED, (Reason(code=rule.id, text=rule.why),)
    unsure = [_withheld(rules, code) for code in (*_seen_badly(case.readings), *doubts)]
    if not unsure and all(reading.grade == 0 for reading in case.readings):
        return Status.NOTHING_TO_TREAT, ()
    reasons = (*unsure, *reasons_against(rules, case.place))
    if reasons:
        return Status.WITHHELD, reasons
    if any(referral.replaces_range for referral in first):
        return Status.REFERRED, ()
    if all(reading.considered[0] == 0 for reading in case.readings):
        return Status.WITHHELD, (_withheld(rules, Withholding.LOW_CONFIDENCE),)
    return Status.SUGGESTED, ()


def _seen_badly(readings: Sequence[Reading]) -> list[Withholding]:
    found = []
    if any(reading.grade is None for reading in readings):
        found.append(Withholding.NOT_ASSESSABLE)
    if any(reading.grade is not None and reading.codes for reading in readings):
        found.append(Withholding.LOW_QUALITY)
    return found


def _withheld(rules: Rulebook, code: Withholding) -> Reason:
    return Reason(code=code.value, text=rules.withholding[code])


def _ceilings(rules: Rulebook, rule: ZoneRule, patient: PatientProfile) -> Ceilings:
    device_mm, device_grid_mm = device_limits(patient.device)
    skin_mm = rule.thickness_mm - rules.limits.thickness_margin_mm.value
    return Ceilings(device_mm, device_grid_mm, skin_mm)


def _off_label(rules: Rulebook, rule: ZoneRule, concern: Concern, patient: PatientProfile) -> bool:
    """Return False only when the patient's own device is labelled for zone, phototype and age."""
    device, age = patient.device, patient.age_years
    if isinstance(device, str) or isinstance(age, str):
        return True
    return not any(
        labelled.name == device.name
        and patient.phototype in labelled.phototypes
        and age >= labelled.from_years
        for labelled in rules.label(rule, concern).devices
    )


def _concerns(
    rules: Rulebook, rule: ZoneRule, patient: PatientProfile, case: Case
) -> tuple[ConcernConsidered, ...]:
    return tuple(
        ConcernConsidered(
            concern=reading.concern,
            grade=reading.grade,
            grade_by=reading.by,
            confidence=reading.confidence,
            considered=case.place.considered[reading.concern],
            codes=reading.codes,
            us_label_status=rules.label(rule, reading.concern).text,
            off_label=_off_label(rules, rule, reading.concern, patient),
        )
        for reading in case.readings
    )


def _numbers(
    rules: Rulebook,
    rule: ZoneRule,
    patient: PatientProfile,
    found: Draft,
    concerns: tuple[ConcernConsidered, ...],
) -> dict[str, Any]:
    course = found.course
    present = [row for row in concerns if any(row.considered)]
    outside = [row for row in present if row.off_label]
    return {
        "depth_range_mm": course.depth.pair,
        "start_at_mm": course.start_mm,
        "test_spot": course.test_spot,
        "cap_mm": rule.cap_mm,
        "override_cap_mm": course.override_mm,
        "override": None,
        "sessions": course.sessions,
        "interval_weeks": course.interval_weeks,
        "evidence": found.evidence,
        "off_label": bool(outside),
        "notes": _notes(rules, rule, patient, found, present),
        "rules": (
            *found.steps,
            *(
                bare_step(rules.modifier("M9"), row.concern, f"US label: {row.us_label_status}")
                for row in outside
            ),
        ),
    }


def _notes(
    rules: Rulebook,
    rule: ZoneRule,
    patient: PatientProfile,
    found: Draft,
    present: list[ConcernConsidered],
) -> tuple[str, ...]:
    words, (low, high) = rules.wording, found.published
    device, override = patient.device, found.course.override_mm
    outside = [row for row in present if row.off_label]
    notes = [
        words.grade_by_clinician.format(concern=_plain(row.concern), grade=row.grade)
        if row.confidence is None
        else words.grade.format(
            concern=_plain(row.concern), grade=row.grade, confidence=row.confidence
        )
        for row in present
    ]
    notes.append((words.range if low < high else words.range_of_one).format(low=low, high=high))
    notes.extend(found.notes)
    if found.course.start_at_low:
        notes.append(words.start.format(start=found.course.depth.low))
    if outside:
        notes.append(
            words.off_label.format(concerns=", ".join(_plain(row.concern) for row in outside))
        )
    if not isinstance(device, str) and device.tolerance_mm is not None:
        notes.append(words.tolerance.format(tolerance=device.tolerance_mm))
    if not isinstance(device, str) and shared_grid_mm(device) > device_limits(device)[1]:
        notes.append(words.step.format(step=device.step_mm))
    if rule.cap_mm is not None and override > rule.cap_mm:
        notes.append(words.beyond.format(cap=rule.cap_mm, override=override))
    deepest = max(found.course.depth.high, override)
    if deepest >= rules.limits.deep_from_mm.value:
        notes.append(words.evaluated)
    return tuple(notes)


def _plain(concern: Concern) -> str:
    return concern.value.replace("_", " ")

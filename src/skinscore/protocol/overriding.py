"""What a named clinician decided beyond the rules: checked, applied and logged, or refused.

An override is never cut down to what is allowed: a number that somebody logged either stands as
it is or is refused with the limit that it breaks.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from skinscore.domain.assessment import Assessment
from skinscore.domain.override import DepthOverride, Overrides, WaitWaiver
from skinscore.domain.patient import Answer, PatientProfile
from skinscore.domain.suggestion import AppliedOverride, Status, Waived, ZoneSuggestion
from skinscore.errors import RequestRefused
from skinscore.protocol.advice import zone_advice
from skinscore.protocol.course import at_least, shared_grid_mm
from skinscore.protocol.draft import DEEP
from skinscore.protocol.facts import patient_facts, waited_days
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.steps import override_step, waits_longer_step
from skinscore.protocol.zone import Case


def waive(
    rules: Rulebook, patient: PatientProfile, assessment: Assessment, overrides: Overrides | None
) -> tuple[Waived, ...]:
    """Return the waiting times that ``overrides`` waives.

    Raises:
        RequestRefused: ``override_refused``; of another assessment, decided before the
            questionnaire, or a wait that is not running, may not be waived, or is too young to be.
    """
    if overrides is None:
        return ()
    if overrides.assessment != assessment.id:
        raise _refused("the overrides are of another assessment", "the id of this assessment")
    # A day is allowed, for a clinic whose day begins before UTC's.
    if patient.answered_on - overrides.decided_at.date() > timedelta(days=1):
        raise _refused(
            f"decided on {overrides.decided_at.date()}, before the answers of "
            f"{patient.answered_on}",
            "a decision that knows the questionnaire",
        )
    for row in overrides.waits:
        _check_wait(rules, patient, assessment, row)
    return tuple(
        Waived(
            rule_id=row.rule_id,
            by=overrides.decided_by,
            at=overrides.decided_at,
            reason=row.reason,
        )
        for row in overrides.waits
    )


def set_depths(
    rules: Rulebook,
    patient: PatientProfile,
    cases: Sequence[Case],
    zones: Sequence[ZoneSuggestion],
    overrides: Overrides | None,
) -> tuple[ZoneSuggestion, ...]:
    """Return ``zones`` with the depths that ``overrides`` sets above their ranges.

    Wait and advice of such a zone are those of the depth that was set.

    Args:
        cases: what is known about each of ``zones``.

    Raises:
        RequestRefused: ``override_refused``; a zone without a range, or a depth that is not above
            it, beyond its override cap, or not a setting of the device.
    """
    if overrides is None or not overrides.depths:
        return tuple(zones)
    grid_mm = shared_grid_mm(patient.device)
    wanted = {(row.zone, row.side): row for row in overrides.depths}
    if unknown := set(wanted) - {(zone.zone, zone.side) for zone in zones}:
        names = ", ".join(sorted(f"{zone} {side}" for zone, side in unknown))
        raise _refused(f"no such treatment zone in this assessment: {names}", "a zone it shows")
    return tuple(
        zone
        if (row := wanted.get((zone.zone, zone.side))) is None
        else _set_depth(rules, case, zone, row, overrides, grid_mm)
        for case, zone in zip(cases, zones, strict=True)
    )


def _set_depth(
    rules: Rulebook,
    case: Case,
    zone: ZoneSuggestion,
    row: DepthOverride,
    overrides: Overrides,
    grid_mm: float,
) -> ZoneSuggestion:
    place = f"{zone.zone} {zone.side}"
    if zone.status is not Status.SUGGESTED or not zone.depth_range_mm or not zone.override_cap_mm:
        raise _refused(f"{place} has no range ({zone.status})", "an override opens no zone")
    high, most = zone.depth_range_mm[1], zone.override_cap_mm
    if not high < row.depth_mm <= most or row.depth_mm % grid_mm:
        raise _refused(
            f"{row.depth_mm:g} mm in {place}",
            f"above {high:g} and up to {most:g} mm in steps of {grid_mm:g} mm is allowed",
        )
    by = f"by: {overrides.decided_by}"
    steps = [override_step(rules.modifier("M10"), row.depth_mm, by, f"reason: {row.reason}")]
    interval = zone.interval_weeks
    assert interval is not None  # as every zone with a range
    deep = rules.modifier(DEEP)
    if deep.effect is not None and row.depth_mm >= rules.limits.deep_from_mm.value:
        longer = at_least(deep.effect.interval_weeks_from or 0, interval)
        if longer != interval:
            steps.append(
                waits_longer_step(deep, interval, longer, f"override: {row.depth_mm:g} mm")
            )
            interval = longer
    return ZoneSuggestion.model_validate(
        {
            **dict(zone),
            "interval_weeks": interval,
            "advice": zone_advice(rules, replace(case.place, high_mm=row.depth_mm)),
            "override": AppliedOverride(
                depth_mm=row.depth_mm,
                by=overrides.decided_by,
                at=overrides.decided_at,
                reason=row.reason,
            ),
            "rules": (*zone.rules, *steps),
        }
    )


def _check_wait(
    rules: Rulebook, patient: PatientProfile, assessment: Assessment, row: WaitWaiver
) -> None:
    rule = next((rule for rule in rules.timing if rule.id == row.rule_id), None)
    if rule is None or rule.waiver is None:
        allowed = ", ".join(rule.id for rule in rules.timing if rule.waiver)
        raise _refused(f"{row.rule_id} cannot be waived", f"waits that can be: {allowed}")
    waited = waited_days(rule, patient)
    if patient_facts(patient, assessment, rules)[rule.fact] is not Answer.YES or waited is None:
        raise _refused(f"{rule.id} is not a wait that runs", "a wait with a known day")
    if waited < rule.waiver.from_days:
        raise _refused(
            f"{rule.id} has waited {waited} days",
            f"{rule.waiver.by} may waive it from {rule.waiver.from_days} days on",
        )


def _refused(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("override_refused", found, allowed)

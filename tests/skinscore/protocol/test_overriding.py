"""What a named clinician may decide beyond the rules, and what nobody may."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from skinscore.domain.assessment import Assessment
from skinscore.domain.concerns import Concern
from skinscore.domain.override import DepthOverride, Overrides, WaitWaiver
from skinscore.domain.suggestion import Number, Status, Suggestion
from skinscore.domain.zones import Side, TreatmentZone
from skinscore.errors import RequestRefused
from skinscore.protocol import explain, plan, suggest
from tests.skinscore.factories import make_assessment
from tests.skinscore.protocol.patients import SKINPEN, confirmed, graded, patient, zone_of

SCARS, WRINKLES, PIGMENT = Concern
CHEEK = TreatmentZone.CHEEK_MALAR
REASON = "deep rolling scars, tolerated 1.5 mm three times"
OPEN = SKINPEN | {"labelled_maximum_mm": None}


def overrides(
    assessment: Assessment,
    *depths: tuple[TreatmentZone, float],
    waits: tuple[str, ...] = (),
    side: Side = Side.LEFT,
) -> Overrides:
    return Overrides(
        schema="skinscore.overrides/1",
        assessment=assessment.id,
        decided_by="Dr A. Example",
        decided_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        depths=tuple(
            DepthOverride(zone=zone, side=side, depth_mm=depth, reason=REASON)
            for zone, depth in depths
        ),
        waits=tuple(WaitWaiver(rule_id=rule_id, reason=REASON) for rule_id in waits),
    )


def decided(
    grades: dict[Concern, int],
    *depths: tuple[TreatmentZone, float],
    waits: tuple[str, ...] = (),
    side: Side = Side.LEFT,
    **changes: Any,
) -> Suggestion:
    assessment = graded(everywhere=grades)
    word = overrides(assessment, *depths, waits=waits, side=side)
    who = patient(**({"device": OPEN} | changes))
    return suggest(assessment, who, confirmed(assessment), overrides=word)


def test_a_logged_override_stands_beside_the_range_and_in_the_log() -> None:
    made = decided({SCARS: 3}, (CHEEK, 2.0))
    zone = zone_of(made, CHEEK)
    assert zone.depth_range_mm == (1.0, 1.5)
    assert zone.override is not None
    assert (zone.override.depth_mm, zone.override.by) == (2.0, "Dr A. Example")
    step = next(step for step in zone.rules if step.rule_id == "M10")
    assert step.inputs == ("by: Dr A. Example", f"reason: {REASON}")
    assert zone_of(made, CHEEK, Side.RIGHT).override is None
    assert Suggestion.parse(made.to_json()) == made


def test_wait_and_advice_are_those_of_the_depth_that_was_set() -> None:
    """C01 asks six weeks of a chosen setting of 1.5 mm or more; a shallower one keeps its wait."""
    made = decided({WRINKLES: 3}, (CHEEK, 1.5))
    deep, kept = zone_of(made, CHEEK), zone_of(made, CHEEK, Side.RIGHT)
    assert (kept.depth_range_mm, kept.interval_weeks) == ((0.75, 1.0), (4, 6))
    assert deep.interval_weeks == (6, 6)
    for zone, downtime in ((deep, "Downtime-deep"), (kept, "Downtime-middle")):
        assert [name for name in zone.advice if name.startswith("Downtime")] == [downtime]
    assert plan(made, made.answered_on).interval_weeks == (6, 6)
    nose = zone_of(
        decided({SCARS: 3}, (TreatmentZone.NOSE_BRIDGE, 1.0), side=Side.MIDLINE),
        TreatmentZone.NOSE_BRIDGE,
        Side.MIDLINE,
    )
    assert nose.interval_weeks == (4, 6)
    assert not {"Endpoint-erythema", "Downtime-shallow"} & set(nose.advice)


def test_a_depth_that_was_set_is_explained_like_every_number() -> None:
    made = decided({SCARS: 3}, (CHEEK, 2.0), first_treatment="yes")
    (zone,) = (row for row in explain(made).zones if (row.zone, row.side) == (CHEEK, Side.LEFT))
    numbers = {row.number: row for row in zone.numbers}
    assert numbers[Number.OVERRIDE_MM].value == (2.0,)
    assert [step.rule_id for step in numbers[Number.OVERRIDE_MM].steps] == ["M10"]
    assert numbers[Number.INTERVAL_WEEKS].steps[-1].rule_id == "C01"


@pytest.mark.parametrize(
    ("grades", "place", "depth", "changes", "message"),
    [
        ({SCARS: 3}, CHEEK, 1.5, {}, "above 1.5 and up to 2 mm"),
        ({SCARS: 2}, CHEEK, 1.5, {}, "above 1.25 and up to 1.25 mm"),
        ({WRINKLES: 4}, CHEEK, 1.75, {}, "up to 1.5 mm"),
        ({SCARS: 3}, TreatmentZone.TEMPLE, 1.25, {}, "up to 1 mm"),
        ({SCARS: 3}, CHEEK, 1.75, {"device": SKINPEN}, "up to 1.5 mm"),  # its label's limit
        ({SCARS: 3}, CHEEK, 2.0, {"device": OPEN | {"maximum_mm": 1.75}}, "up to 1.75 mm"),
        ({SCARS: 3}, CHEEK, 1.75, {"device": OPEN | {"step_mm": 0.5}}, "in steps of 0.5 mm"),
        ({SCARS: 3}, CHEEK, 1.75, {"device": OPEN | {"step_mm": 0.2}}, "in steps of 1 mm"),
        ({PIGMENT: 2}, CHEEK, 0.75, {}, "up to 0.5 mm"),
        ({WRINKLES: 2}, TreatmentZone.LOWER_EYELID, 0.25, {}, "opens no zone"),
        ({SCARS: 0}, CHEEK, 0.5, {}, "opens no zone"),
        ({PIGMENT: 4}, CHEEK, 0.5, {}, "opens no zone"),
        ({SCARS: 3}, CHEEK, 2.0, {"pregnancy_or_breast_feeding": "yes"}, "opens no zone"),
        ({SCARS: 3}, CHEEK, 2.0, {"keloid_tendency": "unknown"}, "opens no zone"),
        ({SCARS: 3}, TreatmentZone.NECK, 0.75, {}, "no such treatment zone"),
    ],
)
def test_an_override_beyond_a_limit_is_refused_and_never_cut_down(
    grades: dict[Concern, int],
    place: TreatmentZone,
    depth: float,
    changes: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(RequestRefused, match=message) as refusal:
        decided(grades, (place, depth), **changes)
    assert refusal.value.code == "override_refused"


def test_an_override_without_a_confirmation_or_of_another_assessment_is_refused() -> None:
    assessment = graded(everywhere={SCARS: 3})
    word = overrides(assessment, (CHEEK, 2.0))
    with pytest.raises(RequestRefused, match="opens no zone"):
        suggest(assessment, patient(device=OPEN), None, overrides=word)
    other = make_assessment(client_ref="another")
    with pytest.raises(RequestRefused, match="of another assessment"):
        suggest(other, patient(), confirmed(other), overrides=word)


def test_a_decision_knows_the_questionnaire() -> None:
    assessment = graded(everywhere={SCARS: 3})
    word = overrides(assessment, (CHEEK, 2.0))
    asked = word.decided_at.date()
    for days, known in ((0, True), (1, True), (2, False)):
        later = (asked + timedelta(days=days)).isoformat()
        moment = word.decided_at + timedelta(days=days)
        word_of_clinic = confirmed(assessment).model_copy(update={"confirmed_at": moment})
        who = patient(device=OPEN, answered_on=later)
        if known:
            assert suggest(assessment, who, word_of_clinic, overrides=word).zones
        else:
            with pytest.raises(RequestRefused, match="before the answers"):
                suggest(assessment, who, word_of_clinic, overrides=word)


@pytest.mark.parametrize("reason", ["", "ok", "because"])
def test_a_reason_has_some_length(reason: str) -> None:
    with pytest.raises(ValidationError, match="reason"):
        DepthOverride(zone=CHEEK, side=Side.LEFT, depth_mm=2.0, reason=reason)


def test_the_same_zone_is_not_overridden_twice() -> None:
    with pytest.raises(ValidationError, match="twice"):
        overrides(graded(), (CHEEK, 1.75), (CHEEK, 2.0))


FOUR_MONTHS = {"use": "stopped", "stopped_on": "2025-11-02"}


def test_isotretinoin_stopped_four_months_ago_can_be_waived_with_a_reason() -> None:
    plain = decided({SCARS: 3}, isotretinoin=FOUR_MONTHS)
    assert zone_of(plain, CHEEK).reasons[0].code == "T01"
    made = decided({SCARS: 3}, waits=("T01",), isotretinoin=FOUR_MONTHS)
    assert zone_of(made, CHEEK).status is Status.SUGGESTED
    assert [(row.rule_id, row.by, row.reason) for row in made.waived] == [
        ("T01", "Dr A. Example", REASON)
    ]


@pytest.mark.parametrize(
    ("rule_id", "changes", "message"),
    [
        ("T01", {}, "not a wait that runs"),
        ("T01", {"isotretinoin": {"use": "stopped", "stopped_on": None}}, "not a wait that runs"),
        ("T02", {}, "cannot be waived"),
        ("T99", {}, "cannot be waived"),
        (
            "T03",
            {"dermal_filler": {"answer": "yes", "last_on": "2026-02-03", "zones": []}},
            "waited 27 days",
        ),
    ],
)
def test_only_a_running_wait_that_permits_it_is_waived(
    rule_id: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestRefused, match=message):
        decided({SCARS: 3}, waits=(rule_id,), **changes)


def test_the_injector_may_waive_a_filler_from_28_days_on() -> None:
    filler = {"answer": "yes", "last_on": "2026-02-02", "zones": []}
    made = decided({SCARS: 3}, waits=("T03",), dermal_filler=filler)
    assert zone_of(made, CHEEK).status is Status.SUGGESTED


def test_a_questionnaire_of_the_first_of_all_days_is_no_fault_of_ours() -> None:
    assessment = graded(everywhere={SCARS: 3})
    with pytest.raises(RequestRefused, match="has no range"):
        suggest(
            assessment,
            patient(device=OPEN, answered_on="0001-01-01"),
            confirmed(assessment),
            overrides=overrides(assessment, (CHEEK, 2.0)),
        )

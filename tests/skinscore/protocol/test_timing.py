"""Waiting times: each at its last waiting day and at its first free one."""

from datetime import date, timedelta
from typing import Any

import pytest

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Status, Suggestion
from skinscore.domain.zones import Side, TreatmentZone
from skinscore.protocol import plan, suggest
from skinscore.protocol.rulebook import load
from tests.skinscore.protocol.patients import NEVER, confirmed, graded, patient, zone_of

TODAY = date(2026, 3, 2)
SCARS, WRINKLES = Concern.ACNE_SCARRING, Concern.WRINKLES
CHEEK = TreatmentZone.CHEEK_MALAR

# The last day that still waits and the first that does not, counted back from 2 March 2026.
WAITS = [
    ("T02", "topical_retinoid_or_acid", "2026-02-26", "2026-02-25"),
    ("T03", "dermal_filler", "2025-09-03", "2025-09-02"),
    ("T04", "botulinum_toxin", "2026-02-17", "2026-02-16"),
    ("T05", "facial_surgery", "2025-03-03", "2025-03-02"),
    ("T06", "deep_resurfacing", "2025-12-03", "2025-12-02"),
    ("T07", "superficial_peel", "2026-02-03", "2026-02-02"),
    ("T08", "sun_or_tan", "2026-02-17", "2026-02-16"),
    ("T09", "active_acne_lesion", "2025-09-03", "2025-09-02"),
    ("T10", "other_scar", "2025-03-03", "2025-03-02"),
]


def suggested(grades: dict[Concern, int], **changes: Any) -> Suggestion:
    assessment = graded(everywhere=grades)
    return suggest(assessment, patient(**changes), confirmed(assessment))


def event(last_on: str | None, *zones: str) -> dict[str, Any]:
    return {"answer": "yes", "last_on": last_on, "zones": list(zones)}


@pytest.mark.parametrize(("rule_id", "name", "waits", "free"), WAITS)
def test_a_wait_ends_on_its_day_and_not_before(
    rule_id: str, name: str, waits: str, free: str
) -> None:
    blocked = zone_of(suggested({SCARS: 2}, **{name: event(waits)}), CHEEK)
    assert [reason.code for reason in blocked.reasons] == [rule_id]
    assert zone_of(suggested({SCARS: 2}, **{name: event(free)}), CHEEK).status is Status.SUGGESTED
    today = zone_of(suggested({SCARS: 2}, **{name: event(TODAY.isoformat())}), CHEEK)
    assert today.status is Status.WITHHELD


@pytest.mark.parametrize("name", [row[1] for row in WAITS])
def test_an_unknown_day_and_an_unknown_event_block_alike(name: str) -> None:
    unknown: dict[str, Any] = {"answer": "unknown", "last_on": None, "zones": []}
    for answer in (event(None), unknown):
        made = suggested({SCARS: 2}, **{name: answer})
        assert not any(zone.status is Status.SUGGESTED for zone in made.zones)
        assert [row.answer for row in made.open_questions if row.blocking] == [f"{name}_recently"]


def test_a_wait_in_one_zone_leaves_the_others_alone() -> None:
    made = suggested({SCARS: 2}, dermal_filler=event("2026-01-05", "cheek_left"))
    assert zone_of(made, CHEEK, Side.LEFT).status is Status.WITHHELD
    assert zone_of(made, CHEEK, Side.RIGHT).status is Status.SUGGESTED
    assert made.blocks == ()


def test_quiet_months_after_acne_matter_to_scars_only() -> None:
    recent = event("2026-01-05")
    assert zone_of(suggested({SCARS: 2}, active_acne_lesion=recent), CHEEK).status is (
        Status.WITHHELD
    )
    assert zone_of(suggested({WRINKLES: 2}, active_acne_lesion=recent), CHEEK).status is (
        Status.SUGGESTED
    )


def test_every_timing_rule_has_its_row_in_this_table() -> None:
    assert {row[0] for row in WAITS} | {"T01"} == {rule.id for rule in load().timing}


@pytest.mark.parametrize(
    ("days", "status"), [(0, Status.SUGGESTED), (27, Status.SUGGESTED), (28, Status.WITHHELD)]
)
def test_a_questionnaire_counts_for_27_days_so_that_none_serves_two_treatments(
    days: int, status: Status
) -> None:
    asked = (TODAY - timedelta(days=days)).isoformat()
    made = suggested({SCARS: 2}, answered_on=asked)
    assert zone_of(made, CHEEK).status is status
    assert made.answers_valid_until == TODAY - timedelta(days=days) + timedelta(days=27)
    if status is Status.WITHHELD:
        assert {r.code for r in zone_of(made, CHEEK).reasons} == {"stale_questionnaire"}


@pytest.mark.parametrize(
    ("later", "status"), [(0, Status.SUGGESTED), (27, Status.SUGGESTED), (28, Status.WITHHELD)]
)
def test_no_depth_for_a_first_treatment_on_a_day_on_which_the_answers_no_longer_count(
    later: int, status: Status
) -> None:
    assessment = graded(everywhere={SCARS: 2})
    first = TODAY + timedelta(days=later)
    made = suggest(assessment, patient(), confirmed(assessment), treated_from=first)
    assert zone_of(made, CHEEK).status is status
    assert any(zone.depth_range_mm for zone in made.zones) is (status is Status.SUGGESTED)
    assert bool(plan(made, first).windows) is (status is Status.SUGGESTED)
    if status is Status.WITHHELD:
        assert {r.code for r in zone_of(made, CHEEK).reasons} == {"stale_questionnaire"}


def test_a_day_of_treatment_before_the_confirmation_makes_no_answer_younger() -> None:
    assessment, asked = graded(everywhere={SCARS: 2}), TODAY - timedelta(days=28)
    old = patient(answered_on=asked.isoformat())
    made = suggest(assessment, old, confirmed(assessment), treated_from=asked)
    assert not any(zone.depth_range_mm for zone in made.zones)


def test_an_event_after_the_questionnaire_is_refused() -> None:
    with pytest.raises(ValueError, match=r"timing\.sun_or_tan\.last_on lies after answered_on"):
        patient(sun_or_tan=event("2026-03-03"))
    with pytest.raises(ValueError, match="only with the answer yes"):
        patient(sun_or_tan={**NEVER, "last_on": "2026-03-01"})


@pytest.mark.parametrize(("kind", "code"), [("home", "H01"), ("radiofrequency", "H02")])
def test_a_home_or_radiofrequency_device_never_gets_a_depth(kind: str, code: str) -> None:
    device = {
        "name": "Any", "kind": kind, "maximum_mm": 0.25, "labelled_maximum_mm": None,
        "step_mm": 0.25, "tolerance_mm": None,
    }  # fmt: skip
    made = suggested({SCARS: 2}, device=device)
    assert [block.code for block in made.blocks] == [code]
    assert not any(zone.depth_range_mm or zone.override_cap_mm for zone in made.zones)

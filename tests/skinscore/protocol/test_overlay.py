"""A clinic's own rules: stricter ones load and hold, looser ones do not load."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Status
from skinscore.domain.zones import TreatmentZone, Zone
from skinscore.errors import RequestRefused
from skinscore.protocol import explain, plan, suggest
from skinscore.protocol.overlay import Overlay, lay_over, read_overlay
from skinscore.protocol.rulebook import Rulebook, load
from skinscore.protocol.rules import Limits
from tests.skinscore.protocol.patients import confirmed, graded, patient, zone_of

SCARS, WRINKLES, PIGMENT = Concern
CHEEK = TreatmentZone.CHEEK_MALAR
NOTHING: dict[str, Any] = {
    "schema": "skinscore.overlay/1",
    "name": "Example clinic",
    "version": "clinic.1",
    "signed_by": "Dr A. Example",
    "zones": [],
    "limits": [],
    "waits": [],
    "must_answer": [],
    "blocking": [],
    "modifiers": [],
    "referrals": [],
}
BASIS: dict[str, Any] = {"evidence": "D", "standing": "derived", "sources": []}


def overlaid(**changes: Any) -> Rulebook:
    return lay_over(load(), read_overlay(json.dumps(NOTHING | changes)))


def zone(name: str, cap: float | None, override: float | None) -> dict[str, Any]:
    return {"zone": name, "cap_mm": cap, "override_mm": override, "why": "house rule"}


def days(rule_id: str, count: int, *, waivable: bool = False) -> dict[str, Any]:
    return {"rule_id": rule_id, "wait": {"days": count, "months": None}, "waivable": waivable,
            "reason": f"Fewer than {count} days."}  # fmt: skip


def months(rule_id: str, count: int, *, waivable: bool = False) -> dict[str, Any]:
    return {"rule_id": rule_id, "wait": {"days": None, "months": count}, "waivable": waivable,
            "reason": f"Fewer than {count} months."}  # fmt: skip


DEEP: dict[str, Any] = {"when": [{"high_from_mm": 1.0}]}


def own_referral(changes: dict[str, Any]) -> dict[str, Any]:
    return BASIS | {
        "id": "Clinic-first",
        "when": [{}],
        "replaces_range": False,
        "stops_all": False,
        "text": "house rule",
        "plain": "house rule",
    } | changes  # fmt: skip


def own_modifier(rule_id: str, effect: dict[str, Any] | None) -> dict[str, Any]:
    return BASIS | {
        "id": rule_id,
        "what": "house rule",
        "when": [{}],
        "effect": effect,
        "note": None,
    }


def test_an_empty_overlay_changes_nothing_but_the_name_of_the_rules() -> None:
    rules, assessment = overlaid(), graded(everywhere={SCARS: 3, WRINKLES: 2})
    ours = suggest(assessment, patient(), confirmed(assessment))
    theirs = suggest(assessment, patient(), confirmed(assessment), rulebook=rules)
    assert theirs.zones == ours.zones
    assert theirs.rulebook.version == f"{load().version}+clinic.1"
    assert theirs.rulebook.digest != ours.rulebook.digest
    assert theirs.rulebook.overlay == "Example clinic clinic.1, signed by Dr A. Example"
    assert ours.rulebook.overlay is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zones": [zone("forehead", 1.25, 1.5)]}, "forehead cap_mm 1.25 (rulebook: 1.0)"),
        ({"zones": [zone("temple", 0.75, 1.25)]}, "temple override_mm 1.25 (rulebook: 1.0)"),
        ({"zones": [zone("lower_eyelid", 0.25, 0.25)]}, "lower_eyelid cap_mm 0.25"),
        ({"limits": [{"name": "adult_from_years", "value": 17}]}, "adult_from_years 17"),
        ({"limits": [{"name": "questionnaire_days", "value": 29}]}, "questionnaire_days 29"),
        ({"limits": [{"name": "low_confidence_width", "value": 3}]}, "low_confidence_width 3"),
        ({"limits": [{"name": "judge_months", "value": 5}]}, "fixed only"),
        ({"limits": [{"name": "adulthood", "value": 21}]}, "no limit is called adulthood"),
        ({"waits": [days("T02", 4)]}, "T02 4 days (rulebook: 5)"),
        ({"waits": [months("T01", 5, waivable=True)]}, "T01 5 months (rulebook: 6)"),
        ({"waits": [days("T01", 200)]}, "another unit"),
        ({"waits": [days("T02", 7, waivable=True)]}, "T02 waivable"),
        ({"waits": [days("T77", 7)]}, "no waiting time is called T77"),
        ({"must_answer": ["Ask-R77"]}, "no question is called Ask-R77"),
    ],
)
def test_an_overlay_that_loosens_anything_refuses_to_load(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        overlaid(**changes)
    assert message in str(refusal.value)
    assert refusal.value.code == "overlay_loosens"
    assert (refusal.value.http_status, refusal.value.exit_code) == (422, 2)


def test_all_that_is_looser_is_named_at_once() -> None:
    with pytest.raises(RequestRefused, match=r"2 problems: .*forehead.*T02"):
        overlaid(zones=[zone("forehead", 1.25, 1.5)], waits=[days("T02", 4)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zones": [zone("fore_head", 1.0, 1.0)]}, "zones.0.zone"),
        ({"zones": [zone("forehead", 0.75, 0.5)]}, "override_mm lies below cap_mm"),
        ({"limits": [{"name": "questionnaire_days", "value": -1}]}, "questionnaire_days"),
        ({"colour": "red"}, "colour"),
        ({"modifiers": [own_modifier("M2", {})]}, "Clinic-"),
        ({"modifiers": [own_modifier("Clinic-x", None)]}, "has an effect"),
        ({"modifiers": [own_modifier("Clinic-x", {"lower_by_mm": -0.25})]}, "greater than 0"),
        ({"zones": [zone("forehead", 0.5, 0.5), zone("forehead", 1.0, 1.0)]}, "twice"),
        ({"waits": [days("T02", 30), days("T02", 5)]}, "twice"),
        ({"limits": [{"name": "questionnaire_days", "value": n} for n in (7, 27)]}, "twice"),
        ({"modifiers": [own_modifier("Clinic-x", {}) | DEEP]}, "only advice comes after it"),
        ({"referrals": [own_referral(DEEP)]}, "only advice comes after it"),
    ],
)
def test_an_overlay_with_a_mistake_is_refused_by_the_name_of_the_field(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        overlaid(**changes)
    assert message in str(refusal.value)
    assert refusal.value.code == "document_invalid"


def test_a_day_without_quotes_is_refused_in_words() -> None:
    with pytest.raises(RequestRefused, match="a day without quotes") as refusal:
        read_overlay("version: 2026-01-15")
    assert refusal.value.code == "document_invalid"


def test_a_local_answer_stops_everywhere_when_the_clinic_says_so() -> None:
    rule = BASIS | {"id": "Clinic-keratosis", "fact": "actinic_keratosis", "question": "Any?",
                    "reason": "House rule."}  # fmt: skip
    assessment = graded(everywhere={SCARS: 2})
    who = patient(actinic_keratosis={"answer": "yes", "zones": ["nose"]})
    for scope, stopped in (("all", True), ("local", False)):
        rules = overlaid(blocking=[rule | {"scope": scope}])
        made = suggest(assessment, who, confirmed(assessment), rulebook=rules)
        assert [row.code for row in made.blocks] == ["Clinic-keratosis"] * stopped
        assert (zone_of(made, CHEEK).status is Status.WITHHELD) == stopped


@pytest.mark.parametrize("replaces_range", [True, False])
def test_a_referral_that_stops_all_leaves_no_depth_in_any_zone(replaces_range: bool) -> None:
    when = {"when": [{"concern": "acne_scarring", "grade_from": 4, "zones": ["chin"]}]}
    rules = overlaid(
        referrals=[own_referral(when) | {"stops_all": True, "replaces_range": replaces_range}]
    )
    assessment = graded({Zone.CHIN: {SCARS: 4}}, everywhere={SCARS: 2})
    made = suggest(assessment, patient(), confirmed(assessment), rulebook=rules)
    assert not any(row.depth_range_mm for row in made.zones)
    assert [row.code for row in zone_of(made, CHEEK).reasons] == ["referral_first"]
    elsewhere = graded(everywhere={SCARS: 2})
    made = suggest(elsewhere, patient(), confirmed(elsewhere), rulebook=rules)
    assert zone_of(made, CHEEK).depth_range_mm is not None


def test_a_clinics_interval_holds_between_all_treatments() -> None:
    rules = overlaid(modifiers=[own_modifier("Clinic-pace", {"interval_weeks_from": 12})])
    assessment = graded(everywhere={SCARS: 3})
    made = suggest(assessment, patient(), confirmed(assessment), rulebook=rules)
    days_of = [row.earliest for row in plan(made, made.answered_on, rulebook=rules).windows
               if row.number is not None]  # fmt: skip
    assert len(days_of) > 3
    assert all(after - before >= timedelta(weeks=12) for before, after in pairwise(days_of))


def test_a_longer_wait_is_told_with_its_own_reason() -> None:
    rules = overlaid(waits=[days("T04", 60)])
    toxin = {"answer": "yes", "last_on": "2026-02-01", "zones": []}
    assessment = graded(everywhere={SCARS: 2})
    made = suggest(
        assessment, patient(botulinum_toxin=toxin), confirmed(assessment), rulebook=rules
    )
    assert [row.text for row in zone_of(made, CHEEK).reasons] == ["Fewer than 60 days."]


@pytest.mark.parametrize("text", ["{a: 1, a: 2}", "{a: [1}", "\t- x: ["])
def test_a_file_that_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(RequestRefused, match="not valid YAML"):
        read_overlay(text)


def test_a_lower_cap_a_longer_wait_and_an_own_rule_hold() -> None:
    rules = overlaid(
        zones=[zone("cheek_malar", 1.0, 1.0), zone("temple", None, None)],
        waits=[days("T02", 14)],
        must_answer=["Ask-R15"],
        modifiers=[own_modifier("Clinic-pause", {"interval_weeks_from": 8})],
    )
    assessment = graded(everywhere={SCARS: 3})
    made = suggest(assessment, patient(), confirmed(assessment), rulebook=rules)
    cheek = zone_of(made, CHEEK)
    assert (cheek.depth_range_mm, cheek.cap_mm, cheek.override_cap_mm) == ((0.75, 1.0), 1.0, 1.0)
    assert cheek.interval_weeks == (8, 8)
    assert "Clinic-pause" in {step.rule_id for step in cheek.rules}
    temple = zone_of(made, TreatmentZone.TEMPLE)
    assert temple.status is Status.EXCLUDED
    assert temple.reasons[0].text == "house rule"
    acid = {"answer": "yes", "last_on": "2026-02-20", "zones": []}
    for changes, code in (
        ({"topical_retinoid_or_acid": acid}, "T02"),
        ({"cold_sores": "unknown"}, "Ask-R15"),
    ):
        blocked = suggest(assessment, patient(**changes), confirmed(assessment), rulebook=rules)
        assert code in {reason.code for reason in zone_of(blocked, CHEEK).reasons}


def test_a_wait_that_the_clinic_closed_can_no_longer_be_waived() -> None:
    rules = overlaid(waits=[months("T01", 6)])
    assert next(rule for rule in rules.timing if rule.id == "T01").waiver is None
    kept = overlaid(waits=[months("T01", 8, waivable=True)])
    assert next(rule for rule in kept.timing if rule.id == "T01").waiver is not None


def test_a_suggestion_is_explained_by_the_rules_that_made_it_and_by_no_others() -> None:
    rules, assessment = overlaid(), graded(everywhere={SCARS: 3})
    made = suggest(assessment, patient(), confirmed(assessment), rulebook=rules)
    assert explain(made, rulebook=rules).rulebook == made.rulebook
    with pytest.raises(RequestRefused, match="of another digest"):
        explain(made)


def test_the_schema_of_an_overlay_admits_what_the_example_says() -> None:
    assert Overlay.parse(json.dumps(NOTHING)).zones == ()


def test_the_example_of_the_how_to_loads_and_holds() -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "lay-your-own-rules.md").read_text()
    rules = lay_over(load(), read_overlay(page.split("```yaml")[1].split("```")[0]))
    assert rules.zone(TreatmentZone.UPPER_LIP).cap_mm == 0.5
    assert rules.limits.questionnaire_days.value == 14
    assert rules.modifiers[-1].id == "Clinic-pace"


@pytest.mark.parametrize("name", list(Limits.model_fields))
def test_an_overlay_may_repeat_a_limit_as_it_is(name: str) -> None:
    value = getattr(load().limits, name).value
    same = overlaid(limits=[{"name": name, "value": value}])
    assert getattr(same.limits, name).value == value


@pytest.mark.parametrize("field", ["name", "signed_by"])
def test_a_name_has_one_to_eighty_letters(field: str) -> None:
    for length in (1, 80):
        overlaid(**{field: "x" * length})
    for length in (0, 81):
        with pytest.raises(RequestRefused, match=field):
            overlaid(**{field: "x" * length})

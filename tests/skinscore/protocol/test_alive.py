"""No dead rule: each can fire, and each row of the depth table is met by somebody."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.suggestion import Status, Suggestion
from skinscore.domain.zones import TreatmentZone
from skinscore.protocol import suggest
from skinscore.protocol.depth_table import table_row
from skinscore.protocol.rulebook import load
from tests.skinscore.protocol.crowd import draw
from tests.skinscore.protocol.patients import confirmed, graded, patient

EVENT = {"answer": "yes", "last_on": "2026-03-01", "zones": []}
WHEREVER = {"answer": "yes", "zones": []}


def people() -> Iterator[Suggestion]:
    """A small crowd, and one person for each answer that a crowd gives too seldom."""
    random = Random(2026)
    for _ in range(700):
        person = draw(random)
        yield suggest(person.assessment, person.patient, person.confirmation)
    document = patient().model_dump(mode="json")
    for group in ("safety", "history", "timing", "examination"):
        for name, value in document[group].items():
            yield whole_face(**answer_yes(name, value))
    for kind in ("pen", "roller", "home", "radiofrequency"):
        yield whole_face(device=document["device"] | {"kind": kind})
    for isotretinoin in (("current", None), ("stopped", "2026-01-01"), ("stopped", None)):
        use, day = isotretinoin
        yield whole_face(isotretinoin={"use": use, "stopped_on": day})
    for changes in (
        {"age_years": 17},
        {"age_years": 21},
        {"pigmentation_type": "melasma"},
        {"pigmentation_type": "dermal"},
        {"pigmentation_type": "hypopigmentation"},
    ):
        yield whole_face(**changes)  # fmt: skip


def answer_yes(name: str, value: object) -> dict[str, Any]:
    if value == "no":
        return {name: "yes"}
    if isinstance(value, dict) and "last_on" in value:
        return {name: EVENT}
    if isinstance(value, dict) and "zones" in value:
        return {name: WHEREVER}
    return {}


def whole_face(**changes: Any) -> Suggestion:
    assessment = graded(everywhere={Concern.ACNE_SCARRING: 2, Concern.WRINKLES: 2})
    return suggest(assessment, patient(**changes), confirmed(assessment))


def heard(made: Suggestion) -> set[str]:
    """Return every rule id that a suggestion speaks of."""
    said = {row.id for row in made.referrals} | {row.id for row in made.open_questions}
    said |= {row.code for row in made.blocks} | {row.rule_id for row in made.advice}
    for zone in made.zones:
        said |= {step.rule_id for step in zone.rules} | {row.code for row in zone.reasons}
    return said


def test_every_rule_can_fire() -> None:
    rules = load()
    fired = {rule_id for made in people() for rule_id in heard(made)}
    # Thresholds, labels and the follow-up do not speak by id in a suggestion; their own tests
    # meet them. M10 needs an override. A row without a range never reaches the log.
    silent = {rule.id for rule in rules.limits.rules} | {rule.id for rule in rules.labels}
    silent |= {rule.id for rule in rules.followup.values()} | {"M10"}
    silent |= {row.id for row in rules.base if row.base_mm is None}
    assert {rule.id for rule in rules.rules} - silent - fired == set()


@pytest.mark.parametrize("concern", CONCERNS)
@pytest.mark.parametrize("grade", GRADES)
def test_every_row_of_the_table_is_met_by_somebody(concern: Concern, grade: int) -> None:
    rules = load()
    flatten = "no" if grade == 4 else "yes"
    neck = {name.value: grade if name is concern else 0 for name in CONCERNS}
    who = patient(scars_flatten_on_stretching=flatten, neck=neck)
    assessment = graded(everywhere={concern: grade})
    made = suggest(assessment, who, confirmed(assessment))
    assert {zone.zone for zone in made.zones} == set(TreatmentZone)
    for zone in made.zones:
        row = table_row(rules, concern, grade, zone.zone)
        if zone.zone is TreatmentZone.LOWER_EYELID:
            assert zone.status is Status.EXCLUDED
        elif row.depth is None:
            expected = Status.NOTHING_TO_TREAT if grade == 0 else Status.REFERRED
            assert zone.status is expected
        else:
            assert zone.depth_range_mm == row.depth.pair
            assert zone.sessions == row.base.sessions
            assert zone.evidence == row.evidence
            assert {row.base.id, row.zone.id} <= {step.rule_id for step in zone.rules}
            spoken = zone.concerns[CONCERNS.index(concern)]
            assert spoken.us_label_status == row.us_label_status


def test_the_neck_is_suggested_only_when_graded_by_hand_and_fears_every_local_answer() -> None:
    assessment = graded()
    grades = {"acne_scarring": 0, "wrinkles": 3, "pigmentation": 0}
    for changes, found in (({}, []), ({"neck": grades}, [Status.SUGGESTED])):
        made = suggest(assessment, patient(**changes), confirmed(assessment))
        neck = [zone for zone in made.zones if zone.zone is TreatmentZone.NECK]
        assert [zone.status for zone in neck] == found
    for zone in neck:
        assert (zone.depth_range_mm, zone.graded_zones) == ((0.5, 0.75), ())
        assert zone.concerns[1].grade_by == "clinician"
    keratosis = {"answer": "yes", "zones": ["chin"]}
    who = patient(neck=grades, actinic_keratosis=keratosis)
    made = suggest(assessment, who, confirmed(assessment))
    assert next(z for z in made.zones if z.zone is TreatmentZone.NECK).status is Status.WITHHELD

"""The bounds of the rulebook's data stand exactly where they are written."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from skinscore.domain.patient import Answer
from skinscore.protocol.facts import patient_facts
from skinscore.protocol.rulebook import load
from skinscore.protocol.rules import Condition, Limits, Wait, ZoneRule
from skinscore.protocol.vocabulary import Fact
from tests.skinscore.protocol.patients import graded, patient


def limits(**values: float) -> Limits:
    document = load().limits.model_dump(mode="json", by_alias=True)
    for name, value in values.items():
        document[name]["value"] = value
    return Limits.model_validate_json(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("adult_from_years", (18, 21), (17,)),
        ("thickness_margin_mm", (0.1, 0.2), (0.0,)),
        ("low_confidence_width", (1, 4), (0, 5)),
        ("deep_from_mm", (1.25, 1.5), (1.51, 1.75)),
        ("questionnaire_days", (0, 27), (-1, 28)),
        ("review_after_sessions", (1, 3), (0, 4)),
        ("review_from_weeks", (8, 12), (13,)),
        ("maintenance_from_months", (6, 12), (13,)),
    ],
)
def test_a_hard_limit_holds_at_its_edge(
    name: str, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    for value in inside:
        assert getattr(limits(**{name: value}), name).value == value
    for value in outside:
        with pytest.raises(ValidationError, match=name):
            limits(**{name: value})


@pytest.mark.parametrize("unit", ["days", "months"])
def test_a_wait_of_one_is_a_wait_and_none_is_not(unit: str) -> None:
    other = {"days": "months", "months": "days"}[unit]
    assert getattr(Wait.model_validate({unit: 1, other: None}), unit) == 1
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        Wait.model_validate({unit: 0, other: None})


def test_a_condition_knows_grades_one_to_four() -> None:
    for grade in (1, 4):
        assert Condition(grade_from=grade).grade_from == grade
    for grade in (0, 5):
        with pytest.raises(ValidationError, match="grade_from"):
            Condition(grade_from=grade)


@pytest.mark.parametrize(
    ("thickness", "good"), [(0.51, True), (0.5, False), (2.9, True), (3.0, False)]
)
def test_skin_is_half_a_millimetre_to_three_thick(thickness: float, good: bool) -> None:
    row: dict[str, Any] = load().zones[0].model_dump() | {"thickness_mm": thickness}
    if good:
        assert ZoneRule.model_validate(row).thickness_mm == thickness
    else:
        with pytest.raises(ValidationError, match="thickness_mm"):
            ZoneRule.model_validate(row)


@pytest.mark.parametrize(("age", "young"), [(17, "no"), (18, "yes"), (21, "yes"), (22, "no")])
def test_the_us_label_begins_at_twenty_two(age: int, young: str) -> None:
    facts = patient_facts(patient(age_years=age), graded(), load())
    assert facts[Fact.AGE_18_TO_21] is Answer(young)

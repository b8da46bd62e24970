"""What every document refuses before its fields are read."""

import json
from typing import Any

import pytest

from skinscore.domain.assessment import Assessment
from skinscore.domain.document import Document
from skinscore.domain.patient import PatientProfile
from skinscore.domain.suggestion import Confirmation
from skinscore.errors import RequestRefused
from tests.skinscore.protocol.patients import confirmed, graded, json_of


def refused(kind: type[Document], text: str | bytes) -> str:
    with pytest.raises(RequestRefused) as refusal:
        kind.parse(text)
    assert refusal.value.code == "document_invalid"
    return str(refusal.value)


@pytest.mark.parametrize(
    ("once", "twice", "key"),
    [
        (
            '"pregnancy_or_breast_feeding": "no"',
            '"pregnancy_or_breast_feeding": "yes", "pregnancy_or_breast_feeding": "no"',
            "pregnancy_or_breast_feeding",
        ),
        ('"age_years": 34', '"age_years": 12, "age_years": 34', "age_years"),
        ('"age_years": 34', '"age_years": 34, "age\\u005fyears": 34', "age_years"),
        ('"use": "never"', '"use": "current", "use": "never"', "use"),
    ],
)
def test_an_answer_that_is_given_twice_is_refused_by_name_and_never_by_value(
    once: str, twice: str, key: str
) -> None:
    whole = json_of()
    assert once in whole
    PatientProfile.parse(whole)
    for text in (whole.replace(once, twice), whole.replace(once, twice).encode()):
        told = refused(PatientProfile, text)
        assert f"the key '{key}' stands 2 times in one object" in told
        assert "current" not in told
        assert "12" not in told


def test_the_same_key_in_two_objects_is_no_repetition() -> None:
    assessment = graded()
    assert Assessment.parse(assessment.to_json()) == assessment


def test_a_long_key_is_not_repeated_in_full() -> None:
    key = "k" * 5000
    assert len(refused(PatientProfile, f'{{"{key}": 1, "{key}": 2}}')) < 400


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe", "null", "[]", "3", '"a"'])
def test_what_is_no_document_is_refused_in_one_way(text: str | bytes) -> None:
    assert "a PatientProfile document has" in refused(PatientProfile, text)


def test_another_kind_of_document_is_named_and_not_its_fields() -> None:
    texts: dict[type[Document], str] = {
        Assessment: graded().to_json(),
        PatientProfile: json_of(),
        Confirmation: confirmed(graded()).to_json(),
    }
    names = {kind: json.loads(text)["schema"] for kind, text in texts.items()}
    for kind in texts:
        for other in set(texts) - {kind}:
            told = refused(kind, texts[other])
            assert f"this is a {names[other]}, expected {names[kind]}" in told
            assert "problems" not in told


@pytest.mark.parametrize("schema", ["Jane Doe", "skinscore.patient/1\n", ""])
def test_a_schema_that_is_no_name_of_ours_is_not_repeated(schema: str) -> None:
    told = refused(PatientProfile, json.dumps(json.loads(json_of()) | {"schema": schema}))
    assert "this is of another `schema`, expected skinscore.patient/1" in told
    assert "Jane" not in told


@pytest.mark.parametrize("schema", [None, ["skinscore.patient/1"]])
def test_a_schema_that_is_no_text_is_a_wrong_field(schema: Any) -> None:
    told = refused(PatientProfile, json.dumps(json.loads(json_of()) | {"schema": schema}))
    assert "schema: Input should be" in told


def test_a_flood_of_wrong_fields_is_not_answered_with_a_flood() -> None:
    many = json.loads(json_of()) | {f"{place}{'n' * 1000}": 1 for place in range(1000)}
    words = refused(PatientProfile, json.dumps(many))
    assert "1000 problems: " in words
    assert "; and 900 more" in words
    assert len(words) < 100 * 150

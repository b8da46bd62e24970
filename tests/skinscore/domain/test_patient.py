import json
from datetime import date
from pathlib import Path

import pytest

import skinscore
from skinscore.domain.patient import Answer, LocalAnswer, PatientProfile
from skinscore.domain.suggestion import Confirmation
from skinscore.errors import RequestRefused
from tests.skinscore.protocol.patients import CLEAR, confirmed, graded, json_of, patient


def leaves(document: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(document, dict):
        return [path]
    return [leaf for key, value in document.items() for leaf in leaves(value, (*path, key))]


@pytest.mark.parametrize("path", leaves(CLEAR), ids=".".join)
def test_every_field_must_be_present_and_none_is_assumed(path: tuple[str, ...]) -> None:
    document = json.loads(json_of())
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    with pytest.raises(RequestRefused, match=path[-1]) as refusal:
        PatientProfile.parse(json.dumps(document))
    assert refusal.value.code == "document_invalid"


@pytest.mark.parametrize("value", [True, None, "No", "maybe", 0])
def test_an_answer_is_one_of_three_words(value: object) -> None:
    with pytest.raises(RequestRefused, match="keloid_tendency"):
        PatientProfile.parse(
            json_of(keloid_tendency=value)  # a wrong value is never repeated in the message
        )


def test_an_unknown_field_is_refused_by_name() -> None:
    document = json.loads(json_of()) | {"name_of_patient": "A B"}
    with pytest.raises(RequestRefused, match="name_of_patient") as refusal:
        PatientProfile.parse(json.dumps(document))
    assert "A B" not in str(refusal.value)


def test_a_questionnaire_survives_the_way_to_json_and_back() -> None:
    filled = patient(age_years="unknown", device="unknown")
    assert PatientProfile.parse(filled.to_json()) == filled
    assert PatientProfile.parse(filled.to_json()).digest == filled.digest


def test_any_other_answer_gives_another_digest() -> None:
    assert patient(cold_sores="yes").digest != patient().digest


def test_an_unanswered_questionnaire_answers_nothing() -> None:
    blank = json.loads(PatientProfile.unanswered(date(2026, 3, 2)).to_json())
    told = {path for path in leaves(blank) if dig(blank, path) not in ("unknown", None, [])}
    assert told == {("schema",), ("answered_on",)}


def dig(document: object, path: tuple[str, ...]) -> object:
    for key in path:
        assert isinstance(document, dict)
        document = document[key]
    return document


def test_zones_belong_to_the_answer_yes() -> None:
    with pytest.raises(ValueError, match="only with the answer yes"):
        LocalAnswer.model_validate_json('{"answer": "no", "zones": ["chin"]}')
    here = LocalAnswer.model_validate_json('{"answer": "yes", "zones": ["chin"]}')
    assert here.answer is Answer.YES


@pytest.mark.parametrize(
    ("isotretinoin", "message"),
    [
        ({"use": "never", "stopped_on": "2026-01-01"}, "only when use is stopped"),
        ({"use": "stopped", "stopped_on": "2026-03-03"}, "lies after answered_on"),
    ],
)
def test_dates_that_contradict_are_refused(isotretinoin: object, message: str) -> None:
    with pytest.raises(RequestRefused, match=message):
        PatientProfile.parse(json_of(isotretinoin=isotretinoin))


def test_the_shipped_sample_is_a_complete_questionnaire() -> None:
    sample = Path(skinscore.__file__).parent / "assets" / "questionnaire.json"
    told = PatientProfile.parse(sample.read_bytes())
    assert "unknown" not in told.to_json()


@pytest.mark.parametrize("value", ["20260302", "1772409600", 1772409600, 20454.0, "2.3.2026", ""])
def test_a_day_is_written_out_and_never_a_number(value: object) -> None:
    with pytest.raises(RequestRefused, match="answered_on"):
        PatientProfile.parse(json_of(answered_on=value))


@pytest.mark.parametrize("value", ["1772409600", 1772409600, "20260302T090000Z", "2026-03-02"])
def test_a_moment_is_written_out_with_its_zone(value: object) -> None:
    assessment = graded()
    document = confirmed(assessment).model_dump(mode="json", by_alias=True)
    with pytest.raises(RequestRefused, match="confirmed_at"):
        Confirmation.parse(json.dumps(document | {"confirmed_at": value}))

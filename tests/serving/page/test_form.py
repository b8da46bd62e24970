"""A form and its documents: what is ticked is what the questionnaire says, whoever ticks it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.domain.concerns import Concern
from skinscore.domain.patient import PatientProfile
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.protocol.overlay import rules_with
from skinscore_serving.page import questions as form
from skinscore_serving.page.submission import read_form, request_of
from tests.skinscore.protocol.patients import graded

RULES = rules_with(None)
NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
SCARRED = graded(everywhere={Concern.ACNE_SCARRING: 2})
QUESTIONS = [question for group in form.groups(RULES) for question in group.questions]

Pairs = list[tuple[str, str]]


PEN = {"kind": "pen", "name": "A pen", "maximum_mm": "2.5", "step_mm": "0.25"}


def untouched() -> dict[str, str]:
    """What a browser sends of the form as it stands."""
    fields = {form.ASSESSMENT: SCARRED.to_json(), form.CONFIRMED_BY: "", form.START: ""}
    fields |= dict.fromkeys([*form.NECK.values(), *form.DEVICE.values(), "age_years"], "")
    fields |= {form.REFERENCE: "", form.RULEBOOK: RULES.ref.digest}
    fields |= {form.ANSWERED_ON: NOW.date().isoformat(), form.DEVICE["kind"]: form.UNKNOWN}
    fields |= {question.field: form.UNKNOWN for question in QUESTIONS}
    fields |= {question.day: "" for question in QUESTIONS if question.day is not None}
    return fields | {
        form.grade_field(zone, grade.concern): str(grade.grade)
        for zone, grade in form.graded(SCARRED)
    }


def read(changes: dict[str, str], zones: Pairs = ()) -> PatientProfile:  # type: ignore[assignment]
    body = urlencode([*(untouched() | changes).items(), *zones]).encode()
    return request_of(read_form(body), RULES, NOW).patient


def at(profile: PatientProfile, place: str) -> Any:
    content = profile.model_dump(mode="json", by_alias=True)
    for name in place.split("."):
        content = content[name]
    return content


@st.composite
def answers(draw: st.DrawFn) -> tuple[dict[str, str], Pairs]:
    """Any answers that do not contradict themselves."""
    fields, zones = {}, []
    for question in QUESTIONS:
        chosen = draw(st.sampled_from(question.choices))
        fields[question.field] = chosen
        if question.day is not None and chosen in ("yes", "stopped"):
            day = draw(st.none() | st.dates(date(2000, 1, 1), NOW.date()))
            fields[question.day] = "" if day is None else day.isoformat()
        if question.zones is not None and chosen == "yes":
            places = draw(st.lists(st.sampled_from(Zone), unique=True, max_size=3))
            zones += [(question.zones, zone.value) for zone in places]
    return fields, zones


@given(answers())
def test_every_answer_arrives_where_it_was_given(given: tuple[dict[str, str], Pairs]) -> None:
    fields, zones = given
    profile = read(fields, zones)
    for question in QUESTIONS:
        assert at(profile, question.field) == fields[question.field]
        if question.day is not None:
            assert at(profile, question.day) == (fields.get(question.day) or None)
        if question.zones is not None:
            assert at(profile, question.zones) == [
                zone for name, zone in zones if name == question.zones
            ]


def test_a_form_that_nobody_touched_is_an_unanswered_questionnaire_of_today() -> None:
    assert read({}) == PatientProfile.unanswered(NOW.date())


def test_the_form_asks_everything_that_the_questionnaire_holds() -> None:
    asked = {question.field.split(".")[1] for question in QUESTIONS if "." in question.field}
    held = {name for _, kind in form.GROUPS.values() for name in kind.model_fields}
    assert held - asked == {"neck"}  # has a table of its own
    assert {choice for question in QUESTIONS for choice in question.choices} <= set(form.CHOICES)
    assert set(form.DEVICE_KINDS) <= set(form.CHOICES)


def test_a_neck_and_a_device_arrive() -> None:
    fields = {form.DEVICE[name]: value for name, value in PEN.items()} | {form.UNLABELLED: "yes"}
    fields |= dict.fromkeys(form.NECK.values(), "2")
    profile = read(fields | {"age_years": "34"})
    assert at(profile, "device") == {
        "name": "A pen",
        "kind": "pen",
        "maximum_mm": 2.5,
        "labelled_maximum_mm": None,
        "step_mm": 0.25,
        "tolerance_mm": None,
    }
    assert set(at(profile, "examination.neck").values()) == {2}
    assert profile.age_years == 34


def test_half_a_neck_or_a_foreign_zone_is_refused() -> None:
    with pytest.raises(RequestRefused, match="some grades of the neck, but not all"):
        read({form.NECK[Concern.WRINKLES]: "2"})
    with pytest.raises(RequestRefused, match=r"actinic_keratosis\.zones"):
        read(
            {"safety.actinic_keratosis.answer": "yes"},
            [("safety.actinic_keratosis.zones", "elbow")],
        )


@pytest.mark.parametrize(
    ("changes", "zones"),
    [
        ({}, [("safety.actinic_keratosis.zones", "nose")]),
        ({"safety.actinic_keratosis.answer": "no"}, [("safety.actinic_keratosis.zones", "nose")]),
        ({"timing.sun_or_tan.last_on": "2026-01-01"}, []),
        ({"history.isotretinoin.stopped_on": "2026-01-01"}, []),
    ],
)
def test_a_day_or_zones_without_a_yes_are_refused_in_the_words_of_the_question(
    changes: dict[str, str], zones: Pairs
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        read(changes, zones)
    assert any(question.words in refusal.value.found for question in QUESTIONS)


def test_a_clinician_confirms_in_one_moment_what_the_form_shows() -> None:
    body = urlencode(untouched() | {form.CONFIRMED: "yes", form.CONFIRMED_BY: " Dr A "}).encode()
    asked = request_of(read_form(body), RULES, NOW)
    assert asked.confirmation is not None
    assert asked.confirmation.confirmed_by == "Dr A"
    assert asked.confirmation.confirmed_at == NOW
    assert asked.confirmation.assessment == SCARRED.id
    assert asked.confirmation.grades == ()
    assert asked.start == NOW.date()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({form.UNLABELLED: ""}, "neither ticked nor not"),
        ({form.CONFIRMED: "no", form.CONFIRMED_BY: "Dr A"}, "neither ticked nor not"),
        ({form.RULEBOOK: "0" * 64}, "drawn by other rules"),
        ({form.AGE: "3_4"}, "the age is no whole number"),
        ({form.AGE: "\u0663\u0664"}, "the age is no whole number"),
        ({form.AGE: "121"}, "the age is no whole number"),
        ({form.ANSWERED_ON: ""}, "the day of the answers is no day"),
        ({form.ANSWERED_ON: "2026-03-04"}, "a day to come"),
        ({form.START: "2026-W50-1"}, "the first day is no day"),
        ({form.NECK[Concern.WRINKLES]: "5"}, "some grades of the neck"),
        ({form.DEVICE["name"]: "A pen"}, "but not its kind"),
        ({form.UNLABELLED: "yes"}, "but not its kind"),
        (
            {"timing.sun_or_tan.answer": "yes", "timing.sun_or_tan.last_on": "2026-03-03"},
            "a day after that of the answers for: Strong sun",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_the_form(
    changes: dict[str, str], found: str
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        read(changes)
    assert found in refusal.value.found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, "largest depth is left open"),  # as long as nobody says that there is none
        ({"labelled_maximum_mm": "1.5", form.UNLABELLED: "yes"}, "largest depth is left open"),
        ({"labelled_maximum_mm": "1,5"}, "labelled_maximum_mm is no number"),
        ({"labelled_maximum_mm": "nan"}, "labelled_maximum_mm is no number"),
        ({"labelled_maximum_mm": "1.5", "step_mm": ""}, "without all of its figures"),
    ],
)
def test_a_device_is_whole_and_its_label_is_looked_at(changes: dict[str, str], found: str) -> None:
    given = PEN | {name: value for name, value in changes.items() if name in form.DEVICE}
    fields = {form.DEVICE[name]: value for name, value in given.items()}
    with pytest.raises(RequestRefused) as refusal:
        read(fields | {name: value for name, value in changes.items() if name not in form.DEVICE})
    assert found in refusal.value.found


def test_the_largest_depth_of_a_label_arrives() -> None:
    given = PEN | {"labelled_maximum_mm": "1.5"}
    profile = read({form.DEVICE[name]: value for name, value in given.items()})
    assert at(profile, "device")["labelled_maximum_mm"] == 1.5


def test_answers_keep_their_day_however_late_they_are_sent() -> None:
    body = urlencode(untouched() | {form.ANSWERED_ON: "2026-02-01"}).encode()
    for days in (0, 40):
        asked = request_of(read_form(body), RULES, NOW + timedelta(days=days))
        assert asked.patient.answered_on == date(2026, 2, 1)


def test_a_zone_that_is_ticked_twice_is_refused() -> None:
    twice = [("safety.actinic_keratosis.zones", "nose")] * 2
    with pytest.raises(RequestRefused, match="a field is given twice"):
        read({"safety.actinic_keratosis.answer": "yes"}, twice)


@given(answers())
def test_what_was_answered_is_told_again(given: tuple[dict[str, str], Pairs]) -> None:
    fields, zones = given
    rows = form.told(RULES, read(fields, zones))
    assert [words for words, _ in rows] == ["Age in years?", *(row.words for row in QUESTIONS)]
    for question, (_, said) in zip(QUESTIONS, rows[1:], strict=True):
        assert said.startswith(form.CHOICES[fields[question.field]])
        assert (fields.get(question.day or "") or "") in said
        assert ("only:" in said) == (question.zones in {name for name, _ in zones})

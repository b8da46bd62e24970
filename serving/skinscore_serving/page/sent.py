"""What was sent of the page's form, as the documents that it stands for.

Nothing is made up: a form that lacks a field of the page, or has another, is refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from skinscore.domain.assessment import Assessment
from skinscore.domain.patient import Answer, PatientProfile
from skinscore.domain.suggestion import Confirmation
from skinscore.errors import RequestRefused
from skinscore.protocol.rulebook import Rulebook
from skinscore_serving.page.asked import (
    AGE,
    ASSESSMENT,
    CONFIRMED,
    CONFIRMED_BY,
    DEVICE,
    NECK,
    START,
    UNKNOWN,
    ZONES,
    Question,
    grade_field,
    graded,
    groups,
)
from skinscore_serving.suggestions import SuggestionRequest

MOST_FIELDS: Final = 600  # a form has 130, and 17 questions a box for each of 19 zones
_WITH_A_DAY: Final = frozenset({Answer.YES, "stopped"})

Fields = Mapping[str, str]
Zones = Mapping[str, list[str]]  # by the field, of the boxes that were ticked


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it was sent."""

    fields: Fields
    zones: Zones


def read_form(body: bytes) -> Sent:
    """Return the fields of a form as a browser sends it (``application/x-www-form-urlencoded``).

    Raises:
        RequestRefused: ``bad_request``; damaged, too many fields, or one given twice.
    """
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise RequestRefused(
            "bad_request", "a form that cannot be read", "the form of the page, as it was sent"
        ) from None
    zones: dict[str, list[str]] = {}
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name.endswith(ZONES):
            zones.setdefault(name, []).append(value)
        elif name in fields:
            raise RequestRefused("bad_request", "a field is given twice", "each field once")
        else:
            fields[name] = value
    return Sent(fields, zones)


def request_of(form: Sent, rules: Rulebook, now: datetime) -> SuggestionRequest:
    """Return what the filled-in form asks for; the questionnaire counts as answered today.

    Raises:
        RequestRefused: ``bad_request``; other fields than those of the form. ``document_invalid``;
            an answer that contradicts itself, or corrected grades that nobody confirmed.
    """
    fields = form.fields
    if ASSESSMENT not in fields:
        raise RequestRefused("bad_request", f"a form without {ASSESSMENT}", "the form of this page")
    assessment = Assessment.parse(fields[ASSESSMENT])
    asked = [question for group in groups(rules) for question in group.questions]
    _require_exactly(form, assessment, asked)
    return SuggestionRequest(
        assessment=assessment,
        patient=_patient(form, asked, now.date()),
        confirmation=_confirmation(fields, assessment, now),
        overrides=None,
        start=_day(fields, START),
    )


def _require_exactly(form: Sent, assessment: Assessment, asked: list[Question]) -> None:
    """Refuse a form of another page: what it does not ask would be answered by nobody."""
    names = {ASSESSMENT, CONFIRMED, CONFIRMED_BY, START, AGE, *NECK.values(), *DEVICE.values()}
    names |= {name for question in asked for name in (question.field, question.day) if name}
    names |= {grade_field(zone, grade.concern) for zone, grade in graded(assessment)}
    missing = names - form.fields.keys() - {CONFIRMED}
    strange = form.fields.keys() - names
    strange |= form.zones.keys() - {question.zones for question in asked}
    if missing or strange:
        raise RequestRefused(
            "bad_request",
            f"a form with {len(missing)} fields missing and {len(strange)} unknown",
            "the form of this page",
            "Load the page again; the service may have been updated meanwhile.",
        )


def _patient(form: Sent, asked: list[Question], today: date) -> PatientProfile:
    fields = form.fields
    content = PatientProfile.unanswered(today).model_dump(mode="json", by_alias=True)
    for question in asked:
        _require_a_yes(form, question)
        _put(content, question.field, fields[question.field])
        if question.day is not None:
            _put(content, question.day, fields[question.day] or None)
        if question.zones is not None:
            _put(content, question.zones, form.zones.get(question.zones, []))
    content[AGE] = _number(fields[AGE], "the age", whole=True) if fields[AGE] else UNKNOWN
    neck = {concern: fields[name] for concern, name in NECK.items()}
    if any(neck.values()):
        content["examination"]["neck"] = {
            concern: _number(grade, "a grade of the neck", whole=True)
            for concern, grade in neck.items()
        }
    content["device"] = _device({name: fields[field] for name, field in DEVICE.items()})
    return PatientProfile.parse(json.dumps(content))


def _require_a_yes(form: Sent, question: Question) -> None:
    """The document refuses it too, and calls the question by its field."""
    day = "" if question.day is None else form.fields[question.day]
    if (day or question.zones in form.zones) and form.fields[question.field] not in _WITH_A_DAY:
        raise RequestRefused(
            "document_invalid",
            f"a day or zones beside another answer than yes to: {question.words}",
            "a day and zones belong to a yes",
            "Answer yes, or take the day and the zones away.",
        )


def _device(given: dict[str, str]) -> dict[str, Any] | str:
    if given["kind"] == UNKNOWN:
        if any(given[name] for name in given if name != "kind"):
            raise RequestRefused(
                "document_invalid",
                "a device's name or depths, but not its kind",
                "all of a device, or nothing",
                "Choose what kind of device it is.",
            )
        return UNKNOWN
    return {
        name: value if name in ("name", "kind") else _number(value, f"the device's {name}")
        for name, value in given.items()
    }


def _confirmation(fields: Fields, assessment: Assessment, now: datetime) -> Confirmation | None:
    corrected = []
    for zone, grade in graded(assessment):
        given = _number(fields[grade_field(zone, grade.concern)], "a grade", whole=True)
        if given != grade.grade:
            corrected.append({"zone": zone, "concern": grade.concern, "grade": given})
    name = fields[CONFIRMED_BY].strip()
    if CONFIRMED not in fields:
        if corrected or name:
            raise RequestRefused(
                "document_invalid",
                f"{len(corrected)} corrected grades and {'a' if name else 'no'} name, but the "
                "grades are not confirmed",
                "corrections and a name go with a confirmation",
                "Tick the box that confirms the grades, or leave both out.",
            )
        return None
    if not name:
        raise RequestRefused(
            "document_invalid",
            "confirmed grades without a name",
            "whoever confirms grades puts a name or a role to it",
            "Fill in who confirms.",
        )
    content = {
        "schema": "skinscore.confirmation/1",
        "assessment": assessment.id,
        "confirmed_by": name,
        "confirmed_at": now.isoformat(),
        "grades": corrected,
    }
    return Confirmation.parse(json.dumps(content))


def _put(content: dict[str, Any], place: str, value: object) -> None:
    *path, last = place.split(".")
    for name in path:
        content = content[name]
    content[last] = value


def _day(fields: Fields, name: str) -> date | None:
    try:
        return date.fromisoformat(fields[name]) if fields[name] else None
    except ValueError:
        raise RequestRefused(
            "document_invalid", "a first day that is no day", "a day as YYYY-MM-DD"
        ) from None


def _number(text: str, what: str, *, whole: bool = False) -> float | None:
    """Return the number in ``text``; None when it is empty, which a document may allow."""
    if not text.strip():
        return None
    try:
        return int(text) if whole else float(text)
    except ValueError:
        raise RequestRefused(
            "document_invalid",
            f"{what} is not a {'whole ' if whole else ''}number",
            f"{'digits' if whole else 'digits with a point'}",
        ) from None

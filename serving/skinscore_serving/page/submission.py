"""A form as it was sent, and the request that it stands for.

Nothing is made up: a form that lacks a field of the page, has another, or was drawn from other
rules is refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from skinscore.domain.assessment import Assessment
from skinscore.domain.suggestion import Confirmation
from skinscore.errors import RequestRefused
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.today import first_day
from skinscore_serving.bodies import require_few_values
from skinscore_serving.page import answers
from skinscore_serving.page.questions import (
    AGE,
    ANSWERED_ON,
    ASSESSMENT,
    CONFIRMED,
    CONFIRMED_BY,
    DEVICE,
    NECK,
    REFERENCE,
    RULEBOOK,
    START,
    TICKED,
    UNLABELLED,
    ZONES,
    Question,
    grade_field,
    graded,
    groups,
)
from skinscore_serving.suggestions import SuggestionRequest

KIND: Final = "application/x-www-form-urlencoded"
# Twelve times a visit of three photos; a page repeats it, in HTML and in what it offers to save.
LARGEST_DOCUMENT: Final = 512 * 1024
LARGEST_BYTES: Final = 3 * LARGEST_DOCUMENT  # written with up to three characters for one
MOST_FIELDS: Final = 600  # a form has about 125, and 15 questions a box for each of 19 zones
REQUEST: Final = "request"  # field of a whole SuggestionRequest, on the page of a suggestion
_BOXES: Final = frozenset({CONFIRMED, UNLABELLED})  # sent when they are ticked


@dataclass(frozen=True, slots=True)
class Submission:
    """A form as it was sent."""

    fields: Mapping[str, str]
    zones: Mapping[str, list[str]]  # by the field, of the boxes that were ticked

    def document(self, name: str) -> str:
        """Return the document in the field ``name``.

        Raises:
            RequestRefused: ``bad_request``, ``document_invalid``.
        """
        if name not in self.fields:
            raise RequestRefused("bad_request", f"a form without {name}", "the form of this page")
        text = self.fields[name]
        if len(text) > LARGEST_DOCUMENT:
            raise RequestRefused(
                "document_invalid",
                f"a document of more than {LARGEST_DOCUMENT} characters",
                "a smaller one; an assessment has far fewer",
            )
        require_few_values(text)
        return text


def read_form(body: bytes) -> Submission:
    """Return the fields of a form as a browser sends it.

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
        ticked = zones.setdefault(name, []) if name.endswith(ZONES) else []
        if name in fields or value in ticked:
            raise RequestRefused("bad_request", "a field is given twice", "each field once")
        if name.endswith(ZONES):
            ticked.append(value)
        else:
            fields[name] = value
    return Submission(fields, zones)


def request_of(form: Submission, rules: Rulebook, now: datetime) -> SuggestionRequest:
    """Return what the filled-in form asks for, with the first day of the course written out.

    Raises:
        RequestRefused: ``bad_request``; other fields than those of the form, or one that other
            rules worded. ``document_invalid``; an answer that contradicts itself, or corrected
            grades that nobody confirmed.
    """
    assessment = Assessment.parse(form.document(ASSESSMENT))
    asked = [question for group in groups(rules) for question in group.questions]
    _require_exactly(form, assessment, asked)
    require_rules(form, rules)
    patient = answers.patient(form.fields, form.zones, asked, now)
    start = form.fields[START]
    return SuggestionRequest(
        assessment=assessment,
        patient=patient,
        confirmation=_confirmation(form.fields, assessment, now),
        overrides=None,
        start=answers.day(start, "the first day") if start else first_day(None, patient, now),
    )


def request_again(form: Submission, rules: Rulebook) -> SuggestionRequest:
    """Return the request that the page of a suggestion carries.

    Raises:
        RequestRefused: ``bad_request``, ``document_invalid``.
    """
    if form.fields.keys() != {REQUEST, RULEBOOK} or form.zones:
        raise RequestRefused("bad_request", "the form of another page", "the form of this page")
    require_rules(form, rules)
    return SuggestionRequest.parse(form.document(REQUEST))


def require_rules(form: Submission, rules: Rulebook) -> None:
    """Refuse a form that other rules drew: its questions may have meant something else.

    Raises:
        RequestRefused: ``bad_request``.
    """
    if form.fields[RULEBOOK] != rules.ref.digest:
        raise RequestRefused(
            "bad_request",
            "a form that was drawn by other rules",
            "the rules that this service has now",
            "The rules were changed meanwhile: grade the photos and answer again.",
        )


def _require_exactly(form: Submission, assessment: Assessment, asked: list[Question]) -> None:
    """Refuse a form of another page: what it does not ask would be answered by nobody."""
    names = {ASSESSMENT, RULEBOOK, ANSWERED_ON, REFERENCE, AGE, CONFIRMED_BY, START}
    names |= {*NECK.values(), *DEVICE.values()}
    names |= {name for question in asked for name in (question.field, question.day) if name}
    names |= {grade_field(zone, grade.concern) for zone, grade in graded(assessment)}
    missing = names - form.fields.keys()
    strange = form.fields.keys() - names - _BOXES
    strange |= form.zones.keys() - {question.zones for question in asked}
    wrong = [name for name in _BOXES & form.fields.keys() if form.fields[name] != TICKED]
    if missing or strange or wrong:
        raise RequestRefused(
            "bad_request",
            f"a form with {len(missing)} fields missing, {len(strange)} unknown and {len(wrong)} "
            "boxes that are neither ticked nor not",
            "the form of this page",
            "Load the page again; the service may have been updated meanwhile.",
        )


def _confirmation(
    fields: Mapping[str, str], assessment: Assessment, now: datetime
) -> Confirmation | None:
    corrected = []
    for zone, grade in graded(assessment):
        given = answers.whole(fields[grade_field(zone, grade.concern)], "a grade", 0, 4)
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

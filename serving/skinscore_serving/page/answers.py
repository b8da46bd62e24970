"""The answers of a form as a questionnaire; what is wrong with one, in the form's own words."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from skinscore.domain.document import WRITTEN_DAY
from skinscore.domain.patient import Answer, PatientProfile
from skinscore.errors import RequestRefused
from skinscore.protocol.today import AHEAD
from skinscore_serving.page.questions import (
    AGE,
    ANSWERED_ON,
    DEVICE,
    NECK,
    REFERENCE,
    UNKNOWN,
    UNLABELLED,
    Question,
)

_WITH_A_DAY: Final = frozenset({Answer.YES, "stopped"})
_WHOLE: Final = re.compile(r"[0-9]{1,3}")
_DECIMAL: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")

Fields = Mapping[str, str]


def patient(
    fields: Fields, zones: Mapping[str, list[str]], asked: list[Question], now: datetime
) -> PatientProfile:
    """Return the questionnaire of a whole form.

    Args:
        fields: exactly those of the form.
        zones: that were ticked, by the field.
        asked: every question of the form.
        now: on the clinic's clock.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    answered_on = day(fields[ANSWERED_ON], "the day of the answers")
    if answered_on > (now + AHEAD).date():
        raise _refused("answers of a day to come", "a day up to today")
    content = PatientProfile.unanswered(answered_on).model_dump(mode="json", by_alias=True)
    content[REFERENCE] = fields[REFERENCE].strip() or None
    content[AGE] = whole(fields[AGE], "the age", 0, 120) if fields[AGE] else UNKNOWN
    for question in asked:
        _put(content, question.field, fields[question.field])
        if question.day is not None:
            _put(content, question.day, _day_of(fields, question, answered_on))
        if question.zones is not None:
            _put(content, question.zones, _zones_of(fields, zones, question))
    content["examination"]["neck"] = _neck(fields)
    content["device"] = _device(fields)
    return PatientProfile.parse(json.dumps(content))


def day(text: str, what: str) -> date:
    """Return the day in ``text``.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    try:
        if WRITTEN_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _refused(f"{what} is no day", "a day as YYYY-MM-DD")


def whole(text: str, what: str, least: int, most: int) -> int:
    """Return the whole number in ``text``.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise _refused(f"{what} is no whole number from {least} to {most}", "digits alone")
    return int(text)


def _day_of(fields: Fields, question: Question, answered_on: date) -> str | None:
    text = fields[question.day or ""]
    if not text:
        return None
    _require_a_yes(fields, question)
    happened = day(text, f"the day of: {question.words}")
    if happened > answered_on:
        raise _refused(f"a day after that of the answers for: {question.words}", "a day before it")
    return happened.isoformat()


def _zones_of(fields: Fields, zones: Mapping[str, list[str]], question: Question) -> list[str]:
    ticked = zones.get(question.zones or "", [])
    if ticked:
        _require_a_yes(fields, question)
    return ticked


def _require_a_yes(fields: Fields, question: Question) -> None:
    """The document refuses it too, and calls the question by its field."""
    if fields[question.field] not in _WITH_A_DAY:
        raise _refused(
            f"a day or zones beside another answer than yes to: {question.words}",
            "a day and zones belong to a yes",
            "Answer yes, or take the day and the zones away.",
        )


def _neck(fields: Fields) -> dict[str, int] | None:
    given = {concern: fields[name] for concern, name in NECK.items()}
    if not any(given.values()):
        return None
    if not all(given.values()):
        raise _refused(
            "some grades of the neck, but not all",
            "all three, or none",
            "Grade the neck for every concern, or leave it out.",
        )
    return {concern: whole(grade, "a grade of the neck", 0, 4) for concern, grade in given.items()}


def _device(fields: Fields) -> dict[str, Any] | str:
    """Return the device; its label's largest depth is told or told to be none, never left open:
    without one the setting's own maximum holds.
    """
    given = {name: fields[field].strip() for name, field in DEVICE.items()}
    unlabelled = UNLABELLED in fields
    if given["kind"] == UNKNOWN:
        if unlabelled or any(given[name] for name in given if name != "kind"):
            raise _refused(
                "a device's name or depths, but not its kind",
                "all of a device, or nothing",
                "Choose what kind of device it is.",
            )
        return UNKNOWN
    if unlabelled == bool(given["labelled_maximum_mm"]):
        raise _refused(
            "a device whose label's largest depth is left open, or both given and said to be none",
            "a number, or the box that says that the label states none",
            "Look on the device's label.",
        )
    for name in ("name", "maximum_mm", "step_mm"):
        if not given[name]:
            raise _refused("a device without all of its figures", "name, largest setting and step")
    device: dict[str, Any] = {"name": given["name"], "kind": given["kind"]}
    for name in DEVICE.keys() - device.keys():
        device[name] = _decimal(given[name], name) if given[name] else None
    return device


def _decimal(text: str, name: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise _refused(f"the device's {name} is no number", "digits, with a point if need be")
    return float(text)


def _put(content: dict[str, Any], place: str, value: object) -> None:
    *path, last = place.split(".")
    for name in path:
        content = content[name]
    content[last] = value


def _refused(
    found: str, allowed: str, hint: str = "Correct it and send the form again."
) -> RequestRefused:
    return RequestRefused("document_invalid", found, allowed, hint)

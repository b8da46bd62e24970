"""The rules that the rows of a manifest keep, each with its own sentence and row numbers."""

from collections.abc import Iterator

import pandas as pd

from skinscore.domain.assessment import MAX_PX_PER_MM, MIN_PX_PER_MM
from skinscore_training.data.attributes import ATTRIBUTES, relative
from skinscore_training.data.columns import (
    WHOLE_FACE,
    WHOLE_FACE_REMEDY,
    Column,
    Form,
    columns_of,
)
from skinscore_training.data.problems import Problem
from skinscore_training.data.scales import SCALES

_KEY = ["photo", "zone", "concern", "rater", "scale"]
MODEL = "model"  # no rater's name: it is the model's own in a report on raters


def blank_lines(rows: pd.DataFrame) -> list[Problem]:
    """Return the problem of lines without a single cell filled in."""
    return _told([_problem(rows, "photo", "blank_line", "the line is empty", _all(rows))])


def broken(rows: pd.DataFrame, form: Form) -> list[Problem]:
    """Return every rule that a row breaks.

    Args:
        rows: the long form with its numbers, see ``Manifest.rows``.
        form: what the user wrote, so that the sentences name columns that are there.
    """
    found: list[Problem | None] = []
    for column in columns_of(form):
        found += _of_column(rows, column)
    found += [*_of_places(rows), *_of_subjects(rows), *_of_grades(rows, form)]
    found += _of_close_ups(rows)
    found += _of_attributes(rows)
    return _told(found)


def _of_column(rows: pd.DataFrame, column: Column) -> Iterator[Problem | None]:
    name = column.name
    text = rows["px_per_mm_text"] if name == "px_per_mm" else rows[name]
    if not column.may_be_blank:
        yield _problem(rows, name, "blank", "it is blank", text == "")
    if column.values:
        unknown = (text != "") & ~text.isin(column.values)
        if name == "zone":  # told in its own words by _of_places
            unknown &= ~text.isin(WHOLE_FACE)
        few = ", ".join(column.values[:5]) + (", ..." if len(column.values) > 5 else "")
        yield _problem(rows, name, "not_known", f"it is none of {few}", unknown)
    if column.of_photo:
        yield _problem(
            rows, name, "photo_torn", "rows of one photo differ", _differs(rows, "photo", text)
        )


def _of_places(rows: pd.DataFrame) -> Iterator[Problem | None]:
    photo = rows["photo"]
    yield _problem(
        rows,
        "photo",
        "not_relative",
        "it is no relative path with slashes",
        (photo != "") & ~photo.map(relative),
    )
    yield _problem(
        rows,
        "zone",
        "whole_face",
        f"a grade of the whole face teaches no zone ({WHOLE_FACE_REMEDY})",
        rows["zone"].isin(WHOLE_FACE),
    )


def _of_subjects(rows: pd.DataFrame) -> Iterator[Problem | None]:
    fixed = rows["split"].where(rows["split"] != "")
    torn = fixed.notna() & _differs(rows, "subject", fixed)
    yield _problem(rows, "split", "subject_torn", "one subject is in two splits", torn)
    some = (rows["split"] == "") & bool((rows["split"] != "").any())
    yield _problem(
        rows, "split", "partly_split", "some rows have a split and these have none", some
    )


def _of_grades(rows: pd.DataFrame, form: Form) -> Iterator[Problem | None]:
    said = rows["low"].notna() | ~rows["assessable"]
    grade = "grade" if form is Form.LONG else "ZONE.CONCERN"
    yield _problem(
        rows, grade, "not_a_grade", "it is no grade, interval or not_assessable", ~rows["readable"]
    )
    for name in ("zone", "concern"):
        yield _problem(rows, name, "blank", "a grade has none", said & (rows[name] == ""))
    for name in ("rater", "scale"):
        yield _problem(rows, name, "blank", "a grade has none", said & (rows[name] == ""))
    yield _problem(
        rows, "rater", "reserved", f"`{MODEL}` is no rater's name", rows["rater"] == MODEL
    )
    scale = rows["scale"].map(SCALES.get)
    known = scale.notna()
    yield _problem(
        rows,
        "scale",
        "not_known",
        f"it is none of {', '.join(SCALES)}",
        (rows["scale"] != "") & ~known,
    )
    strange = [
        found is not None and concern != "" and concern not in found.concerns
        for found, concern in zip(scale, rows["concern"], strict=True)
    ]
    yield _problem(
        rows,
        "scale",
        "wrong_concern",
        "it does not grade this concern",
        pd.Series(strange, rows.index),
    )
    yield from _out_of_scale(rows, grade)
    backwards = rows["low"] > rows["high"]
    yield _problem(rows, grade, "backwards", "the interval runs backwards", backwards)
    whole = (rows["low"] % 1 == 0) & (rows["high"] % 1 == 0)
    torn = (rows["low"] < rows["high"]) & ~whole
    yield _problem(rows, grade, "half_interval", "an interval begins or ends at a half", torn)
    placed = (rows["concern"] != "") & (rows["photo"] != "")
    repeated = placed & rows.duplicated(_KEY, keep=False) & placed
    yield _problem(
        rows, "photo", "repeated", "photo, zone, concern, rater and scale repeat", repeated
    )


def _out_of_scale(rows: pd.DataFrame, grade: str) -> Iterator[Problem | None]:
    """One problem per scale, so that each can say what is allowed."""
    for name in dict.fromkeys(rows["scale"]):
        if (scale := SCALES.get(name)) is None:
            continue
        of_scale = rows["low"].notna() & (rows["scale"] == name)
        inside = rows["low"].map(scale.holds) & rows["high"].map(scale.holds)
        yield _problem(
            rows,
            grade,
            "out_of_scale",
            f"it is not {scale.allowed} of {name}",
            of_scale & ~inside,
        )


def _of_close_ups(rows: pd.DataFrame) -> Iterator[Problem | None]:
    text, number = rows["px_per_mm_text"], rows["px_per_mm"]
    yield _problem(
        rows,
        "px_per_mm",
        "not_a_scale",
        f"it is no number from {MIN_PX_PER_MM:g} to {MAX_PX_PER_MM:g}",
        (text != "") & ~number.between(MIN_PX_PER_MM, MAX_PX_PER_MM),
    )
    close_up = rows["view"] == "close_up"
    yield _problem(rows, "px_per_mm", "blank", "a close-up has no scale", close_up & (text == ""))
    yield _problem(
        rows,
        "px_per_mm",
        "not_needed",
        "only a close-up has a scale of its own",
        ~close_up & (text != ""),
    )
    zones = rows["zone"].where(rows["zone"] != "")
    nowhere = zones.groupby(rows["photo"]).transform("nunique") == 0
    yield _problem(rows, "zone", "close_up_nowhere", "a close-up names no zone", close_up & nowhere)
    yield _problem(
        rows,
        "zone",
        "close_up_torn",
        "a close-up shows several zones",
        close_up & _differs(rows, "photo", zones),
    )


def _of_attributes(rows: pd.DataFrame) -> Iterator[Problem | None]:
    given = rows["attribute"] != ""
    yield _problem(
        rows,
        "attribute",
        "not_known",
        f"it is none of {', '.join(ATTRIBUTES)}",
        given & ~rows["attribute"].isin(list(ATTRIBUTES)),
    )
    yield _problem(
        rows,
        "attribute",
        "with_grade",
        "a row holds a grade or an attribute, not both",
        given & ((rows["concern"] != "") | (rows["grade"] != "")),
    )
    yield _problem(
        rows,
        "value",
        "without_attribute",
        "a value has no attribute",
        ~given & (rows["value"] != ""),
    )
    wrong = [
        name in ATTRIBUTES and not ATTRIBUTES[name].holds(value)
        for name, value in zip(rows["attribute"], rows["value"], strict=True)
    ]
    yield _problem(
        rows,
        "value",
        "not_allowed",
        "it is not what the attribute allows",
        pd.Series(wrong, rows.index),
    )


def _differs(rows: pd.DataFrame, by: str, values: "pd.Series[str]") -> "pd.Series[bool]":
    return values.groupby(rows[by]).transform("nunique") > 1


def _all(rows: pd.DataFrame) -> "pd.Series[bool]":
    return pd.Series(True, rows.index)


def _problem(
    rows: pd.DataFrame, column: str, code: str, message: str, where: "pd.Series[bool]"
) -> Problem | None:
    wrong = tuple(dict.fromkeys(rows.loc[where.astype(bool), "row"].astype(int)))
    return Problem(column, code, message, wrong) if wrong else None


def _told(found: list[Problem | None]) -> list[Problem]:
    return [problem for problem in found if problem is not None]

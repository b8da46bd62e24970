"""The manners every document shares: strict, frozen, no unknown field, canonical JSON."""

import hashlib
import json
import re
from collections import Counter
from datetime import date
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from skinscore.errors import RequestRefused

SCHEMA_NAME: Final = re.compile(r"skinscore\.[a-z]{1,40}/\d{1,3}")  # nothing private in it
WRITTEN_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
LONGEST_KEY: Final = 80  # of a key that is named in a refusal
MOST_TOLD: Final = 100  # problems in one refusal; a whole questionnaire may be missing

# A Literal type cannot be made from a variable, so the sentence is written here as a type once.
Disclaimer = Literal[
    "Decision support for clinicians, not a diagnosis, not validated against graders. "
    "This software does not rule out skin cancer."
]
DISCLAIMER: Final[Disclaimer] = get_args(Disclaimer)[0]


def _written_out(value: object) -> object:
    """Let no number pass for a date: pydantic would take it for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and WRITTEN_DAY.match(value)):
        return value
    raise ValueError("it begins with a day as YYYY-MM-DD")


# Kinds of value that several documents hold.
Day = Annotated[date, Field(strict=False), BeforeValidator(_written_out)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written_out)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Document(BaseModel):
    """A part of a versioned document. Unknown fields and silent conversions are errors."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, ser_json_bytes="base64"
    )

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Return the document in ``text`` (JSON).

        Raises:
            RequestRefused: ``document_invalid``, naming each wrong field and never its value; or
                the key that stands twice in one object, or the kind of document that it is instead.
        """
        cls._require_kind(_each_key_once(text))
        try:
            return cls.model_validate_json(text)
        except ValidationError as problem:
            raise RequestRefused(
                "document_invalid",
                f"{problem.error_count()} problems: {field_problems(problem)}",
                f"a {cls.__name__} document has exactly the fields of its JSON Schema",
            ) from None

    @classmethod
    def _require_kind(cls, content: Any) -> None:
        """Refuse another kind of document by its name, not by every field that it lacks."""
        field = cls.model_fields.get("schema_")
        found = content.get("schema") if isinstance(content, dict) else None
        if field is None or not isinstance(found, str) or found in get_args(field.annotation):
            return
        named = f"a {found}" if SCHEMA_NAME.fullmatch(found) else "of another `schema`"
        expected = " or ".join(get_args(field.annotation))
        raise RequestRefused(
            "document_invalid",
            f"this is {named}, expected {expected}",
            f"only a document of that schema is allowed here ({cls.__name__})",
            "Check that two files were not given in each other's place.",
        )

    def to_json(self) -> str:
        """Return indented JSON, fields in their declared order."""
        return self.model_dump_json(indent=2, by_alias=True)


def field_problems(problem: ValidationError) -> str:
    """Return "place: what is wrong" for the errors, without the values (they may be private).

    Bounded: whoever sends many or endless names must not be answered with all of them.
    """
    rows = problem.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{_place(row['loc'])}: {row['msg']}" for row in rows[:MOST_TOLD]]
    if len(rows) > MOST_TOLD:
        told.append(f"and {len(rows) - MOST_TOLD} more")
    return "; ".join(told)


def _place(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:LONGEST_KEY] for part in parts) or "(whole)"


def _each_key_once(text: str | bytes) -> Any:
    """Return the JSON in ``text``, its numbers as text; None when it is no JSON.

    JSON readers silently keep the last of two answers to one question, and pydantic is one.

    Raises:
        RequestRefused: ``document_invalid``; a key stands twice in one object.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None  # what is wrong with it, pydantic says by line and column


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counts = Counter(key for key, _ in pairs)
    repeated = next(key for key, count in counts.items() if count > 1)
    raise RequestRefused(
        "document_invalid",
        f"the key {repeated[:LONGEST_KEY]!r} stands {counts[repeated]} times in one object",
        "each key once is allowed; which of the values is meant cannot be known",
        "Keep the one that is right.",
    )


def canonical_json(value: Any) -> str:
    """Return the one JSON text of ``value``: sorted keys, no spaces, shortest floats, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_hex(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()

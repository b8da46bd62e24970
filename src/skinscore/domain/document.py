"""The manners every document shares: strict, frozen, no unknown field, canonical JSON."""

import hashlib
import json
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skinscore.errors import RequestRefused

# A Literal type cannot be made from a variable, so the sentence is written here as a type once.
Disclaimer = Literal[
    "Decision support for clinicians, not a diagnosis, not validated against graders. "
    "This software does not rule out skin cancer."
]
DISCLAIMER: Final[Disclaimer] = get_args(Disclaimer)[0]


# Kinds of value that several documents hold.
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
            RequestRefused: ``document_invalid``, naming each wrong field and never its value.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as problem:
            raise RequestRefused(
                "document_invalid",
                f"{problem.error_count()} problems: {field_problems(problem)}",
                f"a {cls.__name__} document has exactly the fields of its JSON Schema",
            ) from None

    def to_json(self) -> str:
        """Return indented JSON, fields in their declared order."""
        return self.model_dump_json(indent=2, by_alias=True)


def field_problems(problem: ValidationError) -> str:
    """Return "place: what is wrong" for every error, without the values (they may be private)."""
    rows = problem.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, row['loc'])) or '(whole)'}: {row['msg']}" for row in rows)


def canonical_json(value: Any) -> str:
    """Return the one JSON text of ``value``: sorted keys, no spaces, shortest floats, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256_hex(data: bytes | str) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()

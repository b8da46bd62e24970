"""The lines of ``journal.jsonl``: what is known about each file and about each photo's bytes.

A file line says which bytes a name stands for; a score line says what came of these bytes. When
the bytes could not be had, the file line carries the outcome itself. A later line about the same
name or the same bytes replaces the earlier one.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter

from skinscore.domain.assessment import (
    Assessment,
    ConcernGrade,
    Gate,
    Outcome,
    PhotoRecord,
    SkinTone,
)
from skinscore.domain.document import Document, Sha256, canonical_json, sha256_hex
from skinscore.domain.zones import Zone

Attempts = Annotated[int, Field(ge=1)]


class Settings(Document):
    """Everything that decides a grade besides the photo itself."""

    model_name: str
    model_version: str
    contract_digest: Sha256
    gate: Gate
    assessment_schema: Literal["skinscore.assessment/1"]
    journal_schema: Literal["skinscore.journal/1"]

    @property
    def token(self) -> str:
        """sha256 (hex) of these settings; two runs with one token give the same grades."""
        return sha256_hex(canonical_json(self.model_dump(mode="json")))


class Header(Document):
    """The first line: to which run the journal belongs."""

    kind: Literal["header"]
    settings: Settings
    settings_token: Sha256
    source_sha256: Sha256  # of SOURCE's absolute path, so that the path itself stays out


class FileLine(Document):
    """One input file was looked at."""

    kind: Literal["file"]
    name: str
    sha256: Sha256 | None  # null: the bytes could not be had, and outcome says so
    bytes: int | None
    mtime_ns: int | None  # with bytes: whether the file must be read again on a rerun
    outcome: Literal[Outcome.REFUSED, Outcome.FAILED] | None
    codes: tuple[str, ...]
    attempts: Attempts
    read_ms: float


class ZoneGrades(Document):
    """The grades of one zone, every concern in the fixed order."""

    zone: Zone
    grades: tuple[ConcernGrade, ...]


class Score(Document):
    """What came of one photo's bytes, whatever they are called."""

    photo: PhotoRecord
    skin_tone: SkinTone | None
    zones: tuple[ZoneGrades, ...]  # empty unless graded
    detail: str | None  # of an internal error: its type and place in the code, nothing private
    score_ms: float

    @classmethod
    def of(cls, assessment: Assessment, score_ms: float) -> Self:
        """Return the score of a one-photo assessment."""
        (photo,) = assessment.photos
        return cls(
            photo=photo,
            skin_tone=assessment.skin_tone,
            zones=tuple(ZoneGrades(zone=row.zone, grades=row.grades) for row in assessment.zones),
            detail=None,
            score_ms=score_ms,
        )

    @classmethod
    def without(
        cls, sha256: str, outcome: Outcome, code: str, detail: str | None, score_ms: float
    ) -> Self:
        """Return the score of a photo that never became an assessment."""
        photo = PhotoRecord(
            sha256=sha256,
            width=None,
            height=None,
            colour_profile=None,
            view=None,
            px_per_mm=None,
            yaw_deg=None,
            pitch_deg=None,
            roll_deg=None,
            outcome=outcome,
            codes=(code,),
        )
        return cls(photo=photo, skin_tone=None, zones=(), detail=detail, score_ms=score_ms)


class ScoreLine(Document):
    """One photo's bytes got their outcome."""

    kind: Literal["score"]
    sha256: Sha256
    attempts: Attempts
    score: Score


Line = Header | FileLine | ScoreLine
LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])

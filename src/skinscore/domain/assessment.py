"""``skinscore.assessment/1``: what was seen in one photo, or in the views of one visit.

"Graded, nothing visible" (grade 0), "not assessable" (no grade, with codes) and "refused" (the
photo's outcome) are three different values and never share a cell. All coordinates are pixels of
the upright photo, x to the right, y down.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import (
    Disclaimer,
    Document,
    Fraction,
    Sha256,
    canonical_json,
    sha256_hex,
)
from skinscore.domain.zones import View, Zone

# Scale of a close-up, in px per mm: from a whole face in a thumbnail to a dermatoscope. Far smaller
# values would turn a small picture into metres of skin.
MIN_PX_PER_MM: Final = 0.1
MAX_PX_PER_MM: Final = 200.0

GradeValue = Annotated[int, Field(ge=0, le=4)]
ScoreValue = Annotated[float, Field(ge=0, le=4)]


class Outcome(StrEnum):
    """Every photo gets exactly one."""

    GRADED = "graded"
    REFUSED = "refused"  # the photo is at fault
    FAILED = "failed"  # we are at fault


class Gate(StrEnum):
    """What the quality limits do to a photo. Geometry (hidden, outside, no face) always refuses."""

    STRICT = "strict"  # a photo or zone beyond a limit is not graded
    WARN = "warn"  # it is graded and carries the codes
    OFF = "off"  # quality is measured, limits are not applied


# Which colours a photo came in: sRGB or nothing said; others, converted; others that it has or
# declares and that could not be converted, so that it was read as sRGB.
ColourProfile = Literal["srgb", "converted", "unreadable"]


class PhotoRecord(Document):
    """One photo of the assessment; its bytes, name and metadata are not kept."""

    sha256: Sha256  # of the bytes as received
    width: int | None  # of the upright photo; null when it could not be decoded
    height: int | None
    colour_profile: ColourProfile | None  # null when it could not be decoded
    view: View | None
    px_per_mm: float | None  # on the plane of the face
    yaw_deg: float | None  # positive: the subject looks to the subject's left
    pitch_deg: float | None  # positive: looks up
    roll_deg: float | None  # positive: head leans clockwise in the picture
    outcome: Outcome
    codes: tuple[str, ...]  # all failed checks, empty when all is well


class QualityNote(Document):
    """One limit that was passed, with the measurement. ``zone`` null: the whole photo."""

    photo: int  # index into photos
    code: str
    zone: Zone | None
    measured: float
    limit: float
    hint: str


class SkinTone(Document):
    """Apparent tone of cheeks and forehead. Depends on the light: never a phototype."""

    ita_deg: float  # individual typology angle, degrees, higher is lighter
    ita_range_deg: tuple[float, float]  # spread between the reference patches


class ConcernGrade(Document):
    """One concern in one zone: a grade with its uncertainty, or the codes why there is none."""

    concern: Concern
    assessable: bool
    codes: tuple[str, ...]  # reasons when not assessable; warnings when it is
    grade: GradeValue | None  # 0 none .. 4 severe
    score: ScoreValue | None  # expectation, 0..4, higher is worse
    probabilities: tuple[Fraction, Fraction, Fraction, Fraction, Fraction] | None  # grade 0 first
    likely_range: tuple[GradeValue, GradeValue] | None  # how often it holds the truth: the contract

    @model_validator(mode="after")
    def _graded_or_not(self) -> Self:
        values = (self.grade, self.score, self.probabilities, self.likely_range)
        if self.assessable and any(value is None for value in values):
            raise ValueError("an assessable concern carries grade, score, probabilities and range")
        if not self.assessable and (any(value is not None for value in values) or not self.codes):
            raise ValueError("a concern that is not assessable carries codes and no values")
        if self.grade is not None and self.likely_range is not None:
            low, high = self.likely_range
            if not low <= self.grade <= high:
                raise ValueError("the likely range rises and holds the grade")
        return self


class ZoneRecord(Document):
    """One zone, graded in the photo that shows it best."""

    zone: Zone
    photo: int | None  # index into photos; null when no photo shows it
    polygon: tuple[tuple[float, float], ...]  # outline, photo px; empty when no photo shows it
    visible_fraction: Fraction  # of what lies in the picture, free of hair and glasses
    facing: Annotated[float, Field(ge=-1, le=1)] | None  # 1 faces the camera, <= 0 turned away
    grades: tuple[ConcernGrade, ...]

    @model_validator(mode="after")
    def _every_concern_once(self) -> Self:
        if tuple(grade.concern for grade in self.grades) != CONCERNS:
            raise ValueError("a zone lists every concern once, in the fixed order")
        return self


class FaceGrade(Document):
    """One concern over the whole face; ``method`` names the rule that gathered the zones."""

    concern: Concern
    assessable: bool
    grade: GradeValue | None
    score: ScoreValue | None
    likely_range: tuple[GradeValue, GradeValue] | None
    method: str


class ModelRef(Document):
    """Which model file spoke."""

    name: str
    version: str
    contract_digest: Sha256


class Assessment(Document):
    """The document that a service, an archive row, a report and a suggestion are made from."""

    schema_: Literal["skinscore.assessment/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]  # same input, same id
    created_at: Annotated[datetime, Field(strict=False)]
    client_ref: str | None  # the caller's own reference, echoed
    gate: Gate
    photos: tuple[PhotoRecord, ...]
    quality: tuple[QualityNote, ...]
    skin_tone: SkinTone | None
    zones: tuple[ZoneRecord, ...]  # every zone for a face; the one zone for a close-up; or none
    face: tuple[FaceGrade, ...]  # every concern; empty for a close-up or a refused photo
    model: ModelRef
    disclaimer: Disclaimer

    @model_validator(mode="after")
    def _zones_once_from_graded_photos(self) -> Self:
        if len({record.zone for record in self.zones}) != len(self.zones):
            raise ValueError("a zone is listed once")
        graded = {
            index for index, photo in enumerate(self.photos) if photo.outcome is Outcome.GRADED
        }
        if any(record.photo is not None and record.photo not in graded for record in self.zones):
            raise ValueError("a zone is taken from a photo that was graded")
        if any(not 0 <= note.photo < len(self.photos) for note in self.quality):
            raise ValueError("a quality note speaks of a photo of this assessment")
        return self

    @property
    def digest(self) -> str:
        """sha256 (hex) of what was seen: the document less ``created_at`` and ``client_ref``.

        The id names photos and model; grades that somebody changed under it have another digest.
        """
        seen = self.model_dump(mode="json", by_alias=True, exclude={"created_at", "client_ref"})
        return sha256_hex(canonical_json(seen))

    @property
    def outcome(self) -> Outcome:
        """``graded`` when any photo was; else ``failed`` when we failed any; else ``refused``."""
        outcomes = {photo.outcome for photo in self.photos}
        for outcome in (Outcome.GRADED, Outcome.FAILED):
            if outcome in outcomes:
                return outcome
        return Outcome.REFUSED

    def zone(self, zone: Zone) -> ZoneRecord:
        """Return the record of ``zone``; KeyError when the assessment has none."""
        for record in self.zones:
            if record.zone == zone:
                return record
        raise KeyError(zone)

"""``skinscore.since/1`` and ``skinscore.comparison/1``: what happened since, and what changed."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.assessment import GradeValue
from skinscore.domain.concerns import Concern
from skinscore.domain.document import Disclaimer, Document, Sha256
from skinscore.domain.patient import Answer
from skinscore.domain.suggestion import (
    Count,
    Evidence,
    RulebookRef,
    Source,
    Standing,
    Text,
)
from skinscore.domain.zones import Zone


class SinceFirstVisit(Document):
    """What was done between the two visits, and what was seen. "Unknown" never means "no"."""

    schema_: Literal["skinscore.since/1"] = Field(alias="schema")
    sessions: Count  # treatments between the two visits
    last_session_on: Annotated[date, Field(strict=False)] | None  # null: none yet
    same_camera_setup: Answer  # camera, light, distance
    hyperpigmentation: Answer  # new, post-inflammatory
    tram_track: Answer  # lines of dots
    granuloma: Answer  # papules, even weeks later
    raised_scar: Answer

    @model_validator(mode="after")
    def _a_day_belongs_to_treatments(self) -> Self:
        if (self.sessions == 0) != (self.last_session_on is None):
            raise ValueError("last_session_on is given exactly when there were treatments")
        return self

    @property
    def signs(self) -> tuple[Answer, ...]:
        """The answers about harm."""
        return self.hyperpigmentation, self.tram_track, self.granuloma, self.raised_scar


Finding = Literal["better", "worse", "unchanged", "not_comparable"]


class Change(Document):
    """One concern in one zone at both visits. A change within ``detectable`` is no change."""

    zone: Zone
    concern: Concern
    grade_before: GradeValue | None
    grade_after: GradeValue | None
    before: Annotated[float, Field(ge=0, le=4)] | None  # score, 0..4, higher is worse
    after: Annotated[float, Field(ge=0, le=4)] | None
    difference: float | None  # after - before; negative is better; null: not comparable
    detectable: Annotated[float, Field(gt=0)] | None  # smallest detectable change, points
    finding: Finding
    codes: tuple[str, ...]  # why it is not comparable


class ZoneVerdict(Document):
    """Whether to go on in one zone; ``zone`` null: the patient as a whole."""

    zone: Zone | None
    verdict: Literal["continue", "wait", "stop_and_refer", "ask", "new_photo"]
    rule_id: Text
    text: Text
    evidence: Evidence
    standing: Standing
    sources: tuple[str, ...]


class Comparison(Document):
    """Two visits side by side, and whether the series goes on. For clinician review."""

    schema_: Literal["skinscore.comparison/1"] = Field(alias="schema")
    before: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    after: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    taken: tuple[Annotated[datetime, Field(strict=False)], Annotated[datetime, Field(strict=False)]]
    contract_digest: Sha256  # of the one model that graded both
    rulebook: RulebookRef
    changes: tuple[Change, ...]
    verdicts: tuple[ZoneVerdict, ...]  # the patient as a whole first, then zone by zone
    verdict: Literal["continue", "wait", "stop_and_refer", "ask", "new_photo"]  # the gravest
    sources: tuple[Source, ...]
    disclaimer: Disclaimer

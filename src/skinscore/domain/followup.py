"""``skinscore.since/1`` and ``skinscore.comparison/1``: what happened since, and what changed."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.assessment import GradeValue
from skinscore.domain.concerns import Concern
from skinscore.domain.document import Day, Disclaimer, Document, Sha256
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
    first_visit_on: Day  # when its photos were taken; a document knows only when it was graded
    second_visit_on: Day
    sessions: Count  # treatments between the two visits
    last_session_on: Day | None  # null: none yet
    treated: tuple[Zone, ...]  # graded zones that were needled; only there a gain is expected
    same_camera_setup: Answer  # camera, light, distance
    hyperpigmentation: Answer  # new, post-inflammatory
    tram_track: Answer  # lines of dots
    granuloma: Answer  # papules, even weeks later
    raised_scar: Answer

    @model_validator(mode="after")
    def _days_in_their_order(self) -> Self:
        if not self.first_visit_on < self.second_visit_on:
            raise ValueError("second_visit_on lies after first_visit_on")
        day = self.last_session_on
        if day is not None and not self.first_visit_on <= day <= self.second_visit_on:
            raise ValueError("last_session_on lies between the two visits")
        return self

    @model_validator(mode="after")
    def _a_day_and_a_place_belong_to_treatments(self) -> Self:
        if (self.sessions == 0) != (self.last_session_on is None):
            raise ValueError("last_session_on is given exactly when there were treatments")
        if (self.sessions == 0) != (not self.treated):
            raise ValueError("treated names zones exactly when there were treatments")
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
    visits_on: tuple[Day, Day]
    contract_digest: Sha256  # of the one model that graded both
    rulebook: RulebookRef
    changes: tuple[Change, ...]
    verdicts: tuple[ZoneVerdict, ...]  # the patient as a whole first, then zone by zone
    verdict: Literal["continue", "wait", "stop_and_refer", "ask", "new_photo"]  # the gravest
    sources: tuple[Source, ...]
    disclaimer: Disclaimer

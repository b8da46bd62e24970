"""``skinscore.overrides/1``: what a named clinician decided beyond the rules, and why.

An override is a log entry before it is a number: without a name, a moment and a reason of some
length it does not exist. It can set a depth up to the zone's override cap, or waive a waiting
time whose rule permits it; it never opens an eyelid, a blocked zone or an unanswered question.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from skinscore.domain.document import Document, Moment
from skinscore.domain.suggestion import OverrideDepth
from skinscore.domain.zones import Side, TreatmentZone

Reasoning = Annotated[str, Field(min_length=10, max_length=500)]  # "ok" is no reason


class DepthOverride(Document):
    """One treatment zone at a setting above its range."""

    zone: TreatmentZone
    side: Side
    depth_mm: OverrideDepth
    reason: Reasoning


class WaitWaiver(Document):
    """One waiting time that the clinician does not wait for."""

    rule_id: Annotated[str, Field(pattern=r"^T\d{2}$")]
    reason: Reasoning


class Overrides(Document):
    """Every decision beyond the rules for one assessment, by one person at one moment."""

    schema_: Literal["skinscore.overrides/1"] = Field(alias="schema")
    assessment: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    decided_by: Annotated[str, Field(min_length=1, max_length=80)]  # a person, by name
    decided_at: Moment
    depths: tuple[DepthOverride, ...]
    waits: tuple[WaitWaiver, ...]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        places = [(row.zone, row.side) for row in self.depths]
        rules = [row.rule_id for row in self.waits]
        if len(set(places)) != len(places) or len(set(rules)) != len(rules):
            raise ValueError("a zone or a waiting time is overridden twice")
        return self

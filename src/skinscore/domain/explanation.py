"""``skinscore.explanation/1``: every number of a suggestion, unfolded into its rules."""

from typing import Annotated, Literal

from pydantic import Field

from skinscore.domain.document import Disclaimer, Document, Sha256
from skinscore.domain.suggestion import (
    Evidence,
    Number,
    RulebookRef,
    RuleStep,
    Source,
    Standing,
    Status,
    Text,
)
from skinscore.domain.zones import Side, TreatmentZone


class NumberExplained(Document):
    """One printed number and the steps that made it, first to last."""

    number: Number
    value: tuple[float, ...]  # as printed; a pair is low and high
    steps: tuple[RuleStep, ...]


class ReasonExplained(Document):
    """Why there is no number, with the basis of the rule that says so."""

    code: Text
    text: Text
    evidence: Evidence | None  # null: not a rule but a plain fact, such as a missing confirmation
    standing: Standing | None
    sources: tuple[str, ...]


class ZoneExplained(Document):
    """One treatment zone: numbers with their rules, or reasons with theirs."""

    zone: TreatmentZone
    side: Side
    status: Status
    numbers: tuple[NumberExplained, ...]
    reasons: tuple[ReasonExplained, ...]
    referrals: tuple[str, ...]


class Explanation(Document):
    """The whole suggestion, unfolded. Same suggestion, same bytes."""

    schema_: Literal["skinscore.explanation/1"] = Field(alias="schema")
    assessment: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    patient_digest: Sha256
    rulebook: RulebookRef
    zones: tuple[ZoneExplained, ...]
    sources: tuple[Source, ...]
    disclaimer: Disclaimer

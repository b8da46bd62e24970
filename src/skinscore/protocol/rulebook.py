"""The rulebook as typed data: read once from ``rulebook/*.yaml``, checked, named by its digest.

A rule is text, sources, evidence and a condition; nothing here decides anything. A file with an
unknown field, fact, zone or source, a repeated id or a grade without its row does not load.
"""

import json
from collections import Counter
from collections.abc import Iterable
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from skinscore.domain.assessment import GradeValue
from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.document import Document, canonical_json, field_problems, sha256_hex
from skinscore.domain.patient import Answer, Phototype
from skinscore.domain.suggestion import (
    Count,
    Depth,
    Evidence,
    OverrideDepth,
    RulebookRef,
    Source,
    Standing,
    Text,
    Weeks,
)
from skinscore.domain.zones import TreatmentZone
from skinscore.errors import InternalFault
from skinscore.protocol.vocabulary import Action, Fact, Withholding

PARTS: Final = ("rulebook", "zones", "base", "intake", "modifiers", "referrals", "sources")

RuleId = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9_-]*$")]
SourceKey = Annotated[str, Field(pattern=r"^[SL]\d+$")]


class Rule(Document):
    """What every rule shows of itself."""

    id: RuleId
    evidence: Evidence
    standing: Standing
    sources: tuple[SourceKey, ...]


class Condition(Document):
    """All of what is given must hold; a field that is absent asks nothing."""

    concern: Concern | None = None
    grade_from: Annotated[int, Field(ge=1, le=4)] = 1  # read only with ``concern``
    grade_to: GradeValue = 4
    zones: tuple[TreatmentZone, ...] | None = None
    facts: dict[Fact, tuple[Answer, ...]] = Field(default_factory=dict)


class Limits(Document):
    """Thresholds that the engine's own rules measure against."""

    low_confidence_width: Annotated[int, Field(ge=1, le=4)]
    dark_tone_below_ita_deg: float
    adult_from_years: Annotated[int, Field(ge=18)]
    isotretinoin_months: Annotated[int, Field(ge=6)]
    deep_from_mm: Depth
    thickness_margin_mm: Annotated[float, Field(ge=0.1)]


class Wording(Document):
    """Sentences of the suggestion, with their gaps."""

    range: Text
    range_of_one: Text
    unanswered: Text
    grade: Text
    grade_by_clinician: Text
    off_label: Text
    evaluated: Text
    start: Text


class LabelledDevice(Document):
    """A device whose US label covers the zone, for these phototypes and from this age."""

    name: Text
    phototypes: tuple[Phototype, ...]
    from_years: int
    sources: tuple[SourceKey, ...]


class Label(Document):
    """A US label status that zones refer to."""

    id: Text
    text: Text
    devices: tuple[LabelledDevice, ...]  # empty: off-label with every device


class ZoneRule(Document):
    """Caps and measured thickness of one treatment zone; null caps exclude it."""

    id: RuleId
    zone: TreatmentZone
    cap_mm: Depth | None
    override_mm: OverrideDepth | None
    thickness_mm: Annotated[float, Field(gt=0.5, lt=3)]
    evidence: dict[Concern, Evidence]
    label: dict[Concern, Text]
    why: Text
    standing: Standing
    sources: tuple[SourceKey, ...]

    @model_validator(mode="after")
    def _caps_come_together(self) -> Self:
        if (self.cap_mm is None) != (self.override_mm is None):
            raise ValueError("cap_mm and override_mm are both given or both null")
        if self.cap_mm and self.override_mm and self.cap_mm > self.override_mm:
            raise ValueError("override_mm lies below cap_mm")
        if set(self.evidence) != set(CONCERNS) or set(self.label) != set(CONCERNS):
            raise ValueError("evidence and label speak of every concern")
        return self


class BaseRow(Rule):
    """Base range and course of one grade of one concern, before the zone's cap."""

    concern: Concern
    grade: GradeValue
    action: Action
    base_mm: tuple[Depth, Depth] | None
    override_mm: OverrideDepth | None
    override_zones: tuple[TreatmentZone, ...] | None
    sessions: tuple[Count, Count]
    interval_weeks: tuple[Weeks, Weeks] | None

    @model_validator(mode="after")
    def _range_and_course_come_together(self) -> Self:
        if (self.base_mm is None) != (self.interval_weeks is None):
            raise ValueError("base_mm and interval_weeks are both given or both null")
        if (self.base_mm is None) != (self.action in {Action.NONE, Action.REFER_NO_DEPTH}):
            raise ValueError("a row has a range unless its action is none or refer_no_depth")
        return self


class Blocking(Rule):
    """A condition that forbids every depth when true, and while unanswered."""

    fact: Fact
    scope: Literal["all", "local"]
    question: Text
    reason: Text


class Question(Document):
    """Something worth asking; the rules take the more cautious answer meanwhile."""

    id: RuleId  # of the rule that would like to know
    fact: Fact
    answers: tuple[Answer, ...]  # with these the question is still open
    unknown_blocks: bool
    question: Text
    when: tuple[Condition, ...]


class Effect(Document):
    """What a modifier does to a range. Every part can only lower a number or lengthen a wait."""

    ceiling_mm: Depth | None = None
    ceiling_from: Literal["device", "skin_thickness"] | None = None
    lower_by_mm: Annotated[float, Field(gt=0, multiple_of=0.25)] | None = None  # not below 0.25
    lower_half: bool = False
    start_at_low: bool = False
    test_spot: bool = False
    interval_weeks_from: Weeks | None = None
    override_ceiling_mm: OverrideDepth | None = None


class Modifier(Rule):
    """A change of the range under a condition; ``effect`` null: carried out by the engine."""

    what: Text
    when: tuple[Condition, ...]
    effect: Effect | None
    note: Text | None


class ReferralRule(Rule):
    """Whom to turn to, and whether the range gives way to it."""

    when: tuple[Condition, ...]
    replaces_range: bool
    stops_all: bool
    text: Text


class Rulebook(Document):
    """All rules, in the order in which they act."""

    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    review: Text
    limits: Limits
    withholding: dict[Withholding, Text]
    wording: Wording
    zones: tuple[ZoneRule, ...]
    labels: tuple[Label, ...]
    base: tuple[BaseRow, ...]
    blocking: tuple[Blocking, ...]
    questions: tuple[Question, ...]
    modifiers: tuple[Modifier, ...]
    referrals: tuple[ReferralRule, ...]
    sources: dict[SourceKey, Text]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _once("zones", (zone.zone for zone in self.zones), TreatmentZone)
        _once("base", ((r.concern, r.grade) for r in self.base), _pairs())
        _once("withholding", self.withholding, Withholding)
        repeated = [key for key, n in Counter(rule.id for rule in self.rules).items() if n > 1]
        if repeated:
            raise ValueError(f"ids used twice: {', '.join(repeated)}")
        used = {key for zone in self.zones for key in zone.label.values()}
        if missing := used - {label.id for label in self.labels}:
            raise ValueError(f"labels not defined: {', '.join(sorted(missing))}")
        cited = {key for rule in self.rules for key in rule.sources}
        cited |= {key for row in self.labels for device in row.devices for key in device.sources}
        if missing := cited - set(self.sources):
            raise ValueError(f"sources not listed: {', '.join(sorted(missing))}")
        return self

    @property
    def rules(self) -> tuple[Rule | ZoneRule, ...]:
        return (*self.zones, *self.base, *self.blocking, *self.modifiers, *self.referrals)

    @cached_property
    def ref(self) -> RulebookRef:
        """Version and digest; the digest is the sha256 of the canonical JSON of all rules."""
        digest = sha256_hex(canonical_json(self.model_dump(mode="json")))
        return RulebookRef(version=self.version, digest=digest, review=self.review)

    def zone(self, zone: TreatmentZone) -> ZoneRule:
        return next(rule for rule in self.zones if rule.zone == zone)

    def row(self, concern: Concern, grade: int) -> BaseRow:
        return next(row for row in self.base if (row.concern, row.grade) == (concern, grade))

    def label(self, zone: ZoneRule, concern: Concern) -> Label:
        return next(label for label in self.labels if label.id == zone.label[concern])

    def modifier(self, rule_id: str) -> Modifier:
        return next(rule for rule in self.modifiers if rule.id == rule_id)

    def cite(self, keys: Iterable[str]) -> tuple[Source, ...]:
        """Return the citations of ``keys`` in the rulebook's order, each once."""
        wanted = set(keys)
        return tuple(Source(key=k, citation=v) for k, v in self.sources.items() if k in wanted)


@lru_cache(maxsize=1)
def load() -> Rulebook:
    """Return the rulebook that ships with this release; read once per process.

    Raises:
        InternalFault: ``internal``, naming each wrong place, when the files are not valid.
    """
    folder = files("skinscore.protocol").joinpath("rulebook")
    return parse({name: folder.joinpath(f"{name}.yaml").read_text("utf-8") for name in PARTS})


def parse(texts: dict[str, str]) -> Rulebook:
    """Return the rulebook written in the YAML ``texts``, one per name of PARTS.

    Raises:
        InternalFault: ``internal``, as :func:`load`.
    """
    content: dict[str, Any] = {}
    for name in PARTS:
        content |= yaml.load(texts[name], Loader=_Loader)
    try:
        # Through JSON, so that strict validation takes lists for tuples and names for enums.
        return Rulebook.model_validate_json(json.dumps(content))
    except ValidationError as problem:
        raise InternalFault(
            "internal",
            f"the rulebook has {problem.error_count()} problems: {field_problems(problem)}",
            "every rule has exactly its fields and knows its sources",
        ) from None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML in which a key written twice is an error: the first would silently be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) != len(keys):
            raise yaml.constructor.ConstructorError(
                None, None, "a key is written twice", node.start_mark
            )
        return dict(super().construct_mapping(node, deep=deep))


def _pairs() -> list[tuple[Concern, int]]:
    return [(concern, grade) for concern in CONCERNS for grade in GRADES]


def _once(what: str, found: Iterable[object], wanted: Iterable[object]) -> None:
    if Counter(tuple(found)) != Counter(tuple(wanted)):
        raise ValueError(f"{what} must list every one of its kind exactly once")

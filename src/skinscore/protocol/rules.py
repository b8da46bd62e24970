"""What one rule looks like, by kind: text, sources, evidence, standing and a condition.

Nothing here decides anything; every kind is a strict document, so a field that is unknown, missing
or of the wrong sort keeps the whole rulebook from loading.
"""

from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, model_validator

from skinscore.domain.assessment import GradeValue
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import Document
from skinscore.domain.patient import Answer, Phototype
from skinscore.domain.suggestion import (
    TOPICS_WITHOUT_RANGE,
    Count,
    Depth,
    Evidence,
    Figures,
    OverrideDepth,
    Standing,
    Text,
    Topic,
    Weeks,
)
from skinscore.domain.zones import TreatmentZone
from skinscore.protocol.vocabulary import Action, Fact, Verdict

RuleId = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9_-]*$")]
SourceKey = Annotated[str, Field(pattern=r"^[SL]\d+$")]
RuleT = TypeVar("RuleT", bound="Rule")


class Rule(Document):
    """What every rule shows of itself."""

    id: RuleId
    evidence: Evidence
    standing: Standing
    sources: tuple[SourceKey, ...]  # empty only for an inference of our own

    @model_validator(mode="after")
    def _what_others_said_is_cited(self) -> Self:
        if not self.sources and self.standing is not Standing.DERIVED:
            raise ValueError(f"{self.id} is {self.standing} and cites nothing")
        return self


class Condition(Document):
    """All of what is given must hold; a field that is absent asks nothing."""

    concern: Concern | None = None
    grade_from: Annotated[int, Field(ge=1, le=4)] = 1  # read only with ``concern``
    grade_to: GradeValue = 4
    alone: bool = False  # no other concern is surely present; read only with ``concern``
    zones: tuple[TreatmentZone, ...] | None = None
    facts: dict[Fact, tuple[Answer, ...]] = Field(default_factory=dict)
    high_from_mm: Depth | None = None  # upper limit of the printed range, for advice only
    high_to_mm: Depth | None = None

    @property
    def asks_for_depth(self) -> bool:
        """Whether only a printed range can meet it."""
        return self.high_from_mm is not None or self.high_to_mm is not None


class Limit(Rule):
    """A threshold that the engine measures against.

    ``stricter`` says which way a clinic's overlay may move it; ``fixed`` says that it may not.
    """

    what: Text
    value: float
    unit: Literal["grades", "degrees", "years", "mm", "weeks", "days", "months", "points", "z"]
    stricter: Literal["higher", "lower", "fixed"]


class Limits(Document):
    """Every threshold by its name."""

    low_confidence_width: Limit  # M11
    dark_tone_below_ita_deg: Limit  # only raises a question about the stated phototype
    adult_from_years: Limit  # A01
    deep_from_mm: Limit  # C01
    thickness_margin_mm: Limit  # M5
    questionnaire_days: Limit
    test_spot_weeks: Limit
    review_after_sessions: Limit
    review_from_weeks: Limit
    review_to_weeks: Limit
    judge_months: Limit
    maintenance_from_months: Limit
    maintenance_to_months: Limit
    meaningful_points: Limit
    detectable_z: Limit

    @model_validator(mode="after")
    def _hard_limits(self) -> Self:
        """Hold what no rulebook and no overlay may undercut, whoever reviewed it."""
        if self.adult_from_years.value < 18:
            raise ValueError("adult_from_years lies below 18")
        if self.thickness_margin_mm.value < 0.1:
            raise ValueError("thickness_margin_mm lies below 0.1")
        if not 1 <= self.low_confidence_width.value <= 4:
            raise ValueError("low_confidence_width lies outside 1..4")
        if self.deep_from_mm.value > 1.5:
            raise ValueError("deep_from_mm lies above 1.5")
        if not 0 <= self.questionnaire_days.value <= 27:
            raise ValueError("questionnaire_days lies outside 0..27")
        if not 1 <= self.review_after_sessions.value <= 3:
            raise ValueError("review_after_sessions lies outside 1..3")
        if not self.review_from_weeks.value <= self.review_to_weeks.value:
            raise ValueError("review_from_weeks lies above review_to_weeks")
        if not self.maintenance_from_months.value <= self.maintenance_to_months.value:
            raise ValueError("maintenance_from_months lies above maintenance_to_months")
        return self

    @property
    def rules(self) -> tuple[Limit, ...]:
        return tuple(getattr(self, name) for name in type(self).model_fields)


class LabelledDevice(Document):
    """A device whose US label covers the zone, for these phototypes and from this age."""

    name: Text
    phototypes: tuple[Phototype, ...]
    from_years: int
    sources: tuple[SourceKey, ...]


class Label(Rule):
    """A US label status that zones refer to."""

    key: Text
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


class Wait(Document):
    """How long to wait after an event: days or whole months, one of the two."""

    days: Annotated[int, Field(ge=1)] | None
    months: Annotated[int, Field(ge=1)] | None

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if (self.days is None) == (self.months is None):
            raise ValueError("a wait is given in days or in months")
        return self


class Waiver(Document):
    """Who may shorten a wait with a logged reason, and how far down."""

    by: Text
    from_days: Annotated[int, Field(ge=0)]


class Timing(Blocking):
    """A waiting time after a dated event; blocks while it runs and while the day is unknown."""

    wait: Wait
    only_with: Concern | None  # blocks only where this concern is present
    waiver: Waiver | None


class Question(Rule):
    """Something worth asking; the rules take the more cautious answer meanwhile."""

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


def _before_any_range(rule: RuleT, when: tuple[Condition, ...]) -> RuleT:
    """Refuse what could never hold: the range is not made yet when ``rule`` is asked."""
    if any(condition.asks_for_depth for condition in when):
        raise ValueError(f"{rule.id} cannot ask for a printed range: only advice comes after it")
    return rule


class Modifier(Rule):
    """A change of the range under a condition; ``effect`` null: carried out by the engine."""

    what: Text
    when: tuple[Condition, ...]
    effect: Effect | None
    note: Text | None

    @model_validator(mode="after")
    def _comes_before_the_range(self) -> Self:
        return _before_any_range(self, self.when)


class ReferralRule(Rule):
    """Whom to turn to, and whether the range gives way to it."""

    when: tuple[Condition, ...]
    replaces_range: bool
    stops_all: bool
    text: Text
    plain: Text

    @model_validator(mode="after")
    def _comes_before_the_range(self) -> Self:
        return _before_any_range(self, self.when)


class AdviceRule(Rule):
    """Something to know or do beside a range, or instead of one."""

    topic: Topic
    when: tuple[Condition, ...]
    text: Text
    plain: Text | None
    figures: Figures | None

    @model_validator(mode="after")
    def _needs_no_range_where_there_may_be_none(self) -> Self:
        depth = any(condition.asks_for_depth for condition in self.when)
        if depth and self.topic in TOPICS_WITHOUT_RANGE:
            raise ValueError(f"advice on {self.topic} cannot ask for a printed range")
        return self


class FollowUpRule(Rule):
    """One sentence of the follow-up, and the verdict it stands for."""

    verdict: Verdict
    text: Text

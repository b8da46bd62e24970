"""``skinscore.suggestion/1`` and ``skinscore.confirmation/1``: what a clinician is to check.

A suggestion holds no clock of its own: the same assessment, questionnaire, confirmation and
rulebook give the same bytes. The document itself refuses to exist with a depth above its cap,
inside the orbital rim, or without a confirmation; the rule engine is not the only guard.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from skinscore.domain.assessment import GradeValue
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.document import Day, Disclaimer, Document, Fraction, Moment, Sha256
from skinscore.domain.zones import Side, TreatmentZone, Zone

GRID_MM: Final = 0.25  # every printed depth is a multiple
CEILING_MM: Final = 1.5  # not evaluated above this in the US acne-scar label; no zone cap is higher
OVERRIDE_CEILING_MM: Final = 2.0  # no override on the face reaches higher

Depth = Annotated[float, Field(ge=GRID_MM, le=CEILING_MM, multiple_of=GRID_MM)]
OverrideDepth = Annotated[float, Field(ge=GRID_MM, le=OVERRIDE_CEILING_MM, multiple_of=GRID_MM)]
Count = Annotated[int, Field(ge=0, le=20)]
Weeks = Annotated[int, Field(ge=4, le=52)]
Text = Annotated[str, Field(min_length=1)]

Title = Literal["Suggestion for clinician review"]
TITLE: Final[Title] = get_args(Title)[0]


class Status(StrEnum):
    """What became of a treatment zone, or of the whole suggestion."""

    SUGGESTED = "suggested"  # a range is printed
    WITHHELD = "withheld"  # something blocks, is unanswered, unconfirmed or cannot be seen
    REFERRED = "referred"  # needling is not the tool, or a specialist comes first
    NOTHING_TO_TREAT = "nothing_to_treat"
    EXCLUDED = "excluded"  # never needled: inside the orbital rim


class Evidence(StrEnum):
    """How well a number is founded; no number of the table earns an A."""

    A = "A"
    B = "B"  # trial or cleared device in that zone
    C = "C"  # review, small series or expert
    D = "D"  # extrapolated


class Standing(StrEnum):
    """Where a rule comes from."""

    PUBLISHED = "published"
    LABELLED = "labelled"  # a device's label or manual
    DERIVED = "derived"  # our inference, taking the more cautious side


class ConfirmedGrade(Document):
    """A grade that the clinician set in place of the photo's."""

    zone: Zone
    concern: Concern
    grade: GradeValue


class Confirmation(Document):
    """The clinician's word that the grades of one assessment are right, or what they should be."""

    schema_: Literal["skinscore.confirmation/1"] = Field(alias="schema")
    assessment: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    confirmed_by: Annotated[str, Field(min_length=1, max_length=80)]  # role or name
    confirmed_at: Moment
    grades: tuple[ConfirmedGrade, ...]  # corrections only; all other grades stand as shown

    @model_validator(mode="after")
    def _each_grade_once(self) -> Self:
        places = [(row.zone, row.concern) for row in self.grades]
        if len(set(places)) != len(places):
            raise ValueError("grades corrects one zone and concern twice")
        return self


class Confirmed(Document):
    """Who confirmed, and when."""

    by: str
    at: Annotated[datetime, Field(strict=False)]


class Reason(Document):
    """Why no depth is printed: the id of a rule, or a withholding code of the rulebook."""

    code: Text
    text: Text


class Number(StrEnum):
    """A number of a zone that rules make; depth stands in RuleStep.before_mm and after_mm."""

    DEPTH_RANGE_MM = "depth_range_mm"
    START_AT_MM = "start_at_mm"
    TEST_SPOT = "test_spot"  # 1: wanted
    CAP_MM = "cap_mm"
    OVERRIDE_CAP_MM = "override_cap_mm"
    OVERRIDE_MM = "override_mm"  # set by a named clinician
    SESSIONS = "sessions"
    INTERVAL_WEEKS = "interval_weeks"


class NumberSet(Document):
    """What one rule did to one number; single values and pairs alike are lists."""

    number: Number
    before: tuple[float, ...] | None  # null: the rule brought it
    after: tuple[float, ...]


class RuleStep(Document):
    """One rule at work, in order: the way from the base range to the printed one."""

    rule_id: Text
    concern: Concern | None  # null: the zone as a whole
    what: Text
    inputs: tuple[str, ...]  # "name: value" of what the rule looked at
    before_mm: tuple[Depth, Depth] | None
    after_mm: tuple[Depth, Depth] | None
    sets: tuple[NumberSet, ...]  # every other number that it made or changed
    evidence: Evidence
    standing: Standing
    sources: tuple[str, ...]  # keys of Suggestion.sources


class Topic(StrEnum):
    """What a piece of advice speaks of."""

    # of one treatment zone
    PASSES = "passes"
    ENDPOINT = "endpoint"
    NEEDLES = "needles"
    DOWNTIME = "downtime"
    EXPECTED = "expected"  # improvement in studies
    ADJUNCT = "adjunct"
    ALTERNATIVE = "alternative"  # what to do instead of needling
    PRECAUTION = "precaution"
    # of the whole course
    SESSION = "session"  # steps of one appointment, in order
    PRODUCT_ALLOWED = "product_allowed"
    PRODUCT_FORBIDDEN = "product_forbidden"
    AFTERCARE = "aftercare"
    ALARM = "alarm"  # contact the clinic
    COURSE = "course"  # number, review, maintenance


COURSE_TOPICS: Final = (
    Topic.SESSION,
    Topic.PRODUCT_ALLOWED,
    Topic.PRODUCT_FORBIDDEN,
    Topic.AFTERCARE,
    Topic.ALARM,
    Topic.COURSE,
)
# May stand beside a zone without a range: it says what to do instead of needling.
TOPICS_WITHOUT_RANGE: Final = (Topic.ALTERNATIVE,)


class Figures(Document):
    """The numbers of a piece of advice. Never a depth: those are made by rules, step by step."""

    low: Annotated[float, Field(ge=0)]
    high: Annotated[float, Field(ge=0)]
    unit: Literal["passes", "days", "hours", "minutes", "weeks", "months"]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.low > self.high:
            raise ValueError("figures rise from low to high")
        return self


class Advice(Document):
    """One thing to know or to do, with its basis."""

    rule_id: Text
    topic: Topic
    text: Text  # for the clinician
    plain: Text | None  # for the patient, no jargon, no depth; null: not the patient's matter
    figures: Figures | None
    evidence: Evidence
    standing: Standing
    sources: tuple[str, ...]  # keys of Suggestion.sources


class AppliedOverride(Document):
    """A setting above the range that a named clinician logged with a reason (M10)."""

    depth_mm: OverrideDepth
    by: Text
    at: Annotated[datetime, Field(strict=False)]
    reason: Text


class Waived(Document):
    """A waiting time that a named clinician waived with a reason."""

    rule_id: Text
    by: Text
    at: Annotated[datetime, Field(strict=False)]
    reason: Text


class ConcernConsidered(Document):
    """One concern of a treatment zone: the worst grade of the graded zones that lie in it."""

    concern: Concern
    grade: GradeValue | None  # null: not assessable
    grade_by: Literal["photo", "clinician"] | None
    confidence: Fraction | None  # model's probability of the photo's grade; null when corrected
    considered: tuple[GradeValue, ...]  # grades reckoned with, ascending; several when uncertain
    codes: tuple[str, ...]  # quality codes of the grade
    us_label_status: Text
    off_label: bool  # outside US labelled use for this zone, phototype, age or device


class ZoneSuggestion(Document):
    """One treatment zone on one side of the subject. All numbers are null unless suggested."""

    zone: TreatmentZone
    side: Side
    graded_zones: tuple[Zone, ...]  # where its grades come from
    status: Status
    concerns: tuple[ConcernConsidered, ...]
    depth_range_mm: tuple[Depth, Depth] | None  # device setting, low and high
    start_at_mm: Depth | None  # first treatment of the series at this setting; null: no such rule
    test_spot: bool  # about 2 x 2 cm, reviewed after four weeks, before the first treatment
    cap_mm: Depth | None  # of the zone; the range never exceeds it
    override_cap_mm: OverrideDepth | None  # a named clinician's limit, reason logged
    override: AppliedOverride | None  # what such a clinician set; null: nothing
    sessions: tuple[Count, Count] | None  # least, most treatments
    interval_weeks: tuple[Weeks, Weeks] | None
    evidence: Evidence | None  # the weakest of what the range rests on
    off_label: bool | None  # any concern considered is outside its US label
    reasons: tuple[Reason, ...]  # why withheld
    referrals: tuple[str, ...]  # ids of Suggestion.referrals
    notes: tuple[str, ...]  # sentences to show beside the range
    advice: tuple[str, ...]  # rule ids of Suggestion.advice that hold here
    rules: tuple[RuleStep, ...]  # how the range came about; empty unless suggested

    @model_validator(mode="after")
    def _numbers_only_when_suggested(self) -> Self:
        numbers = (
            self.depth_range_mm,
            self.cap_mm,
            self.override_cap_mm,
            self.sessions,
            self.interval_weeks,
            self.evidence,
            self.off_label,
        )
        if self.status is Status.SUGGESTED:
            if any(number is None for number in numbers) or self.reasons or not self.rules:
                raise ValueError("a suggested zone carries every number, its rules and no reason")
        elif (
            any(number is not None for number in (*numbers, self.start_at_mm, self.override))
            or self.rules
            or self.test_spot
        ):
            raise ValueError("only a suggested zone carries numbers and rules")
        if self.status is Status.WITHHELD and not self.reasons:
            raise ValueError("a withheld zone says why")
        return self

    @model_validator(mode="after")
    def _never_beyond_a_limit(self) -> Self:
        if self.zone is TreatmentZone.LOWER_EYELID and self.status is not Status.EXCLUDED:
            raise ValueError("the lower eyelid is always excluded")
        if self.depth_range_mm is None or self.cap_mm is None or self.override_cap_mm is None:
            return self
        low, high = self.depth_range_mm
        if not low <= high <= min(self.cap_mm, self.override_cap_mm):
            raise ValueError("the range must rise and stay within cap and override cap")
        if self.start_at_mm is not None and self.start_at_mm > high:
            raise ValueError("the first treatment cannot exceed the range")
        if self.override is not None and not high < self.override.depth_mm <= self.override_cap_mm:
            raise ValueError("an override lies above the range and within the override cap")
        return self

    @model_validator(mode="after")
    def _every_concern_once(self) -> Self:
        if tuple(row.concern for row in self.concerns) != CONCERNS:
            raise ValueError("a zone lists every concern once, in the fixed order")
        return self


class OpenQuestion(Document):
    """A question that is still unanswered, or an answer that should be looked at again."""

    id: Text  # of the rule that asks
    answer: Text  # the name of the answer that is missing
    field: Text  # where it is given in skinscore.patient/1, as in "safety.keloid_tendency"
    question: Text
    blocking: bool  # true: no depth anywhere it matters until it is answered


class Referral(Document):
    """Whom or what to turn to first; ``zones`` empty: the patient as a whole."""

    id: Text
    text: Text
    stops_all: bool
    plain: Text  # the same for the patient, without jargon
    zones: tuple[tuple[TreatmentZone, Side], ...]
    evidence: Evidence
    standing: Standing
    sources: tuple[str, ...]


class Source(Document):
    """One source that a rule of this suggestion rests on."""

    key: Text
    citation: Text


class RulebookRef(Document):
    """Which rules spoke."""

    version: Text
    digest: Sha256
    review: Text  # whether a clinician has signed it off
    overlay: Text | None  # the clinic's own stricter rules on top; null: none


class Suggestion(Document):
    """Depths and course per treatment zone for a clinician to accept, edit or reject."""

    schema_: Literal["skinscore.suggestion/1"] = Field(alias="schema")
    title: Title
    assessment: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    assessment_digest: Sha256  # of what it says was seen
    contract_digest: Sha256  # of the model that graded
    patient_digest: Sha256
    answered_on: Day  # of the questionnaire
    answers_valid_until: Day  # asked again after that day
    rulebook: RulebookRef
    confirmation: Confirmed | None  # null: unconfirmed, and then every depth is withheld
    status: Status
    blocks: tuple[Reason, ...]  # conditions that stop every zone
    open_questions: tuple[OpenQuestion, ...]
    referrals: tuple[Referral, ...]
    waived: tuple[Waived, ...]  # waiting times that a named clinician did not wait for
    zones: tuple[ZoneSuggestion, ...]
    advice: tuple[Advice, ...]  # of the zones, by id, and of the whole course
    sources: tuple[Source, ...]
    disclaimer: Disclaimer

    @model_validator(mode="after")
    def _no_depth_while_something_stands_against_it(self) -> Self:
        against = (
            self.confirmation is None
            or bool(self.blocks)
            or any(referral.stops_all for referral in self.referrals)
        )
        if against and any(zone.status is Status.SUGGESTED for zone in self.zones):
            raise ValueError("a depth needs a confirmation, no block and no stop-all referral")
        return self

    @model_validator(mode="after")
    def _everything_cited_is_listed(self) -> Self:
        listed = {source.key for source in self.sources}
        cited = {key for zone in self.zones for step in zone.rules for key in step.sources}
        cited |= {key for referral in self.referrals for key in referral.sources}
        cited |= {key for row in self.advice for key in row.sources}
        referred = {code for zone in self.zones for code in zone.referrals}
        if cited - listed or referred - {row.id for row in self.referrals}:
            raise ValueError("every source and referral that is named must be listed")
        topics = {row.rule_id: row.topic for row in self.advice}
        for zone in self.zones:
            if any(rule_id not in topics for rule_id in zone.advice):
                raise ValueError("every piece of advice that is named must be listed")
            if zone.status is not Status.SUGGESTED and any(
                topics[rule_id] not in TOPICS_WITHOUT_RANGE for rule_id in zone.advice
            ):
                raise ValueError("advice about needling belongs to a zone with a range")
        return self

"""``skinscore.course/1``: a suggestion on the calendar, for a clinician to check and change.

Windows, not appointments: the first day on which something may happen, and the last on which it
should. Whether a treatment takes place is decided on the day, with the questionnaire asked again.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, model_validator

from skinscore.domain.document import Day, Disclaimer, Document, Sha256
from skinscore.domain.suggestion import Advice, Count, OpenQuestion, RulebookRef, Text, Weeks
from skinscore.domain.zones import Side, TreatmentZone

CourseTitle = Literal["Course calendar for clinician review"]
COURSE_TITLE: Final[CourseTitle] = get_args(CourseTitle)[0]

Place = tuple[TreatmentZone, Side]


class Visit(StrEnum):
    """What happens in a window."""

    TEST_SPOT = "test_spot"
    TREATMENT = "treatment"
    REVIEW = "review"  # the same camera set-up; decides whether to go on
    FURTHER_TREATMENT = "further_treatment"  # only when the review found a gain
    JUDGEMENT = "judgement"  # of the result
    MAINTENANCE = "maintenance"  # optional


class Window(Document):
    """One visit, with the days between which it falls."""

    visit: Visit
    number: Annotated[int, Field(ge=1)] | None  # of a treatment, from 1; null: none
    earliest: Day
    latest: Day
    zones: tuple[Place, ...]  # treated, or looked at
    condition: Text | None  # what must be so; null: nothing beyond the questionnaire
    rule_ids: tuple[str, ...]  # of the rulebook, that set the days

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.earliest > self.latest:
            raise ValueError("a window opens before it closes")
        return self


class Course(Document):
    """Every window of a course, in order; none when no zone has a range."""

    schema_: Literal["skinscore.course/1"] = Field(alias="schema")
    title: CourseTitle
    assessment: Annotated[str, Field(pattern=r"^asm_[0-9a-f]{24}$")]
    patient_digest: Sha256
    rulebook: RulebookRef
    start: Day
    answers_valid_until: Day  # the questionnaire is asked again after it, and before every visit
    interval_weeks: tuple[Weeks, Weeks] | None  # between two treatments; null without a range
    treatments: tuple[Count, Count] | None  # least of any zone, most of any zone
    session_minutes: tuple[int, int] | None
    downtime_days: tuple[int, int] | None
    windows: tuple[Window, ...]
    advice: tuple[Advice, ...]  # sessions, products, aftercare, alarm signs, course
    open_questions: tuple[OpenQuestion, ...]
    disclaimer: Disclaimer

    @model_validator(mode="after")
    def _in_order_and_never_before_the_start(self) -> Self:
        days = [self.start, *(window.earliest for window in self.windows)]
        if days != sorted(days):
            raise ValueError("windows open in order, none before the start")
        return self

"""A course on the calendar, worked out by hand."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from skinscore.domain.concerns import Concern
from skinscore.domain.course import Course, Visit
from skinscore.domain.suggestion import Suggestion, Topic
from skinscore.domain.zones import Side, TreatmentZone, Zone
from skinscore.errors import RequestRefused
from skinscore.protocol import plan, suggest
from skinscore.protocol.overlay import lay_over, read_overlay
from skinscore.protocol.rulebook import load
from tests.skinscore.protocol.patients import SKINPEN, confirmed, graded, patient

SCARS, WRINKLES, PIGMENT = Concern
START = date(2026, 3, 9)
SHALLOW = SKINPEN | {"labelled_maximum_mm": 1.25}


def made(grades: dict[Concern, int], **changes: Any) -> Suggestion:
    assessment = graded(everywhere=grades)
    return suggest(assessment, patient(**changes), confirmed(assessment))


def days(course: Course) -> list[tuple[Visit, int | None, date, date]]:
    return [(row.visit, row.number, row.earliest, row.latest) for row in course.windows]


def test_moderate_cheek_scars_in_phototype_two() -> None:
    # 4-6 weeks between treatments (nothing reaches 1.5 mm), 3-4 treatments.
    course = plan(made({SCARS: 3}, device=SHALLOW), START)
    assert course.interval_weeks == (4, 6)
    assert course.treatments == (3, 4)
    assert days(course) == [
        (Visit.TREATMENT, 1, date(2026, 3, 9), date(2026, 3, 9)),
        (Visit.TREATMENT, 2, date(2026, 4, 6), date(2026, 4, 20)),
        (Visit.TREATMENT, 3, date(2026, 5, 4), date(2026, 6, 1)),
        (Visit.REVIEW, None, date(2026, 6, 29), date(2026, 8, 24)),
        (Visit.FURTHER_TREATMENT, 4, date(2026, 6, 29), date(2026, 8, 24)),
        (Visit.JUDGEMENT, None, date(2026, 11, 4), date(2026, 12, 1)),
        (Visit.MAINTENANCE, None, date(2026, 11, 4), date(2027, 6, 1)),
    ]


def test_phototype_five_begins_with_a_test_spot_four_weeks_earlier() -> None:
    course = plan(made({SCARS: 2}, phototype="V"), START)
    assert days(course)[:3] == [
        (Visit.TEST_SPOT, None, START, START),
        (Visit.TREATMENT, 1, date(2026, 4, 6), date(2026, 4, 6)),
        (Visit.TREATMENT, 2, date(2026, 5, 18), date(2026, 5, 18)),  # six weeks
    ]


def test_the_deepest_zone_sets_the_pace_for_the_whole_face() -> None:
    assert plan(made({SCARS: 3}), START).interval_weeks == (6, 6)  # the cheek reaches 1.5 mm


def test_a_zone_drops_out_when_its_own_number_is_reached() -> None:
    assessment = graded({Zone.CHIN: {WRINKLES: 1}, Zone.CHEEK_LEFT: {WRINKLES: 4}})
    course = plan(suggest(assessment, patient(), confirmed(assessment)), START)
    chin, cheek = (TreatmentZone.CHIN, Side.MIDLINE), (TreatmentZone.CHEEK_MALAR, Side.LEFT)
    treated = {row.number: set(row.zones) for row in course.windows if row.number}
    assert treated == {
        1: {chin, cheek}, 2: {chin, cheek}, 3: {chin, cheek}, 4: {cheek}, 5: {cheek}, 6: {cheek}
    }  # fmt: skip


def test_two_treatments_are_reviewed_after_the_second() -> None:
    course = plan(made({SCARS: 1}), START)
    assert [row.visit for row in course.windows][:3] == [
        Visit.TREATMENT, Visit.TREATMENT, Visit.REVIEW
    ]  # fmt: skip


def test_a_further_treatment_needs_a_gain_and_the_review_the_same_set_up() -> None:
    said = {row.visit: row.condition or "" for row in plan(made({SCARS: 3}), START).windows}
    assert "gained" in said[Visit.FURTHER_TREATMENT]
    assert "same camera set-up" in said[Visit.REVIEW]
    assert "optional" in said[Visit.MAINTENANCE]


def test_session_downtime_and_aftercare_come_with_it() -> None:
    course = plan(made({SCARS: 3}), START)
    assert course.session_minutes == (30, 60)
    assert course.downtime_days == (3, 5)
    assert plan(made({PIGMENT: 1}), START).downtime_days == (1, 2)
    assert plan(made({WRINKLES: 3}), START).downtime_days == (2, 3)
    topics = {row.topic for row in course.advice}
    assert {Topic.SESSION, Topic.AFTERCARE, Topic.ALARM, Topic.PRODUCT_FORBIDDEN} <= topics
    assert Course.parse(course.to_json()) == course


def test_without_a_range_there_is_no_window_but_the_questions_stay_open() -> None:
    course = plan(made({SCARS: 3}, keloid_tendency="unknown"), START)
    assert (course.windows, course.interval_weeks, course.treatments) == ((), None, None)
    assert [row.id for row in course.open_questions] == ["A08"]


def test_a_start_before_the_questionnaire_and_other_rules_are_refused() -> None:
    suggestion = made({SCARS: 3})
    with pytest.raises(RequestRefused, match="before the questionnaire of 2026-03-02"):
        plan(suggestion, date(2026, 3, 1))
    with pytest.raises(RequestRefused, match="a start up to 2026-03-29 is allowed"):
        plan(suggestion, date(2026, 3, 30))
    assert plan(suggestion, date(2026, 3, 2)).windows
    assert plan(suggestion, date(2026, 3, 29)).windows
    blocked = made({SCARS: 3}, keloid_tendency="yes")
    assert plan(blocked, date(2026, 3, 30)).windows == ()
    from tests.skinscore.protocol.test_overlay import NOTHING

    rules = lay_over(load(), read_overlay(str(NOTHING).replace("'", '"')))
    with pytest.raises(RequestRefused, match="of another digest"):
        plan(suggestion, START, rulebook=rules)


def test_a_window_that_closes_before_it_opens_cannot_exist() -> None:
    course = plan(made({SCARS: 3}), START)
    window = course.windows[1].model_dump(mode="json") | {"latest": "2026-01-01"}
    with pytest.raises(ValidationError, match="opens before it closes"):
        type(course.windows[1]).model_validate(window, strict=False)
    backwards = course.model_copy(update={"windows": course.windows[::-1]})
    with pytest.raises(RequestRefused, match="windows open in order"):
        Course.parse(backwards.to_json())


@settings(max_examples=60, deadline=None)
@given(
    st.dates(date(2026, 3, 2), date(2026, 3, 29)),  # while the answers count
    st.fixed_dictionaries({c: st.integers(0, 3) for c in Concern}),
    st.sampled_from(["I", "IV", "VI", "unknown"]),
)
def test_no_two_treatments_come_closer_than_any_zone_permits(
    start: date, grades: dict[Concern, int], phototype: str
) -> None:
    suggestion = made(grades, phototype=phototype)
    course = plan(suggestion, start)
    treated = [row for row in course.windows if row.number is not None]
    waits = [zone.interval_weeks[0] for zone in suggestion.zones if zone.interval_weeks]
    for one, next_one in pairwise(treated):
        assert next_one.earliest - one.earliest >= timedelta(weeks=max(waits))
    for row in treated:
        for zone in suggestion.zones:
            if (zone.zone, zone.side) in row.zones:
                assert zone.sessions is not None
                assert row.number is not None
                assert row.number <= zone.sessions[1]
    review = [row for row in course.windows if row.visit is Visit.REVIEW]
    assert len(review) == bool(treated)
    for row in review:
        third = max(r.earliest for r in treated if r.visit is Visit.TREATMENT)
        assert row.earliest - third == timedelta(weeks=8)

"""Two visits: what changed, and whether to go on."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from skinscore.domain.assessment import Assessment, Gate
from skinscore.domain.concerns import Concern
from skinscore.domain.followup import Change, Comparison, SinceFirstVisit
from skinscore.domain.suggestion import ConfirmedGrade
from skinscore.domain.zones import ZONES, Zone
from skinscore.errors import RequestRefused
from skinscore.protocol import compare_visits
from skinscore.protocol.rulebook import load
from skinscore.protocol.vocabulary import FollowUp
from tests.skinscore.factories import make_assessment, make_grade, make_zone_record
from tests.skinscore.protocol.patients import confirmed, graded

SCARS, WRINKLES, PIGMENT = Concern
FIRST = datetime(2026, 3, 14, tzinfo=UTC)
SECOND = datetime(2026, 8, 15, tzinfo=UTC)
FINE: dict[str, Any] = {
    "schema": "skinscore.since/1",
    "first_visit_on": FIRST.date(),
    "second_visit_on": SECOND.date(),
    "sessions": 3,
    "last_session_on": date(2026, 6, 20),  # eight weeks before the second visit, to the day
    "treated": list(ZONES),
    "same_camera_setup": "yes",
    "hyperpigmentation": "no",
    "tram_track": "no",
    "granuloma": "no",
    "raised_scar": "no",
}


def since(**changes: Any) -> SinceFirstVisit:
    return SinceFirstVisit.model_validate(FINE | changes, strict=False)


def visit(grades: dict[Concern, int], at: datetime, *, width: int = 0) -> Assessment:
    shown = graded(everywhere=grades, width=width)
    name = "asm_" + at.strftime("%Y%m%d").rjust(24, "0")
    return shown.model_copy(update={"created_at": at, "id": name})


def compared(before: dict[Concern, int], after: dict[Concern, int], **changes: Any) -> Comparison:
    return compare_visits(visit(before, FIRST), visit(after, SECOND), since(**changes))


def rules_of(found: Comparison, zone: Zone | None = Zone.CHIN) -> list[str]:
    return [row.rule_id for row in found.verdicts if row.zone is zone]


@pytest.mark.parametrize(
    ("before", "after", "changes", "rule_id", "verdict"),
    [
        pytest.param({SCARS: 3}, {SCARS: 2}, {}, "After-gained", "continue", id="one grade"),
        pytest.param({SCARS: 3}, {SCARS: 3}, {}, "After-no-gain", "stop_and_refer", id="no gain"),
        pytest.param({SCARS: 2}, {SCARS: 3}, {}, "After-worse", "stop_and_refer", id="worse"),
        pytest.param({PIGMENT: 1}, {PIGMENT: 2}, {}, "After-darker", "stop_and_refer", id="darker"),
        pytest.param({SCARS: 3}, {SCARS: 2, PIGMENT: 1}, {}, "After-darker", "stop_and_refer",
                     id="scars better, skin darker"),
        pytest.param({SCARS: 3}, {SCARS: 2, WRINKLES: 1}, {}, "After-worse", "stop_and_refer",
                     id="one better, one worse"),
        pytest.param({SCARS: 3, WRINKLES: 2}, {SCARS: 2, WRINKLES: 2}, {}, "After-gained",
                     "continue", id="one of two"),
        pytest.param({}, {}, {}, "After-nothing", "continue", id="nothing there"),
        pytest.param({SCARS: 3}, {SCARS: 3}, {"sessions": 2}, "After-series", "continue",
                     id="second treatment"),
        pytest.param({SCARS: 2}, {SCARS: 3}, {"sessions": 2}, "After-worse", "stop_and_refer",
                     id="worse in the series"),
        pytest.param({SCARS: 3}, {SCARS: 3}, {"last_session_on": date(2026, 6, 21)},
                     "After-too-early", "wait", id="one day short of eight weeks"),
        pytest.param({SCARS: 3}, {SCARS: 3},
                     {"sessions": 0, "last_session_on": None, "treated": []},
                     "After-series", "continue", id="before the series"),
        pytest.param({SCARS: 3}, {SCARS: 2}, {"same_camera_setup": "no"},
                     "After-not-comparable", "new_photo", id="another camera"),
        pytest.param({SCARS: 3}, {SCARS: 2}, {"same_camera_setup": "unknown"},
                     "After-not-comparable", "new_photo", id="who knows which camera"),
    ],
)  # fmt: skip
def test_what_two_visits_say(
    before: dict[Concern, int],
    after: dict[Concern, int],
    changes: dict[str, Any],
    rule_id: str,
    verdict: str,
) -> None:
    found = compared(before, after, **changes)
    assert rules_of(found) == [rule_id]
    assert found.verdict == verdict
    assert Comparison.parse(found.to_json()) == found


@pytest.mark.parametrize("sign", ["hyperpigmentation", "tram_track", "granuloma", "raised_scar"])
def test_any_sign_of_harm_stops_and_an_unanswered_one_asks(sign: str) -> None:
    harmed = compared({SCARS: 3}, {SCARS: 1}, **{sign: "yes"})
    assert harmed.verdict == "stop_and_refer"
    assert rules_of(harmed, None) == ["After-harm"]
    asked = compared({SCARS: 3}, {SCARS: 1}, **{sign: "unknown"})
    assert asked.verdict == "ask"
    assert rules_of(asked, None) == ["After-unanswered"]


def test_one_zone_that_must_stop_stops_the_series() -> None:
    better = visit({SCARS: 2}, SECOND)
    spoilt = tuple(
        make_zone_record(row.zone, {SCARS: make_grade(SCARS, 4), **rest})
        if row.zone is Zone.NOSE
        else row
        for row in better.zones
        for rest in [{WRINKLES: row.grades[1], PIGMENT: row.grades[2]}]
    )
    found = compare_visits(
        visit({SCARS: 3}, FIRST), better.model_copy(update={"zones": spoilt}), since()
    )
    assert rules_of(found) == ["After-gained"]
    assert rules_of(found, Zone.NOSE) == ["After-worse"]
    assert found.verdict == "stop_and_refer"


def change(found: Comparison, concern: Concern = SCARS) -> Change:
    return next(row for row in found.changes if row.zone is Zone.CHIN and row.concern is concern)


def test_a_change_within_the_visits_uncertainty_is_no_change() -> None:
    before, after = visit({SCARS: 3}, FIRST, width=1), visit({SCARS: 2}, SECOND, width=1)
    found = change(compare_visits(before, after, since()))
    # Probabilities 1/7, 5/7, 1/7 around the grade: variance 2/7 at each visit.
    assert found.detectable == pytest.approx(1.96 * (2 / 7 + 2 / 7) ** 0.5)
    assert found.difference == pytest.approx(-1.0)
    assert found.finding == "unchanged"
    certain = change(compare_visits(visit({SCARS: 3}, FIRST), visit({SCARS: 2}, SECOND), since()))
    assert (certain.detectable, certain.finding) == (1.0, "better")


def test_the_clinicians_grades_count_where_given() -> None:
    before, after = visit({SCARS: 3}, FIRST, width=1), visit({SCARS: 3}, SECOND, width=1)
    by_hand = [ConfirmedGrade(zone=Zone.CHIN, concern=SCARS, grade=grade) for grade in (3, 2)]
    found = change(
        compare_visits(
            before,
            after,
            since(),
            confirmed_before=confirmed(before, by_hand[0]),
            confirmed_after=confirmed(after, by_hand[1]),
        )
    )
    assert (found.before, found.after, found.finding) == (3.0, 2.0, "better")
    assert (found.grade_before, found.grade_after) == (3, 2)


def test_what_is_not_assessable_or_doubtful_is_never_read_as_unchanged() -> None:
    after = visit({SCARS: 2}, SECOND)
    doubtful = make_zone_record(
        Zone.CHIN, {c: make_grade(c, 0, codes=("zone_blurred",)) for c in Concern}
    )
    zones = tuple(doubtful if row.zone is Zone.CHIN else row for row in after.zones)
    for spoilt in (zones, tuple(row for row in after.zones if row.zone is not Zone.CHIN)):
        found = compare_visits(
            visit({SCARS: 3}, FIRST), after.model_copy(update={"zones": spoilt}), since()
        )
        assert rules_of(found) == ["After-not-comparable"]
        assert change(found).finding == "not_comparable"
        assert change(found).difference is None


def test_a_visit_without_zones_asks_for_a_new_photo() -> None:
    empty = visit({}, FIRST).model_copy(update={"zones": ()})
    found = compare_visits(empty, visit({}, SECOND), since())
    assert (rules_of(found, None), found.verdict) == (["After-not-comparable"], "new_photo")


def test_visits_of_different_models_or_without_limits_and_one_visit_twice_are_refused() -> None:
    before, after = visit({}, FIRST), visit({}, SECOND)
    model = after.model.model_copy(update={"contract_digest": "0" * 64})
    for one, other, message in (
        (before, after.model_copy(update={"model": model}), "different models"),
        (before, after.model_copy(update={"gate": Gate.OFF}), "limits were off"),
        (before.model_copy(update={"gate": Gate.OFF}), after, "limits were off"),
        (after, after, "the same visit twice"),
    ):
        with pytest.raises(RequestRefused, match=message) as refusal:
            compare_visits(one, other, since())
        assert refusal.value.code == "visits_not_comparable"
    with pytest.raises(RequestRefused, match="another assessment"):
        compare_visits(before, after, since(), confirmed_after=confirmed(make_assessment()))


def test_a_day_and_a_place_of_treatment_belong_to_treatments() -> None:
    for wrong, message in (
        ({"sessions": 0}, "last_session_on is given exactly"),
        ({"last_session_on": None}, "last_session_on is given exactly"),
        ({"treated": []}, "treated names zones exactly"),
        ({"sessions": 0, "last_session_on": None}, "treated names zones exactly"),
        ({"second_visit_on": FIRST.date()}, "lies after first_visit_on"),
        ({"last_session_on": date(2026, 8, 16)}, "between the two visits"),
        ({"last_session_on": date(2026, 3, 13)}, "between the two visits"),
    ):
        with pytest.raises(ValidationError, match=message):
            since(**wrong)
    assert since(last_session_on=SECOND.date()).last_session_on == SECOND.date()


def test_a_zone_that_nobody_treated_expects_no_gain_but_may_still_stop_the_series() -> None:
    treated = {"treated": [Zone.CHEEK_LEFT]}
    same = compared({WRINKLES: 2}, {WRINKLES: 2}, **treated)
    assert rules_of(same) == ["After-nothing"]
    assert rules_of(same, Zone.CHEEK_LEFT) == ["After-no-gain"]
    assert rules_of(compared({WRINKLES: 2}, {WRINKLES: 3}, **treated)) == ["After-worse"]


def test_time_counts_between_photos_not_between_gradings() -> None:
    one, two = visit({SCARS: 3}, FIRST), visit({SCARS: 3}, SECOND)
    early = since(second_visit_on=date(2026, 7, 1))
    regraded = one.model_copy(update={"created_at": datetime(2027, 1, 1, tzinfo=UTC)})
    for before in (one, regraded):
        found = compare_visits(before, two, early)
        assert rules_of(found) == ["After-too-early"]
        assert found.visits_on == (FIRST.date(), date(2026, 7, 1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.integers(0, 1),
    st.integers(0, 6),
    st.sampled_from(["yes", "no", "unknown"]),
    st.sampled_from(["yes", "no", "unknown"]),
)
def test_going_on_needs_every_answer_and_no_harm(
    before: list[int], after: list[int], width: int, sessions: int, camera: str, harm: str
) -> None:
    told = since(
        sessions=sessions,
        last_session_on=date(2026, 6, 20) if sessions else None,
        treated=list(ZONES) if sessions else [],
        same_camera_setup=camera,
        tram_track=harm,
    )
    pair = [dict(zip(Concern, grades, strict=True)) for grades in (before, after)]
    found = compare_visits(
        visit(pair[0], FIRST, width=width), visit(pair[1], SECOND, width=width), told
    )
    assert len(found.changes) == len(ZONES) * len(Concern)
    if found.verdict == "continue":
        assert harm == "no"
        assert camera == "yes"
        assert not any(row.finding in {"worse", "not_comparable"} for row in found.changes)
        if sessions >= 3 and any(before):
            assert any(row.finding == "better" for row in found.changes)
    for row in found.changes:
        if row.difference is not None and row.detectable is not None:
            assert row.detectable >= 1.0
            assert (row.finding == "unchanged") == (abs(row.difference) < row.detectable)


def test_every_situation_is_spoken_of_above() -> None:
    assert set(load().followup) == set(FollowUp)

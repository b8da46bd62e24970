"""Scenarios that a clinician could follow, each a row of the written rules."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from skinscore.domain.assessment import SkinTone
from skinscore.domain.concerns import Concern
from skinscore.domain.patient import Answer, SafetyAnswers
from skinscore.domain.suggestion import ConfirmedGrade, Status
from skinscore.domain.zones import Side, TreatmentZone, Zone
from skinscore.errors import RequestRefused
from skinscore.protocol import suggest
from tests.skinscore.factories import (
    make_assessment,
    make_grade,
    make_refused,
    make_ungraded,
    make_zone_record,
)
from tests.skinscore.protocol.patients import SKINPEN, confirmed, graded, patient, zone_of

SCARS, WRINKLES, PIGMENT = Concern
CHEEK = TreatmentZone.CHEEK_MALAR
SCARRED = {SCARS: 3}


@pytest.mark.parametrize(
    ("changes", "grades", "zone", "expected"),
    [
        pytest.param({}, {SCARS: 3}, CHEEK, (1.0, 1.5), id="moderate cheek scars"),
        pytest.param({}, {SCARS: 3}, TreatmentZone.FOREHEAD, (0.75, 1.0), id="forehead cap"),
        pytest.param({}, {WRINKLES: 2}, TreatmentZone.CROWS_FEET, (0.5, 0.75), id="crow's feet"),
        pytest.param({}, {SCARS: 3, PIGMENT: 2}, CHEEK, (0.25, 0.5), id="lowest limit wins"),
        pytest.param({"phototype": "IV"}, {SCARS: 3}, CHEEK, (1.0, 1.5), id="phototype IV"),
        pytest.param({"phototype": "V"}, {SCARS: 3}, CHEEK, (1.0, 1.25), id="phototype V"),
        pytest.param({"phototype": "VI"}, {PIGMENT: 2}, CHEEK, (0.25, 0.25), id="VI, pigment"),
        pytest.param({"phototype": "unknown"}, {SCARS: 3}, CHEEK, (1.0, 1.25), id="type unknown"),
        pytest.param({"thin_skin": "yes"}, {SCARS: 3}, CHEEK, (0.75, 0.75), id="thin skin"),
        pytest.param(
            {"thin_skin": "yes"},
            {WRINKLES: 3},
            TreatmentZone.CROWS_FEET,
            (0.5, 0.5),
            id="thin skin beside the eye",
        ),
        pytest.param({"first_treatment": "yes"}, {SCARS: 3}, CHEEK, (1.0, 1.25), id="first ever"),
        pytest.param(
            {"first_treatment": "yes"},
            {SCARS: 3},
            TreatmentZone.FOREHEAD,
            (0.75, 0.75),
            id="first ever, narrow range",
        ),
        pytest.param({"device": "unknown"}, {SCARS: 3}, CHEEK, (1.0, 1.5), id="device unknown"),
        pytest.param(
            {"device": SKINPEN | {"maximum_mm": 1.2}}, {SCARS: 3}, CHEEK, (1.0, 1.0), id="shallow"
        ),
        pytest.param(
            {"device": SKINPEN | {"labelled_maximum_mm": 0.75}},
            {SCARS: 3},
            CHEEK,
            (0.75, 0.75),
            id="label shallower than device",
        ),
        pytest.param(
            {"device": SKINPEN | {"step_mm": 0.5}}, {SCARS: 2}, CHEEK, (0.5, 1.0), id="coarse step"
        ),
        pytest.param(
            {"device": SKINPEN | {"step_mm": 0.5}}, {PIGMENT: 1}, CHEEK, None, id="step too coarse"
        ),
        pytest.param(
            {"device": SKINPEN | {"step_mm": 0.5}, "phototype": "V"},
            {SCARS: 3},
            CHEEK,
            (1.0, 1.0),
            id="coarse step holds after every rule",
        ),
        pytest.param(
            {"scars_flatten_on_stretching": "no"}, {SCARS: 4}, CHEEK, (1.25, 1.5), id="severe scars"
        ),
        pytest.param(
            {"scars_flatten_on_stretching": "unknown"}, {SCARS: 4}, CHEEK, (1.0, 1.5), id="3 or 4"
        ),
    ],
)
def test_the_range_of_one_zone(
    changes: dict[str, Any],
    grades: dict[Concern, int],
    zone: TreatmentZone,
    expected: tuple[float, float] | None,
) -> None:
    assessment = graded(everywhere=grades)
    found = zone_of(suggest(assessment, patient(**changes), confirmed(assessment)), zone)
    assert found.depth_range_mm == expected
    assert found.status is (Status.SUGGESTED if expected else Status.WITHHELD)


BLOCKERS = [
    name for name, field in SafetyAnswers.model_fields.items() if field.annotation is Answer
]


@pytest.mark.parametrize("answer", ["yes", "unknown"])
@pytest.mark.parametrize("name", [*BLOCKERS, "reaction_to_last_treatment"])
def test_a_true_or_unanswered_condition_withholds_every_depth(name: str, answer: str) -> None:
    assessment = graded(everywhere=SCARRED)
    suggestion = suggest(assessment, patient(**{name: answer}), confirmed(assessment))
    assert {zone.status for zone in suggestion.zones} == {Status.WITHHELD, Status.EXCLUDED}
    if answer == "yes":
        assert len(suggestion.blocks) == 1
    else:
        assert [row.answer for row in suggestion.open_questions if row.blocking] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "inflammatory_acne_or_rosacea",
        "actinic_keratosis",
        "inflammatory_dermatosis",
        "raised_lesion_or_tattoo_in_path",
    ],
)
def test_a_local_condition_withholds_its_own_zones_only(name: str) -> None:
    assessment = graded(everywhere=SCARRED)
    here = patient(**{name: {"answer": "yes", "zones": ["lower_cheek_left"]}})
    suggestion = suggest(assessment, here, confirmed(assessment))
    withheld = {(z.zone, z.side) for z in suggestion.zones if z.status is Status.WITHHELD}
    assert withheld == {
        (TreatmentZone.CHEEK_LATERAL, Side.LEFT),
        (TreatmentZone.JAWLINE, Side.LEFT),
    }
    anywhere = patient(**{name: {"answer": "yes", "zones": []}})
    stopped = suggest(assessment, anywhere, confirmed(assessment))
    assert not any(zone.status is Status.SUGGESTED for zone in stopped.zones)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"age_years": 17}, "A01"),
        ({"age_years": "unknown"}, "A01"),
        ({"isotretinoin": {"use": "current", "stopped_on": None}}, "A11"),
        ({"isotretinoin": {"use": "unknown", "stopped_on": None}}, "A11"),
        ({"isotretinoin": {"use": "stopped", "stopped_on": None}}, "T01"),
        ({"isotretinoin": {"use": "stopped", "stopped_on": "2025-11-02"}}, "T01"),
        ({"isotretinoin": {"use": "stopped", "stopped_on": "2025-09-03"}}, "T01"),
        ({"isotretinoin": {"use": "stopped", "stopped_on": "2025-09-02"}}, None),
        ({"age_years": 18}, None),
    ],
)
def test_age_and_waiting_times_are_counted_from_the_answers(
    changes: dict[str, Any], code: str | None
) -> None:
    assessment = graded(everywhere=SCARRED)
    found = zone_of(suggest(assessment, patient(**changes), confirmed(assessment)), CHEEK)
    assert (found.status is Status.SUGGESTED) == (code is None)
    assert code is None or code in {reason.code for reason in found.reasons}


def test_without_a_confirmation_every_depth_is_withheld() -> None:
    suggestion = suggest(graded(everywhere=SCARRED), patient(), None)
    assert suggestion.confirmation is None
    assert {zone.status for zone in suggestion.zones} == {Status.WITHHELD, Status.EXCLUDED}
    assert suggestion.status is Status.WITHHELD


@pytest.mark.parametrize("zone", [Zone.CHEEK_LEFT, Zone.MARIONETTE_LEFT])
def test_a_zone_that_was_not_seen_well_is_withheld_and_the_others_are_not(zone: Zone) -> None:
    for spoilt, code in [
        (make_ungraded(WRINKLES), "not_assessable"),
        (make_grade(WRINKLES, 0, codes=("zone_blurred",)), "low_quality"),
    ]:
        whole = graded(everywhere=SCARRED)
        records = tuple(
            make_zone_record(
                record.zone, {SCARS: make_grade(SCARS, 3), WRINKLES: spoilt, PIGMENT: row[2]}
            )
            if record.zone is zone
            else record
            for record in whole.zones
            for row in [record.grades]
        )
        assessment = make_assessment(zones=records)
        suggestion = suggest(assessment, patient(), confirmed(assessment))
        withheld = [row for row in suggestion.zones if row.status is Status.WITHHELD]
        assert {row.graded_zones for row in withheld} == {
            row.graded_zones for row in suggestion.zones if zone in row.graded_zones
        }
        assert {reason.code for row in withheld for reason in row.reasons} == {code}
        assert "R17" in {referral.id for referral in suggestion.referrals}


def test_the_worse_of_two_graded_zones_speaks_for_the_jaw_line() -> None:
    assessment = graded({Zone.LOWER_CHEEK_LEFT: {WRINKLES: 1}, Zone.MARIONETTE_LEFT: {WRINKLES: 3}})
    suggestion = suggest(assessment, patient(), confirmed(assessment))
    jaw = zone_of(suggestion, TreatmentZone.JAWLINE)
    assert jaw.concerns[1].grade == 3
    assert jaw.depth_range_mm == (0.75, 1.0)
    assert zone_of(suggestion, TreatmentZone.CHEEK_LATERAL).concerns[1].grade == 1
    assert zone_of(suggestion, TreatmentZone.JAWLINE, Side.RIGHT).status is Status.NOTHING_TO_TREAT


def test_a_close_up_gives_no_depth_where_part_of_the_zone_is_not_shown() -> None:
    record = make_zone_record(
        Zone.LOWER_CHEEK_LEFT, {c: make_grade(c, 2 if c is SCARS else 0) for c in Concern}
    )
    assessment = make_assessment(zones=(record,), face={})
    suggestion = suggest(assessment, patient(), confirmed(assessment))
    assert len(suggestion.zones) == 2
    assert zone_of(suggestion, TreatmentZone.CHEEK_LATERAL).status is Status.SUGGESTED
    assert zone_of(suggestion, TreatmentZone.JAWLINE).status is Status.WITHHELD


def test_a_refused_photo_gives_a_suggestion_without_zones() -> None:
    assessment = make_refused()
    suggestion = suggest(assessment, patient(), confirmed(assessment))
    assert suggestion.zones == ()
    assert suggestion.status is Status.WITHHELD


def test_the_clinicians_grade_replaces_the_photos() -> None:
    assessment = graded(everywhere={SCARS: 3}, width=2)
    own = ConfirmedGrade(zone=Zone.CHEEK_LEFT, concern=SCARS, grade=2)
    none = [ConfirmedGrade(zone=Zone.CHEEK_LEFT, concern=c, grade=0) for c in (WRINKLES, PIGMENT)]
    word = confirmed(assessment, own, *none)
    found = zone_of(suggest(assessment, patient(), word), CHEEK)
    assert found.concerns[0].grade == 2
    assert found.concerns[0].grade_by == "clinician"
    assert found.depth_range_mm == (0.75, 1.25)


def test_a_confirmation_of_something_else_is_refused() -> None:
    assessment, other = graded(), make_assessment(client_ref="another")
    with pytest.raises(RequestRefused, match="another assessment"):
        suggest(assessment, patient(), confirmed(other))
    unseen = make_assessment(
        zones=[make_zone_record(Zone.CHIN, {c: make_ungraded(c) for c in Concern})]
    )
    for zone in (Zone.CHIN, Zone.NOSE):
        grade = ConfirmedGrade(zone=zone, concern=SCARS, grade=1)
        with pytest.raises(RequestRefused, match="not assessable"):
            suggest(unseen, patient(), confirmed(unseen, grade))


@pytest.mark.parametrize(
    ("changes", "grades", "referral", "status"),
    [
        ({"ice_pick_dominant": "yes"}, {SCARS: 2}, "R02", Status.REFERRED),
        ({"ice_pick_dominant": "unknown"}, {SCARS: 2}, None, Status.WITHHELD),
        ({"ice_pick_dominant": "unknown"}, {WRINKLES: 2}, None, Status.SUGGESTED),
        ({"deep_boxcar": "yes"}, {SCARS: 2}, "R03", Status.SUGGESTED),
        ({"scars_flatten_on_stretching": "unknown"}, {SCARS: 3}, "R03", Status.SUGGESTED),
        ({"tethered_rolling": "unknown"}, {SCARS: 2}, "R04", Status.SUGGESTED),
        ({"keloid_tendency": "yes"}, {SCARS: 2}, "R05", Status.WITHHELD),
        ({"pigmentation_type": "melasma"}, {PIGMENT: 2}, "R07", Status.SUGGESTED),
        ({}, {PIGMENT: 3}, "R07", Status.SUGGESTED),
        ({"pigmentation_type": "unknown"}, {PIGMENT: 1}, "R07", Status.SUGGESTED),
        ({"pigmentation_type": "unknown"}, {PIGMENT: 3}, "R07-first", Status.REFERRED),
        ({}, {PIGMENT: 4}, "R08", Status.REFERRED),
        ({"pigmentation_type": "dermal"}, {PIGMENT: 1}, "R08", Status.REFERRED),
        ({"pigmentation_type": "hypopigmentation"}, {SCARS: 2}, "R09", Status.REFERRED),
        ({}, {WRINKLES: 4}, "R11", Status.SUGGESTED),
        ({}, {SCARS: 1}, "R14", Status.SUGGESTED),
        ({"cold_sores": "yes"}, {SCARS: 2}, "R15", Status.SUGGESTED),
        ({"cold_sores": "unknown"}, {SCARS: 2}, "R15", Status.SUGGESTED),
        ({"reaction_to_last_treatment": "yes"}, {SCARS: 2}, "R16", Status.WITHHELD),
        ({"suspicious_lesion_or_skin_cancer": "yes"}, {SCARS: 2}, "R01", Status.WITHHELD),
    ],
)
def test_referrals_fire_on_their_trigger_and_only_then(
    changes: dict[str, Any], grades: dict[Concern, int], referral: str | None, status: Status
) -> None:
    assessment = graded(everywhere=grades)
    found = zone_of(suggest(assessment, patient(**changes), confirmed(assessment)), CHEEK)
    assert found.status is status
    assert referral is None or referral in found.referrals
    healthy = suggest(graded(), patient(), confirmed(graded()))
    assert healthy.referrals == ()


def test_lower_eyelid_lines_are_referred_and_never_needled() -> None:
    assessment = graded({Zone.UNDER_EYE_LEFT: {WRINKLES: 2}})
    suggestion = suggest(assessment, patient(), confirmed(assessment))
    lid = zone_of(suggestion, TreatmentZone.LOWER_EYELID)
    assert lid.status is Status.EXCLUDED
    assert lid.referrals == ("R13",)
    assert suggestion.referrals[0].zones == ((TreatmentZone.LOWER_EYELID, Side.LEFT),)


def test_an_uncertain_grade_takes_the_lower_depth_and_the_higher_referral() -> None:
    assessment = graded(everywhere={WRINKLES: 3, SCARS: 0, PIGMENT: 0}, width=1)
    found = zone_of(suggest(assessment, patient(), confirmed(assessment)), CHEEK)
    assert found.concerns[1].considered == (2, 3, 4)
    assert found.depth_range_mm == (0.5, 0.75)
    assert "R11" in found.referrals
    assert found.rules[0].rule_id == "M11"


def test_a_questionnaire_may_be_dated_one_day_after_the_confirmation_and_no_more() -> None:
    """A clinic's day may begin before UTC's; a waiting time must not run on into the future."""
    assessment = graded(everywhere={SCARS: 2})
    word = confirmed(assessment)
    day = word.confirmed_at.date()
    suggest(assessment, patient(answered_on=str(day + timedelta(days=1))), word)
    with pytest.raises(RequestRefused, match="after the confirmation"):
        suggest(assessment, patient(answered_on=str(day + timedelta(days=2))), word)


def test_a_concern_that_may_be_absent_still_holds_the_depth_down() -> None:
    """Lines of grade 0 to 2 beside scars: the mildest grade that may be there limits the zone."""
    alone = graded(everywhere={SCARS: 3}, width=1)
    beside = graded(everywhere={SCARS: 3, WRINKLES: 1}, width=1)
    deeper = zone_of(suggest(alone, patient(), confirmed(alone)), CHEEK).depth_range_mm
    found = zone_of(suggest(beside, patient(), confirmed(beside)), CHEEK)
    assert found.concerns[1].considered == (0, 1, 2)
    assert found.depth_range_mm == (0.25, 0.5)
    assert deeper is not None
    assert deeper[1] > 0.5


def test_only_several_grades_and_several_concerns_are_explained_as_such() -> None:
    def rules(grades: dict[Concern, int], width: int, **answers: str) -> set[str]:
        assessment = graded(everywhere=grades, width=width)
        made = zone_of(suggest(assessment, patient(**answers), confirmed(assessment)), CHEEK)
        return {step.rule_id for step in made.rules}

    assert {"M7", "M11"}.isdisjoint(rules({SCARS: 3}, 0))
    assert "M11" in rules({SCARS: 3}, 1)
    assert "M11" in rules({SCARS: 4}, 0, scars_flatten_on_stretching="unknown")  # 3 or 4
    assert "M7" in rules({SCARS: 3, WRINKLES: 3}, 0)
    assert "M11" not in rules({SCARS: 3, WRINKLES: 3}, 0)


@pytest.mark.parametrize(("age", "off_label"), [(21, True), (22, False)])
def test_the_label_holds_from_its_age_on(age: int, off_label: bool) -> None:
    assessment = graded(everywhere={SCARS: 3})
    suggestion = suggest(assessment, patient(age_years=age), confirmed(assessment))
    assert zone_of(suggestion, CHEEK).off_label is off_label


@pytest.mark.parametrize(
    ("grades", "words"),
    [
        ({PIGMENT: 1}, "range, at most 0.25 mm"),
        ({PIGMENT: 2}, "range 0.25-0.5 mm"),
        ({SCARS: 4, WRINKLES: 4}, "range 1-1.5 mm"),  # of two that end alike, the shallower start
    ],
)
def test_the_published_range_is_named_as_it_is(grades: dict[Concern, int], words: str) -> None:
    assessment = graded(everywhere=grades)
    answers = patient(scars_flatten_on_stretching="no")
    found = zone_of(suggest(assessment, answers, confirmed(assessment)), CHEEK)
    assert any(words in note for note in found.notes), found.notes


def test_when_nothing_is_certain_to_be_there_the_depth_is_withheld() -> None:
    assessment = graded(everywhere={WRINKLES: 1}, width=1)
    found = zone_of(suggest(assessment, patient(), confirmed(assessment)), CHEEK)
    assert [reason.code for reason in found.reasons] == ["low_confidence"]


@pytest.mark.parametrize(
    ("changes", "grades", "off_label"),
    [
        ({}, {SCARS: 2}, False),
        ({"age_years": 21}, {SCARS: 2}, True),
        ({"phototype": "unknown"}, {SCARS: 2}, True),
        ({"device": SKINPEN | {"name": "Other pen"}}, {SCARS: 2}, True),
        ({"device": "unknown"}, {SCARS: 2}, True),
        ({"device": SKINPEN | {"name": "Exceed"}, "phototype": "V"}, {SCARS: 2}, True),
        ({"phototype": "V"}, {SCARS: 2}, False),
        ({}, {PIGMENT: 1}, True),
    ],
)
def test_on_label_needs_the_very_device_zone_phototype_and_age(
    changes: dict[str, Any], grades: dict[Concern, int], off_label: bool
) -> None:
    assessment = graded(everywhere=grades)
    found = zone_of(suggest(assessment, patient(**changes), confirmed(assessment)), CHEEK)
    assert found.off_label is off_label
    assert any("Outside US labelled use" in note for note in found.notes) is off_label
    assert ("M9" in {step.rule_id for step in found.rules}) is off_label


@pytest.mark.parametrize(
    ("changes", "interval", "start"),
    [
        ({"device": SKINPEN | {"labelled_maximum_mm": 1.25}}, (4, 6), None),
        ({}, (6, 6), None),  # the range reaches 1.5 mm
        ({"phototype": "IV"}, (6, 6), 1.0),
        ({"phototype": "V"}, (6, 6), 1.0),
        ({"post_inflammatory_hyperpigmentation": "unknown"}, (6, 6), 1.0),
    ],
)
def test_caution_lengthens_the_wait_and_lowers_the_start(
    changes: dict[str, Any], interval: tuple[int, int], start: float | None
) -> None:
    assessment = graded(everywhere=SCARRED)
    found = zone_of(suggest(assessment, patient(**changes), confirmed(assessment)), CHEEK)
    assert found.interval_weeks == interval
    assert found.start_at_mm == start
    assert found.test_spot is (changes.get("phototype") == "V")


@pytest.mark.parametrize(
    ("phototype", "ita_deg", "asked"),
    [("III", 20.0, True), ("III", 28.0, False), ("V", -20.0, False), ("unknown", 20.0, False)],
)
def test_a_dark_photo_only_raises_a_question(phototype: str, ita_deg: float, asked: bool) -> None:
    tone = SkinTone(ita_deg=ita_deg, ita_range_deg=(ita_deg - 5, ita_deg + 5))
    plain, toned = graded(everywhere=SCARRED), graded(everywhere=SCARRED, skin_tone=tone)
    who = patient(phototype=phototype)
    without, with_tone = (suggest(a, who, confirmed(a)) for a in (plain, toned))
    assert with_tone.zones == without.zones
    assert ("Ask-tone" in {row.id for row in with_tone.open_questions}) is asked


def test_every_step_leads_from_the_one_before_to_the_printed_range() -> None:
    assessment = graded(everywhere={SCARS: 3, WRINKLES: 2})
    who = patient(phototype="V", first_treatment="yes", thin_skin="yes", device="unknown")
    found = zone_of(suggest(assessment, who, confirmed(assessment)), CHEEK)
    for concern in (SCARS, WRINKLES):
        steps = [step for step in found.rules if step.concern is concern and step.after_mm]
        assert [step.rule_id for step in steps[:2]] == [
            f"B-{concern}-{3 if concern is SCARS else 2}",
            "Z-cheek_malar",
        ]
        for before, after in pairwise(steps):
            assert after.before_mm == before.after_mm
    whole = next(step for step in found.rules if step.rule_id == "M7")
    assert whole.after_mm == found.depth_range_mm
    assert "Confirm device maximum." in found.notes


def test_the_scars_label_is_quoted_where_its_limit_is_reached() -> None:
    assessment = graded(everywhere=SCARRED)
    suggestion = suggest(assessment, patient(), confirmed(assessment))
    sentence = "Not evaluated above 1.5 mm in the US acne-scar label."
    assert sentence in zone_of(suggestion, CHEEK).notes
    assert sentence not in zone_of(suggestion, TreatmentZone.NOSE_BRIDGE).notes


@pytest.mark.parametrize("other", [SCARS, PIGMENT])
def test_what_may_be_there_does_not_lift_a_referral(other: Concern) -> None:
    """Nothing but lines in motion is referred, however unsure it is that there is nothing else."""
    in_motion = {"answer": "yes", "zones": []}
    for width in (0, 1, 2):
        grades = {WRINKLES: make_grade(WRINKLES, 2), other: make_grade(other, 0, width=width)}
        rest = {c: make_grade(c, 0) for c in Concern if c not in grades}
        assessment = make_assessment(zones=[make_zone_record(Zone.CHIN, grades | rest)])
        made = suggest(assessment, patient(lines_only_in_motion=in_motion), confirmed(assessment))
        assert zone_of(made, TreatmentZone.CHIN, Side.MIDLINE).status is Status.REFERRED


@pytest.mark.parametrize(
    ("grades", "changes", "asked"),
    [
        ({WRINKLES: 4}, {"advanced_photoageing": "unknown"}, "Ask-R10-photoageing"),
        ({SCARS: 2}, {"pigmentation_type": "unknown"}, "Ask-R09"),
        ({PIGMENT: 3}, {"pigmentation_type": "none"}, "Ask-R07"),
        ({WRINKLES: 2}, {"lines_only_in_motion": {"answer": "unknown", "zones": []}}, "Ask-R12"),
    ],
)
def test_an_answer_that_is_missing_or_contradicted_is_asked_for(
    grades: dict[Concern, int], changes: dict[str, Any], asked: str
) -> None:
    assessment = graded(everywhere=grades)
    made = suggest(assessment, patient(**changes), confirmed(assessment))
    assert asked in {row.id for row in made.open_questions}
    depth = zone_of(made, CHEEK).depth_range_mm
    assert (depth is None) == (asked in {"Ask-R10-photoageing", "Ask-R07"})


@pytest.mark.parametrize(("step", "said"), [(0.25, False), (0.05, False), (0.1, True), (0.2, True)])
def test_a_device_whose_settings_are_not_ours_is_told_to_take_the_shallower(
    step: float, said: bool
) -> None:
    assessment = graded(everywhere=SCARRED)
    who = patient(device=SKINPEN | {"step_mm": step})
    notes = zone_of(suggest(assessment, who, confirmed(assessment)), CHEEK).notes
    assert any("the shallower" in note for note in notes) is said


def test_a_suggestion_names_the_very_grades_that_it_rests_on() -> None:
    """An id stays when somebody edits a grade in the file; the digest does not."""
    seen = graded(everywhere=SCARRED)
    edited = graded(everywhere=SCARRED | {Concern.WRINKLES: 1})
    again = seen.model_copy(update={"created_at": seen.created_at + timedelta(days=1)})
    assert seen.id == edited.id == again.id
    names = [
        suggest(one, patient(), confirmed(one)).assessment_digest for one in (seen, edited, again)
    ]
    assert names[0] == names[2] != names[1]

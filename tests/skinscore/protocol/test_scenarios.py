"""Patients from the literature and the clinic, each with all that the rules say to them.

Every expected number can be worked out by hand from the published table and the modifiers; the
comment says how.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Status, Suggestion, Topic, ZoneSuggestion
from skinscore.domain.zones import TreatmentZone, Zone
from skinscore.protocol import suggest
from tests.skinscore.protocol.patients import SKINPEN, confirmed, graded, patient, zone_of

SCARS, WRINKLES, PIGMENT = Concern
EXCEED = SKINPEN | {"name": "Exceed", "maximum_mm": 1.5, "tolerance_mm": 0.15}
ROLLER = SKINPEN | {"name": "Dermaroller MF8", "kind": "roller", "labelled_maximum_mm": None}
ZONE_OF = {
    TreatmentZone.CHEEK_MALAR: Zone.CHEEK_LEFT,
    TreatmentZone.UPPER_LIP: Zone.UPPER_LIP,
    TreatmentZone.GLABELLA: Zone.GLABELLA,
    TreatmentZone.CROWS_FEET: Zone.CROWS_FEET_LEFT,
    TreatmentZone.FOREHEAD: Zone.FOREHEAD,
    TreatmentZone.NASOLABIAL: Zone.NASOLABIAL_LEFT,
    TreatmentZone.TEMPLE: Zone.TEMPLE_LEFT,
    TreatmentZone.LOWER_EYELID: Zone.UNDER_EYE_LEFT,
}


@dataclass(frozen=True)
class Told:
    """What one treatment zone is told; None and () ask nothing."""

    range_mm: tuple[float, float] | None
    sessions: tuple[int, int] | None = None
    weeks: tuple[int, int] | None = None
    start_mm: float | None = None
    test_spot: bool = False
    off_label: bool | None = None
    evidence: str | None = None
    says: tuple[str, ...] = ()  # advice ids
    silent_on: tuple[str, ...] = ()  # advice ids that would be wrong here
    refers: tuple[str, ...] = ()
    reasons: tuple[str, ...] = field(default=())


def told(grades: dict[Concern, int], zone: TreatmentZone, **changes: Any) -> Suggestion:
    assessment = graded({ZONE_OF[zone]: grades})
    return suggest(assessment, patient(**changes), confirmed(assessment))


CHEEK, LIP = TreatmentZone.CHEEK_MALAR, TreatmentZone.UPPER_LIP
STOPPED = {"use": "stopped", "stopped_on": "2025-11-02"}  # four months before the questionnaire

SCENARIOS = [
    pytest.param(  # 1.0-1.5 of grade 3, less 0.25 (M3)
        CHEEK, {SCARS: 3}, {"phototype": "V", "cold_sores": "yes"},
        Told((1.0, 1.25), (3, 4), (6, 6), 1.0, True, False, "B",
             ("Passes-pen", "Endpoint-bleeding", "Downtime-deep", "Adjunct-prp", "Expect-Alam2014",
              "Expect-harm"), ("Passes-roller", "Instead-cross"), ("R15",)),
        id="moderate cheek scars, phototype V, herpes history",
    ),
    pytest.param(
        CHEEK, {SCARS: 3}, {"phototype": "V", "cold_sores": "yes", "isotretinoin": STOPPED},
        Told(None, refers=("R15",), reasons=("T01",)),
        id="the same, isotretinoin stopped four months ago",
    ),
    pytest.param(  # upper lip 0.5-0.75, less 0.25; herpes zone
        LIP, {WRINKLES: 2}, {"phototype": "V", "cold_sores": "yes"},
        Told((0.5, 0.5), (3, 4), (6, 6), 0.5, True, True, "C",
             ("Endpoint-erythema", "Downtime-shallow", "Precaution-vermilion", "Expect-lip"),
             ("Endpoint-bleeding",), ("R15",)),
        id="perioral lines, phototype V, herpes history",
    ),
    pytest.param(  # table row, label of the Exceed for FST I-III
        TreatmentZone.GLABELLA, {WRINKLES: 3}, {"phototype": "III", "device": EXCEED},
        Told((0.75, 1.0), (4, 4), (4, 6), None, False, False, "B",
             ("Endpoint-between", "Downtime-middle", "Expect-Ablon2018")),
        id="Ablon 2018: glabella lines, phototype III, Exceed",
    ),
    pytest.param(
        TreatmentZone.GLABELLA, {WRINKLES: 3}, {"phototype": "IV", "device": EXCEED},
        Told((0.75, 1.0), (4, 4), (4, 6), 0.75, False, True, "B"),
        id="the same in phototype IV: outside the label, first at the low end",
    ),
    pytest.param(
        TreatmentZone.GLABELLA, {WRINKLES: 3},
        {"lines_only_in_motion": {"answer": "yes", "zones": ["glabella"]}},
        Told(None, says=("Instead-toxin",), refers=("R12", "R12-only")),
        id="frown lines only in motion: toxin discussion, no range",
    ),
    pytest.param(  # scars stay treatable: 0.75-1.0 of forehead and glabella
        TreatmentZone.GLABELLA, {WRINKLES: 1, SCARS: 2},
        {"lines_only_in_motion": {"answer": "yes", "zones": []}},
        Told((0.25, 0.5), says=("Instead-toxin",), refers=("R12",)),
        id="lines only in motion beside scars: the scars' range, capped by the lines",
    ),
    pytest.param(
        CHEEK, {SCARS: 2}, {"ice_pick_dominant": "yes"},
        Told(None, says=("Instead-cross", "Instead-punch"), refers=("R02",)),
        id="Lotfi 2013: ice-pick scars are another method's",
    ),
    pytest.param(
        CHEEK, {SCARS: 3}, {"tethered_rolling": "yes"},
        Told((1.0, 1.5), (3, 4), (6, 6), None, False, False, "B", ("Instead-subcision",),
             refers=("R04",)),
        id="tethered rolling scars: subcision first",
    ),
    pytest.param(
        CHEEK, {SCARS: 4}, {"scars_flatten_on_stretching": "no"},
        Told((1.25, 1.5), (4, 6), (6, 8), None, False, False, "B", ("Instead-resurfacing",),
             refers=("R03",)),
        id="severe scars: partial, with an opinion",
    ),
    pytest.param(
        CHEEK, {SCARS: 3}, {"suspicious_lesion_or_skin_cancer": "yes"},
        Told(None, refers=("R01",), reasons=("A02",), silent_on=("Adjunct-prp", "Instead-punch")),
        id="suspicious lesion: dermatologist first and stop",
    ),
    pytest.param(
        CHEEK, {PIGMENT: 2}, {"pigmentation_type": "melasma", "phototype": "IV"},
        Told((0.25, 0.5), (3, 4), (4, 6), 0.25, False, True, "C",
             ("Adjunct-topicals", "Adjunct-tranexamic", "Adjunct-vitamin-c", "Endpoint-erythema"),
             ("Endpoint-bleeding",), ("R07",)),
        id="Lima 2017: melasma, phototype IV, topicals first",
    ),
    pytest.param(  # pigmentation at most 0.25 in V-VI
        CHEEK, {PIGMENT: 2}, {"phototype": "VI"},
        Told((0.25, 0.25), (3, 4), (6, 6), 0.25, True, True, "C"),
        id="pigmentation in phototype VI",
    ),
    pytest.param(
        CHEEK, {PIGMENT: 4}, {}, Told(None, refers=("R07", "R08")), id="severe pigmentation"
    ),
    pytest.param(  # lowest upper limit of 1.25, 0.75 and 0.5; fewest sessions, longest wait
        CHEEK, {SCARS: 2, WRINKLES: 2, PIGMENT: 1}, {},
        Told((0.25, 0.25), (2, 3), (4, 6), None, False, True, "C"),
        id="three concerns on one cheek: the lowest upper limit",
    ),
    pytest.param(  # Doddaballapur 2009: roller, 15-20 passes
        CHEEK, {SCARS: 3}, {"device": ROLLER | {"maximum_mm": 1.5}},
        Told((1.0, 1.5), says=("Passes-roller",), silent_on=("Passes-pen",), off_label=True),
        id="roller",
    ),
    pytest.param(
        CHEEK, {SCARS: 3}, {"device": "unknown"},
        Told((1.0, 1.5), says=("Passes-pen", "Passes-roller"), off_label=True),
        id="device unknown: both ways of working, 1.5 mm at most",
    ),
    pytest.param(  # temple 0.5-0.75, thin skin 0.98 - 0.1 down to 0.75; first ever: lower half
        TreatmentZone.TEMPLE, {WRINKLES: 2}, {"thin_skin": "yes", "first_treatment": "yes"},
        Told((0.5, 0.5), says=("Precaution-vessels",)),
        id="thin skin of the temple, first treatment ever",
    ),
    pytest.param(
        TreatmentZone.NASOLABIAL, {WRINKLES: 3}, {"age_years": 20},
        Told((0.75, 1.0), says=("Precaution-young", "Instead-filler"), off_label=True),
        id="folds at twenty: outside the label, filler named",
    ),
    pytest.param(
        TreatmentZone.LOWER_EYELID, {WRINKLES: 2}, {}, Told(None, refers=("R13",)),
        id="lower-eyelid lines: never inside the rim",
    ),
    pytest.param(
        CHEEK, {SCARS: 2}, {"redness_or_vessels": "yes", "condition_for_physician_note": "yes"},
        Told((0.75, 1.25), (3, 3), (4, 6), None, False, False, "B",
             ("Instead-vascular", "Precaution-note"), refers=("R14",)),
        id="vessels and a heart condition",
    ),
    pytest.param(
        CHEEK, {SCARS: 2}, {"keloid_tendency": "yes"},
        Told(None, says=("Instead-silicone",), refers=("R05",), reasons=("A08",)),
        id="keloid: scar clinic",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "grades", "changes", "expected"), SCENARIOS)
def test_what_a_patient_is_told(
    zone: TreatmentZone, grades: dict[Concern, int], changes: dict[str, Any], expected: Told
) -> None:
    made = told(grades, zone, **changes)
    found = zone_of(made, zone)
    assert found.depth_range_mm == expected.range_mm
    assert [reason.code for reason in found.reasons if reason.code[0] in "AT"] == list(
        expected.reasons
    )
    assert set(expected.refers) <= set(found.referrals)
    assert set(expected.says) <= set(found.advice)
    assert not set(expected.silent_on) & set(found.advice)
    if expected.range_mm is None:
        assert found.status is not Status.SUGGESTED
        return
    for name, wanted in (
        ("sessions", expected.sessions),
        ("interval_weeks", expected.weeks),
        ("off_label", expected.off_label),
        ("evidence", expected.evidence),
    ):
        assert wanted is None or getattr(found, name) == wanted, name
    if expected.sessions is not None:
        assert (found.start_at_mm, found.test_spot) == (expected.start_mm, expected.test_spot)
    _is_complete(found, made)


def _is_complete(found: ZoneSuggestion, made: Suggestion) -> None:
    """Assert that a zone with a range says how it is worked, and a course how it goes on."""
    here = {row.topic for row in made.advice if row.rule_id in found.advice}
    assert {Topic.PASSES, Topic.ENDPOINT, Topic.NEEDLES, Topic.DOWNTIME} <= here
    endpoints = [row for row in made.advice if row.topic is Topic.ENDPOINT]
    downtimes = [row for row in made.advice if row.topic is Topic.DOWNTIME]
    assert len({row.rule_id for row in endpoints} & set(found.advice)) == 1
    assert len({row.rule_id for row in downtimes} & set(found.advice)) == 1
    anywhere = {row.topic for row in made.advice}
    assert {Topic.SESSION, Topic.AFTERCARE, Topic.ALARM, Topic.PRODUCT_FORBIDDEN} <= anywhere


def test_alternatives_are_named_only_for_confirmed_grades() -> None:
    assessment = graded({Zone.CHEEK_LEFT: {SCARS: 2}})
    made = suggest(assessment, patient(ice_pick_dominant="yes"), None)
    assert zone_of(made, CHEEK).advice == ()
    assert made.advice == ()


def test_the_device_tolerance_and_who_may_exceed_the_cap_are_said() -> None:
    found = zone_of(told({SCARS: 3}, CHEEK, device=EXCEED | {"labelled_maximum_mm": None,
                                                            "maximum_mm": 2.0}), CHEEK)  # fmt: skip
    assert "The device states a tolerance of +/-0.15 mm." in found.notes
    assert any("up to 2 mm only by a named clinician who logs a reason" in n for n in found.notes)
    within = zone_of(told({SCARS: 2}, CHEEK), CHEEK)
    assert not any("tolerance" in note or "named clinician" in note for note in within.notes)

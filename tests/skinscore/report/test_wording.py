"""Every word of the domain has a plain one."""

import pytest

from skinscore.domain.assessment import Outcome
from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.domain.suggestion import Evidence, Standing, Status
from skinscore.domain.zones import ZONES, Side, TreatmentZone, View, Zone
from skinscore.errors import CODES
from skinscore.report import wording


def test_every_word_of_the_domain_has_a_plain_one() -> None:
    assert set(wording.CONCERN_NAMES) == set(wording.CONCERN_NOTES) == set(CONCERNS)
    assert set(wording.VIEW_NAMES) == set(View)
    assert set(wording.OUTCOME_SENTENCES) == set(Outcome)
    assert set(wording.STATUS_NAMES) == set(wording.STATUS_SENTENCES) == set(Status)
    assert set(wording.EVIDENCE_NAMES) == set(Evidence)
    assert set(wording.STANDING_NAMES) == set(Standing)
    assert all(wording.grade_name(grade) for grade in GRADES)
    assert all(wording.code_title(code) and wording.code_hint(code) for code in CODES)


def test_no_two_zones_share_a_name() -> None:
    assert len({wording.zone_name(zone) for zone in ZONES}) == len(ZONES)
    names = {wording.treatment_zone_name(zone, side) for zone in TreatmentZone for side in Side}
    assert len(names) == len(TreatmentZone) * len(Side)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone.side is not Side.MIDLINE])
def test_a_side_is_named_as_the_patients(zone: Zone) -> None:
    assert wording.zone_name(zone).endswith(f"patient's {zone.side}")


@pytest.mark.parametrize(
    ("concerns", "phrase"),
    [
        (set(CONCERNS), "all concerns"),
        ({CONCERNS[2], CONCERNS[1]}, "wrinkles, pigmentation"),
        ({CONCERNS[0]}, "acne scarring"),
    ],
)
def test_concerns_are_listed_in_their_fixed_order(concerns: set[object], phrase: str) -> None:
    assert wording.concern_list(concerns) == phrase  # type: ignore[arg-type]


def test_right_and_left_of_one_zone_are_named_together_and_one_side_alone_is_not() -> None:
    right, left = (TreatmentZone.JAWLINE, Side.RIGHT), (TreatmentZone.JAWLINE, Side.LEFT)
    chin = (TreatmentZone.CHIN, Side.MIDLINE)
    assert wording.treatment_places([right, chin, left]) == "Jaw line, both sides · Chin"
    assert wording.treatment_places([left, chin]) == "Jaw line, patient's left · Chin"

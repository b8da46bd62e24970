"""The invariants of the constructed table, and its agreement with the reference table."""

import csv
from itertools import product
from pathlib import Path

import pytest

from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.suggestion import CEILING_MM, GRID_MM, OVERRIDE_CEILING_MM, Evidence
from skinscore.domain.zones import TreatmentZone
from skinscore.protocol.depth_table import TableRow, table_row
from skinscore.protocol.rulebook import load
from skinscore.protocol.vocabulary import Action

CHEEKS = {TreatmentZone.CHEEK_MALAR, TreatmentZone.CHEEK_LATERAL}
EYELID = TreatmentZone.LOWER_EYELID

Key = tuple[Concern, int, TreatmentZone]
TABLE: dict[Key, TableRow] = {
    (concern, grade, zone): table_row(load(), concern, grade, zone)
    for concern, grade, zone in product(CONCERNS, GRADES, TreatmentZone)
}
WITH_DEPTH = {key: row for key, row in TABLE.items() if row.depth}
BLANK = {key: row for key, row in TABLE.items() if not row.depth}


def test_every_row_of_the_reference_table_is_reproduced(shared: Path) -> None:
    with (shared / "clinical" / "depth_table.csv").open(newline="") as file:
        reference = list(csv.DictReader(file))
    assert len(reference) == len(TABLE) == 210
    for line in reference:
        row = TABLE[Concern(line["concern"]), int(line["severity"]), TreatmentZone(line["zone"])]
        low, high = row.depth.pair if row.depth else (None, None)
        given = bool(row.depth)
        sessions = row.base.sessions if given else (0, 0)
        wait = (row.base.interval_weeks if given else None) or (None, None)
        assert {
            "depth_lo_mm": low,
            "depth_hi_mm": high,
            "override_cap_mm": row.override_mm,
            "sessions_min": sessions[0],
            "sessions_max": sessions[1],
            "interval_wk_min": wait[0],
            "interval_wk_max": wait[1],
        } == {
            name: float(line[name]) if line[name] else None
            for name in (
                "depth_lo_mm",
                "depth_hi_mm",
                "override_cap_mm",
                "sessions_min",
                "sessions_max",
                "interval_wk_min",
                "interval_wk_max",
            )
        }, line
        assert row.action == line["action"]
        assert (row.evidence or "-") == line["evidence"]
        assert row.us_label_status == line["us_label_status"]


def test_there_are_143_rows_with_a_depth_and_67_without() -> None:  # invariant 2
    assert (len(WITH_DEPTH), len(BLANK)) == (143, 67)
    for row in TABLE.values():
        assert (row.depth is None) == (row.override_mm is None) == (row.evidence is None)


@pytest.mark.parametrize("key", WITH_DEPTH, ids=str)
def test_depth_cap_and_override_keep_their_order_on_the_grid(key: Key) -> None:  # 3, 4, 5
    row = TABLE[key]
    assert row.depth is not None
    assert row.override_mm is not None
    assert row.zone.cap_mm is not None
    assert row.zone.override_mm is not None
    low, high = row.depth.pair
    assert GRID_MM <= low <= high <= row.zone.cap_mm <= CEILING_MM
    assert high <= row.override_mm <= row.zone.override_mm <= OVERRIDE_CEILING_MM
    assert all(value % GRID_MM == 0 for value in (low, high, row.override_mm))
    if row.override_mm > CEILING_MM:
        assert key[0] is Concern.ACNE_SCARRING
        assert key[1] >= 3
        assert key[2] in CHEEKS


def test_the_eyelid_grade_zero_and_severe_pigmentation_have_no_depth() -> None:  # 6 to 9
    expected = {
        key
        for key in TABLE
        if key[2] is EYELID or key[1] == 0 or key[:2] == (Concern.PIGMENTATION, 4)
    }
    assert set(BLANK) == expected
    for (_, grade, zone), row in BLANK.items():
        if grade == 0:
            assert row.action is Action.NONE
        else:
            assert row.action is (Action.EXCLUDE_ZONE if zone is EYELID else Action.REFER_NO_DEPTH)


def test_pigmentation_stays_shallow() -> None:  # 10
    for (concern, grade, zone), row in WITH_DEPTH.items():
        if concern is Concern.PIGMENTATION and row.depth:
            assert row.depth.high <= 0.5
            assert row.override_mm == (1.5 if zone in CHEEKS and grade >= 2 else row.depth.high)
            if grade == 1:
                assert row.depth.pair == (0.25, 0.25)


def test_a_worse_grade_is_never_shallower_and_no_zone_is_deeper_than_the_cheek() -> None:  # 11, 12
    for (concern, grade, zone), row in WITH_DEPTH.items():
        worse = WITH_DEPTH.get((concern, grade + 1, zone))
        cheek = WITH_DEPTH[concern, grade, TreatmentZone.CHEEK_MALAR]
        assert row.depth is not None
        assert cheek.depth is not None
        assert row.depth.high <= cheek.depth.high
        if worse is not None and worse.depth is not None:
            assert row.depth.low <= worse.depth.low
            assert row.depth.high <= worse.depth.high
        lateral = WITH_DEPTH[concern, grade, TreatmentZone.CHEEK_LATERAL]
        assert (lateral.depth, lateral.override_mm) == (cheek.depth, cheek.override_mm)


def test_actions_courses_and_sources_fit_the_grade() -> None:  # 13, 14, 16
    for (concern, grade, _), row in WITH_DEPTH.items():
        few, many = row.base.sessions
        assert row.base.interval_weeks is not None
        assert 4 <= row.base.interval_weeks[0] <= row.base.interval_weeks[1]
        assert few <= many
        assert many >= 1
        assert row.evidence in {Evidence.B, Evidence.C, Evidence.D}
        assert row.base.sources
        assert row.zone.sources
        macular = (concern, grade) == (Concern.ACNE_SCARRING, 1)
        assert (row.action is Action.ROUTE_MACULAR) == macular
        assert not macular or row.evidence is Evidence.D
        severe = grade == 4 and concern is not Concern.PIGMENTATION
        assert (row.action is Action.SUGGEST_AND_REFER) == severe
        dermatologist = (concern, grade) == (Concern.PIGMENTATION, 3)
        assert (row.action is Action.DERMATOLOGIST_FIRST) == dermatologist


def test_pigmentation_is_off_label_everywhere() -> None:  # 15
    for (concern, _, zone), row in TABLE.items():
        if concern is Concern.PIGMENTATION and zone is not EYELID:
            assert row.us_label_status == "off-label"
        if zone is EYELID:
            assert row.us_label_status == "not permitted (inside orbital rim)"

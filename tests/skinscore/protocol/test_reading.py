import pytest

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.patient import Answer
from skinscore.domain.zones import TREATMENT_ZONES, ZONES, Side, TreatmentZone, Zone
from skinscore.protocol.reading import SITES, Site, read, resolve_stretching, sites
from tests.skinscore.factories import make_assessment, make_grade, make_zone_record

WRINKLES = Concern.WRINKLES
CHEEK = Site(TreatmentZone.CHEEK_MALAR, Side.LEFT, (Zone.CHEEK_LEFT,))
JAW = Site(TreatmentZone.JAWLINE, Side.LEFT, (Zone.LOWER_CHEEK_LEFT, Zone.MARIONETTE_LEFT))


def test_every_graded_zone_lies_in_its_treatment_zones_and_on_its_side() -> None:
    for zone in ZONES:
        found = {(site.zone, site.side) for site in SITES if zone in site.graded_zones}
        assert found == {(treated, zone.side) for treated in TREATMENT_ZONES[zone.kind]}


def test_the_neck_is_never_read_from_a_photo_of_the_face() -> None:
    assert TreatmentZone.NECK not in {site.zone for site in sites(make_assessment())}


def test_left_and_right_mirror_each_other() -> None:
    places = {(site.zone, site.side, frozenset(site.graded_zones)) for site in SITES}
    swap = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT, Side.MIDLINE: Side.MIDLINE}
    mirrored = {
        (zone, swap[side], frozenset(part.mirrored for part in parts))
        for zone, side, parts in places
    }
    assert mirrored == places


@pytest.mark.parametrize(
    ("grade", "width", "threshold", "expected"),
    [
        (3, 0, 2, (3,)),
        (3, 1, 2, (2, 3, 4)),
        (4, 1, 2, (4,)),  # 3-4 spans one step only
        (4, 1, 1, (3, 4)),
        (0, 1, 2, (0,)),
        (1, 2, 2, (0, 1, 2, 3)),
    ],
)
def test_a_wide_likely_range_is_reckoned_with_as_a_whole(
    grade: int, width: int, threshold: int, expected: tuple[int, ...]
) -> None:
    record = make_zone_record(Zone.CHEEK_LEFT, {WRINKLES: make_grade(WRINKLES, grade, width=width)})
    found = read(make_assessment(zones=[record]), CHEEK, WRINKLES, {}, threshold)
    assert found.considered == expected
    assert found.grade == grade


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((1, 0), (3, 0), (3,)),
        ((2, 1), (3, 0), (3,)),  # whatever of 1-3 it is, the other is 3
        ((2, 1), (2, 0), (2, 3)),
        ((2, 1), (2, 1), (1, 2, 3)),
    ],
)
def test_two_graded_zones_give_every_possible_worst(
    one: tuple[int, int], other: tuple[int, int], expected: tuple[int, ...]
) -> None:
    records = [
        make_zone_record(zone, {WRINKLES: make_grade(WRINKLES, grade, width=width)})
        for zone, (grade, width) in zip(JAW.graded_zones, (one, other), strict=True)
    ]
    for order in (records, records[::-1]):
        assert read(make_assessment(zones=order), JAW, WRINKLES, {}, 2).considered == expected


def test_the_confidence_shown_is_the_least_of_those_that_gave_the_worst_grade() -> None:
    sure, unsure = make_grade(WRINKLES, 2), make_grade(WRINKLES, 2, width=1)
    records = [
        make_zone_record(JAW.graded_zones[0], {WRINKLES: sure}),
        make_zone_record(JAW.graded_zones[1], {WRINKLES: unsure}),
    ]
    found = read(make_assessment(zones=records), JAW, WRINKLES, {}, 2)
    assert unsure.probabilities is not None
    assert found.confidence == unsure.probabilities[2]


@pytest.mark.parametrize(
    ("grades", "flatten", "expected"),
    [
        ((3,), Answer.YES, (3,)),
        ((4,), Answer.NO, (4,)),
        ((3,), Answer.NO, (3, 4)),
        ((4,), Answer.YES, (3, 4)),
        ((3,), Answer.UNKNOWN, (3, 4)),
        ((4,), Answer.UNKNOWN, (3, 4)),
        ((2,), Answer.UNKNOWN, (2,)),
        ((2, 3), Answer.UNKNOWN, (2, 3, 4)),
        ((0, 1, 2), Answer.NO, (0, 1, 2)),
        ((), Answer.UNKNOWN, ()),
    ],
)
def test_only_stretching_settles_grade_three_or_four(
    grades: tuple[int, ...], flatten: Answer, expected: tuple[int, ...]
) -> None:
    assert resolve_stretching(grades, flatten) == expected


def test_a_zone_that_the_assessment_lacks_has_no_grade() -> None:
    record = make_zone_record(Zone.LOWER_CHEEK_LEFT)
    for concern in CONCERNS:
        assert read(make_assessment(zones=[record]), JAW, concern, {}, 2).grade is None

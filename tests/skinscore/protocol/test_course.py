from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.domain.patient import DeviceKind, DeviceProfile
from skinscore.domain.suggestion import CEILING_MM, GRID_MM
from skinscore.protocol.course import Ceilings, Course, apply, combine, device_limits
from skinscore.protocol.depth_table import Range
from skinscore.protocol.rules import Effect

QUARTERS = [n * 0.25 for n in range(1, 7)]
COURSES = [
    Course(Range(low, high), max(high, 1.0), (3, 4), (4, 6))
    for low, high in product(QUARTERS, QUARTERS)
    if low <= high
]
OPEN = Ceilings(9.0, GRID_MM, 9.0)

effects = st.builds(
    Effect,
    ceiling_mm=st.one_of(st.none(), st.sampled_from(QUARTERS)),
    ceiling_from=st.sampled_from([None, "device", "skin_thickness"]),
    lower_by_mm=st.sampled_from([None, 0.25, 0.5]),
    lower_half=st.booleans(),
    start_at_low=st.booleans(),
    test_spot=st.booleans(),
    interval_weeks_from=st.sampled_from([None, 6]),
    override_ceiling_mm=st.one_of(st.none(), st.sampled_from(QUARTERS)),
)
ceilings = st.builds(
    Ceilings, st.floats(0.1, 3), st.sampled_from([0.25, 0.5, 1.5]), st.floats(0.1, 2)
)


@given(effects, st.sampled_from(COURSES), ceilings)
def test_no_effect_raises_a_depth_or_shortens_a_wait(
    effect: Effect, course: Course, limits: Ceilings
) -> None:
    after = apply(effect, course, limits)
    if after is None:
        return
    low, high = after.depth.pair
    assert GRID_MM <= low <= high <= after.override_mm
    assert all(value % limits.device_grid_mm == 0 for value in (low, high, after.override_mm))
    assert low <= course.depth.low
    assert high <= course.depth.high
    assert after.override_mm <= course.override_mm
    assert after.interval_weeks[0] >= course.interval_weeks[0]
    assert after.interval_weeks[0] <= after.interval_weeks[1]


@given(effects, st.sampled_from(COURSES), st.sampled_from(COURSES), ceilings)
def test_every_effect_keeps_the_order_of_two_ranges(
    effect: Effect, one: Course, other: Course, limits: Ceilings
) -> None:
    if one.depth.low > other.depth.low or one.depth.high > other.depth.high:
        return
    less, more = apply(effect, one, limits), apply(effect, other, limits)
    if less is not None:
        assert more is not None
        assert less.depth.low <= more.depth.low
        assert less.depth.high <= more.depth.high


@pytest.mark.parametrize("course", COURSES, ids=lambda course: str(course.depth.pair))
def test_an_effect_that_does_nothing_changes_nothing(course: Course) -> None:
    assert apply(Effect(), course, OPEN) == course


def test_lowering_stops_at_the_shallowest_setting() -> None:
    shallow = Course(Range(0.25, 0.25), 0.25, (2, 3), (4, 6))
    after = apply(Effect(lower_by_mm=0.25), shallow, OPEN)
    assert after is not None
    assert after.depth == Range(0.25, 0.25)


def test_a_ceiling_below_the_shallowest_setting_leaves_nothing() -> None:
    for course in COURSES:
        ceiling = Ceilings(0.24, GRID_MM, 9.0)
        assert apply(Effect(ceiling_from="device"), course, ceiling) is None


@given(st.lists(st.sampled_from(COURSES), min_size=1, max_size=3))
def test_sharing_a_zone_never_exceeds_any_of_its_concerns(courses: list[Course]) -> None:
    whole = combine(courses)
    assert whole == combine(courses[::-1])
    assert whole.depth.low <= whole.depth.high <= whole.override_mm
    for course in courses:
        assert whole.depth.high <= course.depth.high
        assert whole.depth.low <= course.depth.low
    assert combine([whole, *courses]) == whole


@pytest.mark.parametrize(
    ("maximum", "labelled", "step", "expected"),
    [
        (2.5, 1.5, 0.25, (1.5, 0.25)),
        (1.0, 1.5, 0.25, (1.0, 0.25)),
        (2.5, None, 0.1, (2.5, 0.25)),  # never finer than the grid
        (2.5, None, 0.5, (2.5, 0.5)),
        (2.5, None, 0.3, (2.5, 1.5)),  # the settings that 0.3 and 0.25 share
    ],
)
def test_the_limits_of_a_device(
    maximum: float, labelled: float | None, step: float, expected: tuple[float, float]
) -> None:
    device = DeviceProfile(
        name="pen",
        kind=DeviceKind.PEN,
        maximum_mm=maximum,
        labelled_maximum_mm=labelled,
        step_mm=step,
        tolerance_mm=None,
    )
    assert device_limits(device) == expected


def test_an_unknown_device_is_held_at_the_evaluated_limit() -> None:
    assert device_limits("unknown") == (CEILING_MM, GRID_MM)

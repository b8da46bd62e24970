"""The arithmetic of a range: what an effect does to it, and how concerns share a zone.

Every operation keeps ``low <= high <= override`` on the 0.25 mm grid, never raises a depth or a
number of treatments and never shortens a wait. A range with nothing left is None.
"""

from dataclasses import dataclass, replace
from math import floor, lcm

from skinscore.domain.patient import DeviceProfile
from skinscore.domain.suggestion import CEILING_MM, GRID_MM
from skinscore.protocol.depth_table import Range
from skinscore.protocol.rules import Effect


@dataclass(frozen=True, slots=True)
class Course:
    """A range with its course."""

    depth: Range
    override_mm: float
    sessions: tuple[int, int]
    interval_weeks: tuple[int, int]
    start_at_low: bool = False
    test_spot: bool = False

    @property
    def start_mm(self) -> float | None:
        """Setting of the first treatment of the series; None when no rule asks for one."""
        return self.depth.low if self.start_at_low else None


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Limits that come from the device and from the skin, mm, not yet on the grid."""

    device_mm: float  # the lesser of device and labelled maximum
    device_grid_mm: float  # settings that lie on both the device's step and the grid
    skin_mm: float


def device_limits(device: DeviceProfile | str) -> tuple[float, float]:
    """Return ceiling and grid (mm) of the device.

    A step finer than the grid is not used: its settings lie close below each of ours, and a note
    says to take them. A coarser one leaves the settings that both share.
    """
    if isinstance(device, str):
        return CEILING_MM, GRID_MM
    ceiling = min(device.maximum_mm, device.labelled_maximum_mm or device.maximum_mm)
    return ceiling, GRID_MM if device.step_mm <= GRID_MM else shared_grid_mm(device)


def shared_grid_mm(device: DeviceProfile | str) -> float:
    """Return the distance (mm) of the settings that lie on both the device's step and our grid."""
    if isinstance(device, str):
        return GRID_MM
    return lcm(round(GRID_MM * 100), round(device.step_mm * 100)) / 100


def apply(effect: Effect, course: Course, ceilings: Ceilings) -> Course | None:
    """Return ``course`` after ``effect``; None when no depth is left."""
    low, high = course.depth.pair
    override = course.override_mm
    if effect.lower_by_mm is not None:
        high = min(high, max(high - effect.lower_by_mm, GRID_MM))
    for ceiling in _ceilings(effect, ceilings):
        high, override = min(high, ceiling), min(override, ceiling)
    low = min(low, high)
    if effect.lower_half:
        high = (low + high) / 2
    # After every effect, not once: a later one must not leave the steps of the device again.
    grid = ceilings.device_grid_mm
    low, high, override = (_down(value, grid) for value in (low, high, override))
    if low < GRID_MM:
        return None
    if effect.override_ceiling_mm is not None:
        override = max(high, min(override, _down(effect.override_ceiling_mm, grid)))
    return replace(
        course,
        depth=Range(low, high),
        override_mm=override,
        interval_weeks=at_least(effect.interval_weeks_from or 0, course.interval_weeks),
        start_at_low=course.start_at_low or effect.start_at_low,
        test_spot=course.test_spot or effect.test_spot,
    )


def combine(courses: list[Course]) -> Course:
    """Return the one course for all concerns of a zone: the lowest limits, the longest waits."""
    high = min(course.depth.high for course in courses)
    return Course(
        depth=Range(min(high, *(course.depth.low for course in courses)), high),
        override_mm=min(course.override_mm for course in courses),
        sessions=(
            min(course.sessions[0] for course in courses),
            min(course.sessions[1] for course in courses),
        ),
        interval_weeks=(
            max(course.interval_weeks[0] for course in courses),
            max(course.interval_weeks[1] for course in courses),
        ),
        start_at_low=any(course.start_at_low for course in courses),
        test_spot=any(course.test_spot for course in courses),
    )


def _ceilings(effect: Effect, ceilings: Ceilings) -> list[float]:
    found = []
    if effect.ceiling_mm is not None:
        found.append(effect.ceiling_mm)
    if effect.ceiling_from == "device":
        found.append(ceilings.device_mm)
    if effect.ceiling_from == "skin_thickness":
        found.append(ceilings.skin_mm)
    return found


def at_least(weeks: int, interval: tuple[int, int]) -> tuple[int, int]:
    """Return ``interval`` (weeks, least and most) with neither below ``weeks``."""
    least, most = interval
    return max(least, weeks), max(most, weeks)


def _down(value: float, grid: float) -> float:
    """Return the largest multiple of ``grid`` that is not above ``value``."""
    return floor(value / grid) * grid

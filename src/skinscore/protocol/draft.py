"""The range of one treatment zone, with every rule that made it, in order.

Each concern goes its own way from base range to cap to modifiers; then the lowest limit of all
concerns wins (M7). Nothing is decided here about whether the range may be shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Evidence, RuleStep
from skinscore.domain.zones import TreatmentZone
from skinscore.protocol.conditions import Place, any_holds
from skinscore.protocol.course import Ceilings, Course, apply, combine
from skinscore.protocol.depth_table import TableRow, table_row
from skinscore.protocol.facts import Answers
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.steps import modifier_step, table_steps

DEEP: Final = "C01"  # acts on the zone as a whole; all other effects act per concern


@dataclass(frozen=True, slots=True)
class Draft:
    """A finished range with its basis."""

    course: Course
    published: tuple[float, float]  # lowest table range of the concerns, before the modifiers
    evidence: Evidence  # the weakest
    steps: tuple[RuleStep, ...]
    notes: tuple[str, ...]


def draft(
    rules: Rulebook,
    zone: TreatmentZone,
    considered: Mapping[Concern, tuple[int, ...]],
    answers: Answers,
    ceilings: Ceilings,
) -> Draft | None:
    """Return the range for the concerns that are or may be present in ``zone``.

    Args:
        considered: grades to reckon with per concern, ascending; grade 0 alone asks for nothing.

    Returns:
        None when a grade has no needling range, or no setting of the device is left.
    """
    parts: list[_Part] = []
    for concern, grades in considered.items():
        if any(grades):
            part = _part(rules, zone, concern, grades, answers, ceilings)
            if part is None:
                return None
            parts.append(part)
    steps = [step for part in parts for step in part.steps]
    course = _as_a_zone(rules, parts, ceilings, steps)
    if course is None:
        return None
    return Draft(
        course=course,
        published=min((part.published for part in parts), key=lambda pair: pair[::-1]),
        evidence=max(part.evidence for part in parts),
        steps=tuple(steps),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One concern on its own way from base range to the last modifier."""

    concern: Concern
    course: Course
    published: tuple[float, float]
    evidence: Evidence
    steps: tuple[RuleStep, ...]
    notes: tuple[str, ...]


def _part(
    rules: Rulebook,
    zone: TreatmentZone,
    concern: Concern,
    grades: tuple[int, ...],
    answers: Answers,
    ceilings: Ceilings,
) -> _Part | None:
    present = tuple(grade for grade in grades if grade > 0)
    every = [table_row(rules, concern, grade, zone) for grade in present]
    row, course = every[0], _start(every)
    if course is None or row.depth is None or row.evidence is None:
        return None
    steps = table_steps(rules, every, grades, course)
    notes = []
    place = Place(zone, answers, answers, {concern: present[:1]})
    for modifier in rules.modifiers:
        if modifier.effect is None or modifier.id == DEEP or not any_holds(modifier.when, place):
            continue
        before, after = course, apply(modifier.effect, course, ceilings)
        if after is None:
            return None
        if after != before or modifier.note:
            steps.append(modifier_step(modifier, concern, before, after, answers=answers))
        if modifier.note:
            notes.append(modifier.note)
        course = after
    return _Part(concern, course, row.depth.pair, row.evidence, tuple(steps), tuple(notes))


def _start(every: list[TableRow]) -> Course | None:
    """Return the course of the mildest grade, with the longest wait of all; None if any has none.

    ``every`` is ascending by grade; only the mildest sets the depth (M11).
    """
    waits = [row.base.interval_weeks for row in every if row.base.interval_weeks]
    mildest = every[0]
    if any(row.depth is None for row in every) or not mildest.depth or not mildest.override_mm:
        return None
    interval = (max(wait[0] for wait in waits), max(wait[1] for wait in waits))
    return Course(mildest.depth, mildest.override_mm, mildest.base.sessions, interval)


def _as_a_zone(
    rules: Rulebook, parts: list[_Part], ceilings: Ceilings, steps: list[RuleStep]
) -> Course | None:
    if not parts:
        return None
    whole = combine([part.course for part in parts])
    if len(parts) > 1:
        limits = tuple(f"{part.concern}: up to {part.course.depth.high:g} mm" for part in parts)
        steps.append(modifier_step(rules.modifier("M7"), None, None, whole, inputs=limits))
    deep = rules.modifier(DEEP)
    if deep.effect is None or whole.depth.high < rules.limits.deep_from_mm.value:
        return whole
    after = apply(deep.effect, whole, ceilings)
    if after is not None:
        limit = (f"upper limit: {whole.depth.high:g} mm",)
        steps.append(modifier_step(deep, None, whole, after, inputs=limit))
    return after

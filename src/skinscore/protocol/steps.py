"""The log of a range: which rule looked at what, and which numbers it made or changed.

Read from first to last, the steps of a zone lead from nothing to every printed number; a number
that no step explains cannot be printed (``tests/skinscore/protocol/test_explain.py``).
"""

from skinscore.domain.concerns import Concern
from skinscore.domain.suggestion import Number, NumberSet, RuleStep
from skinscore.protocol.course import Course
from skinscore.protocol.depth_table import TableRow
from skinscore.protocol.facts import Answers
from skinscore.protocol.rulebook import Rulebook
from skinscore.protocol.rules import Modifier

Values = tuple[float, ...]


def table_steps(
    rules: Rulebook, every: list[TableRow], grades: tuple[int, ...], start: Course
) -> list[RuleStep]:
    """Return how the depth table made ``start``.

    Args:
        every: the rows of the grades reckoned with, mildest first; it alone sets the depth.
        grades: all grades reckoned with, 0 included.
    """
    row = every[0]
    concern = row.base.concern
    steps = [_base_step(row), _zone_step(row)]
    if len(grades) > 1:
        considered = ", ".join(str(grade) for grade in grades)
        inputs = (f"grades reckoned with: {considered}",)
        steps.insert(0, _modifier_step(rules.modifier("M11"), concern, inputs))
    wait = row.base.interval_weeks
    for other in every[1:]:
        if wait and other.base.interval_weeks:
            longer = tuple(map(max, wait, other.base.interval_weeks))
            if longer != wait:
                steps.append(_longer_wait(other, _floats(wait), _floats(longer)))
                wait = (longer[0], longer[1])
    assert wait == start.interval_weeks
    return steps


def modifier_step(
    rule: Modifier,
    concern: Concern | None,
    before: Course | None,
    after: Course,
    *,
    answers: Answers | None = None,
    inputs: tuple[str, ...] = (),
) -> RuleStep:
    """Return the step of a modifier that turned ``before`` into ``after``.

    Args:
        concern: None for the zone as a whole.
        before: None when the rule brings a range of its own (several concerns in one zone).
        answers: what the rule's condition listened to; None when it listens to none.
        inputs: "name: value" of whatever else it looked at.
    """
    facts = dict.fromkeys(fact for condition in rule.when for fact in condition.facts)
    heard = tuple(f"{fact}: {answers[fact]}" for fact in facts) if answers else ()
    step = _modifier_step(rule, concern, (*heard, *inputs))
    return step.model_copy(
        update={
            "before_mm": before.depth.pair if before else None,
            "after_mm": after.depth.pair,
            "sets": _sets(before, after),
        }
    )


def bare_step(rule: Modifier, concern: Concern | None, *inputs: str) -> RuleStep:
    """Return a step that states something and changes no number."""
    return _modifier_step(rule, concern, inputs)


def override_step(rule: Modifier, depth_mm: float, *inputs: str) -> RuleStep:
    """Return the step of a depth that a named clinician set."""
    sets = NumberSet(number=Number.OVERRIDE_MM, before=None, after=(depth_mm,))
    return _modifier_step(rule, None, inputs).model_copy(update={"sets": (sets,)})


def waits_longer_step(
    rule: Modifier, before: tuple[int, int], after: tuple[int, int], *inputs: str
) -> RuleStep:
    """Return the step of a rule that lengthened the wait of a zone, weeks."""
    sets = NumberSet(number=Number.INTERVAL_WEEKS, before=_floats(before), after=_floats(after))
    return _modifier_step(rule, None, inputs).model_copy(update={"sets": (sets,)})


def _base_step(row: TableRow) -> RuleStep:
    base = row.base
    sets = [NumberSet(number=Number.SESSIONS, before=None, after=_floats(base.sessions))]
    if base.interval_weeks:
        wait = _floats(base.interval_weeks)
        sets.append(NumberSet(number=Number.INTERVAL_WEEKS, before=None, after=wait))
    return RuleStep(
        rule_id=base.id,
        concern=base.concern,
        what=f"base range, {base.action.value}",
        inputs=(f"grade: {base.grade}",),
        before_mm=None,
        after_mm=base.base_mm,
        sets=tuple(sets),
        evidence=base.evidence,
        standing=base.standing,
        sources=base.sources,
    )


def _zone_step(row: TableRow) -> RuleStep:
    place = row.zone
    caps = ((Number.CAP_MM, place.cap_mm), (Number.OVERRIDE_CAP_MM, row.override_mm))
    return RuleStep(
        rule_id=place.id,
        concern=row.base.concern,
        what=f"cap of the zone: {place.why}",
        inputs=(f"zone: {place.zone}", f"cap: {place.cap_mm} mm"),
        before_mm=row.base.base_mm,
        after_mm=row.depth.pair if row.depth else None,
        sets=tuple(
            NumberSet(number=number, before=None, after=(value,))
            for number, value in caps
            if value is not None
        ),
        evidence=place.evidence[row.base.concern],
        standing=place.standing,
        sources=place.sources,
    )


def _longer_wait(row: TableRow, before: Values, after: Values) -> RuleStep:
    base = row.base
    return RuleStep(
        rule_id=base.id,
        concern=base.concern,
        what="the longer wait of a grade that is reckoned with",
        inputs=(f"grade: {base.grade}",),
        before_mm=None,
        after_mm=None,
        sets=(NumberSet(number=Number.INTERVAL_WEEKS, before=before, after=after),),
        evidence=base.evidence,
        standing=base.standing,
        sources=base.sources,
    )


def _modifier_step(rule: Modifier, concern: Concern | None, inputs: tuple[str, ...]) -> RuleStep:
    return RuleStep(
        rule_id=rule.id,
        concern=concern,
        what=rule.what,
        inputs=inputs,
        before_mm=None,
        after_mm=None,
        sets=(),
        evidence=rule.evidence,
        standing=rule.standing,
        sources=rule.sources,
    )


def _sets(before: Course | None, after: Course) -> tuple[NumberSet, ...]:
    was, now = (_numbers(course) if course else {} for course in (before, after))
    return tuple(
        NumberSet(number=number, before=was.get(number), after=value)
        for number, value in now.items()
        if was.get(number) != value
    )


def _numbers(course: Course) -> dict[Number, Values]:
    found = {
        Number.OVERRIDE_CAP_MM: (course.override_mm,),
        Number.SESSIONS: _floats(course.sessions),
        Number.INTERVAL_WEEKS: _floats(course.interval_weeks),
    }
    if course.start_mm is not None:
        found[Number.START_AT_MM] = (course.start_mm,)
    if course.test_spot:
        found[Number.TEST_SPOT] = (1.0,)
    return found


def _floats(values: tuple[int, ...]) -> Values:
    return tuple(float(value) for value in values)

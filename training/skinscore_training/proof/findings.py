"""What a part of the proof hands over: figures with intervals and targets, and tables to read."""

import math
from typing import Final, Literal, Self

from pydantic import model_validator

from skinscore.domain.concerns import Concern
from skinscore.domain.document import Document

ALL: Final = "all"


class Target(Document):
    """The line that a figure is held to."""

    limit: float
    direction: Literal["at_least", "at_most"]

    def met_by(self, value: float) -> bool:
        return value >= self.limit if self.direction == "at_least" else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.direction == 'at_least' else '≤'} {self.limit:g}"


def at_least(limit: float) -> Target:
    return Target(limit=limit, direction="at_least")


def at_most(limit: float) -> Target:
    return Target(limit=limit, direction="at_most")


class Finding(Document):
    """One figure; ``value`` is null where these subjects do not define it."""

    name: str
    concern: Concern | None  # null: not of one concern
    group: str  # ALL, or what part of the data: a zone kind, a distractor, a gate
    value: float | None
    low: float | None  # 95 % interval, bootstrap over subjects; null where none applies
    high: float | None
    n: int  # subjects
    subjects: str  # what was counted: patients, skins, faces
    target: Target | None  # null: reported, not judged
    met: bool | None  # null: no target. An undefined value meets nothing.

    @model_validator(mode="after")
    def _judged_by_its_target(self) -> Self:
        if self.met != _met(self.value, self.target):
            raise ValueError("met says what value and target say")
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends")
        return self


class Table(Document):
    """Rows for people to read."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Part(Document):
    """One chapter of the proof."""

    name: str
    title: str
    method: str  # how it was measured, and what it does not say
    findings: tuple[Finding, ...]
    tables: tuple[Table, ...]


Interval = tuple[float, float]


def found(
    name: str,
    value: float,
    interval: Interval | None,
    *,
    n: int,
    subjects: str,
    concern: Concern | None = None,
    group: str = ALL,
    target: Target | None = None,
) -> Finding:
    """Return the finding, judged; NaN becomes null.

    Args:
        interval: low and high end; None where resampling makes no sense.
    """
    # Not rounded: what misses its target by little would meet it.
    known = None if math.isnan(value) else float(value)
    ends: tuple[float | None, float | None] = (None, None)
    if interval is not None and not any(map(math.isnan, interval)):
        ends = (float(interval[0]), float(interval[1]))
    return Finding(
        name=name,
        concern=concern,
        group=group,
        value=known,
        low=ends[0],
        high=ends[1],
        n=n,
        subjects=subjects,
        target=target,
        met=_met(known, target),
    )


def _met(value: float | None, target: Target | None) -> bool | None:
    if target is None:
        return None
    return value is not None and target.met_by(value)

"""One grade cell: a number, an interval, ``not_assessable`` or nothing."""

import math
import re
from dataclasses import dataclass
from typing import Final

from skinscore_training.data.columns import NOT_ASSESSABLE

_NUMBER: Final = r"\d+(?:\.\d+)?"
_CELL: Final = re.compile(rf"({_NUMBER})(?:\.\.({_NUMBER}))?")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a rater said of one zone and concern."""

    low: float  # NaN when there is no grade
    high: float
    assessable: bool = True

    @property
    def graded(self) -> bool:
        return not math.isnan(self.low)


BLANK: Final = Cell(math.nan, math.nan)
UNSEEN: Final = Cell(math.nan, math.nan, assessable=False)


def parse(text: str) -> Cell | None:
    """Return the cell, or None when the text is none of the allowed ones.

    An interval is written with two dots, because a spreadsheet turns ``3-4`` into a date.
    """
    if text == "":
        return BLANK
    if text == NOT_ASSESSABLE:
        return UNSEEN
    if (found := _CELL.fullmatch(text)) is None:
        return None
    low = float(found[1])
    return Cell(low, float(found[2]) if found[2] else low)


def write(low: float, high: float) -> str:
    """Return the text that :func:`parse` reads back."""
    return f"{low:g}" if low == high else f"{low:g}..{high:g}"

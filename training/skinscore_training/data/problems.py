"""What is wrong with a manifest: said of a column, with the rows as a spreadsheet counts them.

No problem ever shows a cell of `photo`, `subject` or `rater`: such cells can name a person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from skinscore.errors import RequestRefused

_SHOWN: Final = 5  # row numbers per problem in a sentence; the JSON report holds all


class Severity(StrEnum):
    """Whether work can begin all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, wherever it occurs."""

    column: str
    code: str  # stable
    message: str
    rows: tuple[int, ...]  # header is row 1; empty when it is about the table as a whole
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        if not self.rows:
            return self.message
        shown = ", ".join(map(str, self.rows[:_SHOWN]))
        more = ", ..." if len(self.rows) > _SHOWN else ""
        many = "row" if len(self.rows) == 1 else "rows"
        return f"{self.message} in {len(self.rows)} {many} ({shown}{more})"

    def to_json(self) -> dict[str, Any]:
        """Return the problem with all of its rows."""
        return {
            "column": self.column,
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "rows": list(self.rows),
        }


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Return those that forbid any work."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def by_column(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """Return the problems of each column, columns in order of first appearance, errors first."""
    ordered = sorted(problems, key=lambda problem: problem.severity is Severity.WARNING)
    columns = dict.fromkeys(problem.column for problem in problems)
    return {
        column: [problem for problem in ordered if problem.column == column] for column in columns
    }


def refuse(problems: Iterable[Problem]) -> None:
    """Raise when there is an error.

    Raises:
        RequestRefused: ``manifest_invalid``, naming every error with its rows.
    """
    if found := errors(problems):
        raise RequestRefused(
            "manifest_invalid",
            "; ".join(f"{problem.column}: {problem}" for problem in found),
            "every row keeps the rules of the manifest",
        )

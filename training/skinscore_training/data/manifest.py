"""The manifest of graded photos: one row per photo, zone, concern and rater.

Columns: photo (path relative to the manifest), subject, zone, concern, grade (0..4 in halves;
blank when this rater did not grade), rater. CSV (UTF-8) or Parquet.
"""

from pathlib import Path
from typing import Final

import pandas as pd

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.domain.zones import ZONES
from skinscore.errors import RequestRefused

COLUMNS: Final = ("photo", "subject", "zone", "concern", "grade", "rater")
_SHOWN: Final = 5  # row numbers per problem
_FIRST_ROW: Final = 2  # as a spreadsheet counts: the header is row 1


def read_manifest(path: Path) -> pd.DataFrame:
    """Return the checked manifest; text columns are str, ``grade`` is float with NaN for blank.

    Raises:
        RequestRefused: ``manifest_invalid``, naming every problem with its rows at once.
    """
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as problem:
        raise RequestRefused(
            "manifest_invalid",
            f"the manifest cannot be read ({type(problem).__name__})",
            "a UTF-8 CSV or a Parquet file",
        ) from None
    if missing := [column for column in COLUMNS if column not in table]:
        raise RequestRefused(
            "manifest_invalid",
            f"columns missing: {', '.join(missing)}",
            f"needed are {', '.join(COLUMNS)}",
        )
    table = table[list(COLUMNS)].copy()
    given = table["grade"].notna() & (table["grade"].astype(str).str.strip() != "")
    grade = pd.to_numeric(table["grade"].where(given), errors="coerce")
    problems = [
        *(_rows(f"{name} is blank", _blank(table[name])) for name in ("photo", "subject", "rater")),
        _rows("zone is not known", ~table["zone"].isin([zone.value for zone in ZONES])),
        _rows("concern is not known", ~table["concern"].isin([c.value for c in CONCERNS])),
        _rows("grade is not a number", given & grade.isna()),
        _rows(
            "grade is not 0..4 in halves",
            grade.notna() & ~(grade.between(GRADES[0], GRADES[-1]) & (grade * 2 % 1 == 0)),
        ),
        _rows(
            "photo, zone, concern and rater repeat",
            table.duplicated(["photo", "zone", "concern", "rater"], keep=False),
        ),
        _rows("photo belongs to several subjects", _torn(table)),
    ]
    if found := [problem for problem in problems if problem]:
        raise RequestRefused(
            "manifest_invalid", "; ".join(found), "every row keeps the rules of the manifest"
        )
    return table.assign(grade=grade)


def _blank(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(str).str.strip() == "")


def _torn(table: pd.DataFrame) -> pd.Series:
    return table.groupby("photo")["subject"].transform("nunique") > 1


def _rows(problem: str, where: pd.Series) -> str:
    """Return "problem in 3 rows (2, 3, 9)", or nothing when no row has it."""
    rows = [int(i) + _FIRST_ROW for i, wrong in enumerate(where) if wrong]
    if not rows:
        return ""
    shown = ", ".join(map(str, rows[:_SHOWN])) + (", ..." if len(rows) > _SHOWN else "")
    return f"{problem} in {len(rows)} rows ({shown})"

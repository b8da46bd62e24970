"""A CSV or Parquet file as a table of text cells, with its rows as a spreadsheet counts them."""

import csv
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pandas.api.types import is_list_like

from skinscore.errors import RequestRefused
from skinscore_training import runs

FIRST_ROW: Final = 2  # the header is row 1
SUFFIXES: Final = (".csv", ".parquet")


def suffix(path: Path) -> str:
    """Return what tells the kind of table: some programs name their files in capitals."""
    return path.suffix.lower()


def read(path: Path, unread: str) -> pd.DataFrame:
    """Return the table: every cell is text without blanks around it, an empty cell is "".

    Args:
        unread: columns whose name begins so may hold anything, and are left out.

    Raises:
        RequestRefused: ``manifest_invalid`` when the file is missing, of another kind, not UTF-8,
            separated by anything but commas, names a column twice, or holds lists.
    """
    if suffix(path) not in SUFFIXES:
        raise _unreadable(f"a file ending in {path.suffix or 'nothing'}")
    try:
        table = pd.read_parquet(path) if suffix(path) == ".parquet" else _read_csv(path)
    except (OSError, ValueError, csv.Error, StopIteration) as problem:
        raise _unreadable(f"a file that cannot be read ({type(problem).__name__})") from None
    kept = [name for name in table if not str(name).startswith(unread)]
    if lists := [str(name) for name in kept if any(map(is_list_like, table[name]))]:
        raise RequestRefused(
            "manifest_invalid",
            f"columns with lists in their cells: {', '.join(lists)}",
            f"one text or number per cell; columns named {unread}... may hold anything",
        )
    return pd.DataFrame({str(name): _texts(table[name]) for name in kept}, dtype=object)


def write(path: Path, table: pd.DataFrame) -> None:
    """Write the table whole or not at all; the suffix decides the kind.

    Raises:
        RequestRefused: ``output_not_writable``.
    """
    require_table_name(path)
    try:
        if suffix(path) == ".csv":
            runs.write(path, table.to_csv(index=False, lineterminator="\n"))
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        table.to_parquet(part, index=False)
        part.replace(path)
    except OSError as problem:
        raise RequestRefused(
            "output_not_writable", f"{problem.strerror}", "a place that may be written"
        ) from None


def require_table_name(path: Path) -> None:
    """Refuse, before any work, a name that tells no kind of table.

    Raises:
        RequestRefused: ``output_not_writable``.
    """
    if suffix(path) not in SUFFIXES:
        raise RequestRefused(
            "output_not_writable",
            f"the output ends in {path.suffix or 'nothing'}",
            f"one of {', '.join(SUFFIXES)}",
        )


def _read_csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.reader(text, strict=True))
    header = [name.strip() for name in rows[0]] if rows else []
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        raise _unreadable("a table separated by semicolons or tabs")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise _unreadable(f"a header that names {', '.join(twice)} twice")
    torn = [row for row, cells in enumerate(rows, 1) if cells and len(cells) != len(header)]
    if torn:
        raise _unreadable(
            f"{len(torn)} rows with another number of cells than the header, the first is row "
            f"{torn[0]}"
        )
    cells = [line or [""] * len(header) for line in rows[1:]]  # an empty line keeps its number
    return pd.DataFrame(cells, columns=header, dtype=object)


def _texts(column: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(cell) else str(cell).strip() for cell in column]


def _unreadable(found: str) -> RequestRefused:
    return RequestRefused(
        "manifest_invalid", found, "a CSV (commas, UTF-8) or a Parquet file with one header"
    )

"""What SOURCE names: a folder, one photo, or a list of paths.

In a folder every regular file counts as a photo; what is none is refused with a code by the
grader instead of being skipped here by its extension. Only hidden names are left out, and counted.
"""

import csv
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from skinscore.errors import RequestRefused

if TYPE_CHECKING:
    import pyarrow

COLUMN: Final = "path"
LISTS: Final = (".txt", ".csv", ".parquet")
_LOOKS_ESCAPED: Final = re.compile(r"\\(?=x[0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One input file."""

    name: str  # as the tables show it: relative to SOURCE, or as the list gives it; valid UTF-8
    path: Path  # where to read it


@dataclass(frozen=True, slots=True)
class Listing:
    """Every input file once, ordered by name, and what was left out."""

    files: tuple[SourceFile, ...]
    hidden: int  # names that begin with a dot, files and folders
    linked_folders: int  # symbolic links to folders are not followed
    repeated: int  # lines of a list that name a file again


def list_photos(source: Path, out: Path) -> Listing:
    """Return the input files of ``source``; ``out`` may lie inside and is not read.

    Raises:
        RequestRefused: ``source_invalid``.
    """
    try:
        is_folder, is_file = source.is_dir(), source.is_file()
    except OSError as problem:
        raise RequestRefused(
            "source_invalid", f"SOURCE cannot be looked at ({problem.strerror})", "read access"
        ) from None
    if is_folder:
        return _folder(source, out.resolve())
    if not is_file:
        raise RequestRefused(
            "source_invalid", "SOURCE is neither a file nor a folder", "it must exist"
        )
    if source.suffix.lower() in LISTS:
        return _list(source)
    return Listing((SourceFile(_name(source.name), source),), 0, 0, 0)


def _folder(source: Path, out: Path) -> Listing:
    if source.resolve() == out:
        raise RequestRefused(
            "source_invalid",
            "SOURCE and OUT are the same folder",
            "results need a folder of their own",
            "Give another OUT; it may lie inside SOURCE.",
        )
    files: list[SourceFile] = []
    hidden = linked = 0
    for folder, folders, names in os.walk(source, onerror=_unreadable_folder):
        here = Path(folder)
        seen = [name for name in folders if not name.startswith(".")]
        linked += sum(_is_link(here / name) for name in seen)
        hidden += len(folders) - len(seen) + sum(name.startswith(".") for name in names)
        folders[:] = [name for name in seen if (here / name).resolve() != out]
        for name in names:
            if not name.startswith("."):
                path = here / name
                files.append(SourceFile(_name(path.relative_to(source).as_posix()), path))
    return _listing(files, hidden, linked)


def _is_link(folder: Path) -> bool:
    try:
        return folder.is_symlink()
    except OSError as problem:  # its parent may be listed but not entered
        _unreadable_folder(problem)


def _unreadable_folder(problem: OSError) -> NoReturn:
    # os.walk skips such a folder in silence, and with it every photo inside.
    raise RequestRefused(
        "source_invalid",
        f"a folder inside SOURCE cannot be read ({problem.strerror})",
        "every folder must be readable, so that no photo is missed",
        "Grant read access, or give a list of the photos that count.",
    ) from None


def _list(source: Path) -> Listing:
    reader = {".txt": _lines, ".csv": _csv, ".parquet": _parquet}[source.suffix.lower()]
    try:
        entries = list(reader(source))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise RequestRefused(
            "source_invalid", f"the list cannot be read ({type(problem).__name__})", "UTF-8 text"
        ) from None
    blank = [row for row, entry in entries if not entry]
    if blank:
        raise RequestRefused(
            "source_invalid",
            f"{len(blank)} rows name no file, the first is row {blank[0]}",
            f"every row needs a `{COLUMN}`",
            "Remove these rows or fill them in.",
        )
    if any("\0" in entry for _, entry in entries):
        raise RequestRefused(
            "source_invalid",
            "the list has characters that no path has (NUL)",
            "UTF-8 text",
            "Save the list as UTF-8; it looks like UTF-16.",
        )
    base = source.parent
    return _listing((SourceFile(entry, base / entry) for _, entry in entries), 0, 0)


def _lines(source: Path) -> Iterator[tuple[int, str]]:
    for row, line in enumerate(source.read_text("utf-8-sig").split("\n"), start=1):
        if line.strip():
            yield row, line.strip()


def _csv(source: Path) -> Iterator[tuple[int, str]]:
    with source.open(encoding="utf-8-sig", newline="") as text:
        table = csv.DictReader(text)
        _require_column(table.fieldnames or ())
        for row, record in enumerate(table, start=2):  # as a spreadsheet counts
            yield row, (record[COLUMN] or "").strip()


def _parquet(source: Path) -> Iterator[tuple[int, str]]:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        # An open file: Arrow takes no path that is not UTF-8.
        with source.open("rb") as opened, parquet.ParquetFile(opened) as file:
            _require_column(file.schema_arrow.names)
            column = file.read(columns=[COLUMN]).column(COLUMN)
            _require_text(column.type)
            entries = column.to_pylist()
    except pyarrow.ArrowInvalid:
        raise RequestRefused(
            "source_invalid", "the list is not a Parquet file", "Parquet with a `path` column"
        ) from None
    for row, entry in enumerate(entries, start=1):
        yield row, "" if entry is None or entry.isspace() else entry


def _require_column(columns: Iterable[str]) -> None:
    count = len(names := list(columns))
    if names.count(COLUMN) != 1:
        raise RequestRefused(
            "source_invalid",
            f"{names.count(COLUMN)} of the list's {count} columns are called `{COLUMN}`",
            f"exactly one column `{COLUMN}`, columns separated by commas",
        )


def _require_text(found: "pyarrow.DataType") -> None:
    import pyarrow.types as kinds

    values = found.value_type if kinds.is_dictionary(found) else found
    text = (kinds.is_string, kinds.is_large_string, kinds.is_string_view, kinds.is_null)
    if not any(matches(values) for matches in text):
        raise RequestRefused(
            "source_invalid",
            f"the column `{COLUMN}` of the list is of type {found}",
            "text (string)",
            f"Save the list with `{COLUMN}` as text.",
        )


def _listing(files: Iterable[SourceFile], hidden: int, linked: int) -> Listing:
    given = list(files)
    unique = {file.name: file for file in given}
    ordered = tuple(unique[name] for name in sorted(unique))
    return Listing(ordered, hidden, linked, len(given) - len(unique))


def _name(path: str) -> str:
    """Return ``path`` with bytes that are not UTF-8 written as \\xNN: tables hold text.

    A name that has \\xNN in it itself gets \\x5c for that backslash: no two files share a name.
    """
    return os.fsencode(_LOOKS_ESCAPED.sub(r"\\x5c", path)).decode("utf-8", "backslashreplace")

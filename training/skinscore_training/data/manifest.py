"""Graded photos as a table: reading a manifest, strictly, into one form for everything after it.

The columns and both forms are described in :mod:`skinscore_training.data.columns`, the rules in
:mod:`skinscore_training.data.row_rules`. Reading tells every problem at once; what needs the
photos themselves (missing files, twins) is :mod:`skinscore_training.data.check`'s.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training.data import grade_cells, problems, row_rules, tables
from skinscore_training.data.columns import (
    COMMON,
    GRADE_COLUMNS,
    LONG_ONLY,
    OWN_PREFIX,
    SCHEMA,
    WHOLE_FACE,
    WHOLE_FACE_REMEDY,
    Column,
    Form,
    Use,
    columns_of,
)
from skinscore_training.data.problems import Problem

_LONG_NAMES = tuple(column.name for column in (*COMMON, *LONG_ONLY))


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """A manifest in long form, whatever it was written in.

    ``rows`` has the columns of the long form as text ("" is blank) and besides ``row`` (of the
    spreadsheet), ``low`` and ``high`` (grade on its own scale, NaN without a grade; they differ in
    an interval), ``assessable`` (False when the rater said that the zone cannot be graded) and
    ``px_per_mm`` as numbers.
    """

    path: Path
    form: Form
    sha256: str  # of the file
    header: tuple[str, ...]  # the columns as written, the user's own left out
    rows: pd.DataFrame

    @property
    def folder(self) -> Path:
        """Where the relative paths start."""
        return self.path.parent

    @property
    def grades(self) -> pd.DataFrame:
        """The rows in which somebody gave a grade."""
        return self.rows[self.rows["low"].notna()]

    @property
    def attributes(self) -> pd.DataFrame:
        """The rows that say something else of a photo."""
        return self.rows[self.rows["attribute"] != ""]

    @property
    def photos(self) -> pd.DataFrame:
        """One row per photo, in order of first appearance: the columns that belong to a photo."""
        return self.rows.drop_duplicates("photo").reset_index(drop=True)

    def of_subjects(self, subjects: Collection[str]) -> "Manifest":
        """Return the manifest of these subjects only."""
        return replace(self, rows=self.rows[self.rows["subject"].isin(subjects)])


def read_manifest(path: Path) -> Manifest:
    """Return the checked manifest.

    Raises:
        RequestRefused: ``manifest_invalid``, naming every problem with its rows at once.
    """
    manifest, found = examine(path)
    problems.refuse(found)
    return manifest


def examine(path: Path) -> tuple[Manifest, list[Problem]]:
    """Return the manifest and all that is wrong with its rows; nobody may train on it unless
    nothing is.

    Raises:
        RequestRefused: ``manifest_invalid`` when there is no table with the columns of a manifest.
    """
    table = tables.read(path, unread=OWN_PREFIX)
    header = tuple(map(str, table))
    form = _require_columns(set(header))
    table.insert(0, "row", range(tables.FIRST_ROW, tables.FIRST_ROW + len(table)))
    blank = (table.drop(columns="row") == "").all(axis=1)
    found = row_rules.blank_lines(table[blank])
    table = table[~blank]
    for column in columns_of(form):
        if column.name not in table:
            table = table.assign(**{column.name: ""})
    long = table if form is Form.LONG else _melted(table)
    parsed = _with_numbers(long)
    found += row_rules.broken(parsed, form)
    if parsed.empty:
        found.append(Problem("photo", "no_rows", "the manifest has no rows", ()))
    digest = sha256_hex(path.read_bytes())
    return Manifest(path, form, digest, header, parsed), found


def sound_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows that are ready to be written, all columns of the long form in order.

    Args:
        rows: columns of the long form as text; ``schema`` is added, an absent column is blank.

    Raises:
        RequestRefused: ``manifest_invalid`` when the rows break a rule.
    """
    full = rows.assign(schema=SCHEMA).reindex(columns=list(_LONG_NAMES), fill_value="").fillna("")
    numbered = full.assign(row=range(tables.FIRST_ROW, tables.FIRST_ROW + len(full)))
    problems.refuse(row_rules.broken(_with_numbers(numbered), Form.LONG))
    return full


def write_manifest(path: Path, rows: pd.DataFrame) -> Manifest:
    """Write a long-form manifest, whole or not at all, and return it as it reads.

    Raises:
        RequestRefused: ``manifest_invalid`` when the rows break a rule; nothing is written then.
    """
    tables.write(path, sound_rows(rows))
    return read_manifest(path)


def require_trainable(manifest: Manifest) -> None:
    """Refuse a manifest that may not, or cannot, be trained on.

    Raises:
        RequestRefused: ``not_for_training``.
    """
    forbidden = manifest.rows[manifest.rows["use"] == Use.EVALUATION_ONLY.value]
    if len(forbidden):
        sources = ", ".join(sorted(set(forbidden["label_source"])))
        raise RequestRefused(
            "not_for_training",
            f"{len(forbidden)} rows are for evaluation only ({sources})",
            f"every row's `use` is {Use.TRAINING.value}",
            "Train on a manifest without these rows; evaluate on them under their licence.",
        )
    if manifest.grades.empty:
        raise RequestRefused(
            "not_for_training", "no row holds a grade", "at least one grade to learn from"
        )


def _require_columns(names: set[str]) -> Form:
    long, wide = names & {"zone", "concern", "grade"}, names & GRADE_COLUMNS.keys()
    if long and wide:
        raise _columns_refused(
            f"columns of both forms ({', '.join(sorted(long | wide)[:4])}, ...)",
            "zone, concern and grade, or columns such as cheek_left.wrinkles, not both",
        )
    form = Form.LONG if long else Form.WIDE
    known = {column.name: column for column in columns_of(form)}
    if missing := [name for name, column in known.items() if _missing(column, names)]:
        raise _columns_refused(
            f"columns missing: {', '.join(missing)}", f"the {form} form needs them"
        )
    unknown = sorted(names - known.keys() - GRADE_COLUMNS.keys())
    if whole := [name for name in unknown if name.rpartition(".")[0] in WHOLE_FACE]:
        raise _columns_refused(
            f"columns of the whole face: {', '.join(whole)}; no zone is taught by them",
            WHOLE_FACE_REMEDY,
        )
    if unknown:
        raise _columns_refused(
            f"columns not known: {', '.join(unknown)}",
            f"those of {SCHEMA}, and your own named {OWN_PREFIX}...",
        )
    return form


def _missing(column: Column, names: set[str]) -> bool:
    return not column.may_be_absent and column.name not in names


def _melted(table: pd.DataFrame) -> pd.DataFrame:
    """Turn the wide form into the long one; a photo without any grade keeps one row."""
    graded = [name for name in table if name in GRADE_COLUMNS]
    kept = [name for name in table if name not in GRADE_COLUMNS]
    long = table.melt(id_vars=kept, value_vars=graded, var_name="place", value_name="grade")
    long = long[long["grade"] != ""]
    places = [GRADE_COLUMNS[place] for place in long["place"]]
    long = long.drop(columns="place").assign(
        zone=[zone.value for zone, _ in places], concern=[concern.value for _, concern in places]
    )
    silent = table.loc[~table["row"].isin(long["row"]), kept].assign(zone="", concern="", grade="")
    both = pd.concat([long, silent], ignore_index=True).assign(attribute="", value="")
    return both.sort_values("row", kind="stable", ignore_index=True)


def _with_numbers(long: pd.DataFrame) -> pd.DataFrame:
    cells = [grade_cells.parse(text) for text in long["grade"]]
    known = [cell or grade_cells.BLANK for cell in cells]
    texts = long.astype(object).astype({"row": int}).reset_index(drop=True)
    return texts.assign(
        low=[cell.low for cell in known],
        high=[cell.high for cell in known],
        assessable=[cell.assessable for cell in known],
        readable=[cell is not None for cell in cells],
        px_per_mm_text=list(long["px_per_mm"]),
        px_per_mm=pd.to_numeric(long["px_per_mm"].replace("", None), errors="coerce").to_numpy(
            dtype=float
        ),
    )


def _columns_refused(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("manifest_invalid", found, allowed)

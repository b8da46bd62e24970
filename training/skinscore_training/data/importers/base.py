"""What every importer gives: photos, grades and other facts, as the publisher meant them.

An importer is a function from the folder that a publisher delivers to an :class:`Imported`. It maps
only what a label means, keeps the source's scale, takes no answer for a missing one, and refuses a
folder that is not laid out as published, before anything is written. What importers share lives
here; one that uses most of it imports the module (``base.Photo``), not a list of its names.
"""

import csv
import filecmp
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from skinscore.domain.concerns import Concern
from skinscore.domain.document import field_problems
from skinscore.domain.zones import View, Zone
from skinscore.errors import RequestRefused
from skinscore_training.data import pseudonyms
from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.splits import Part

Track = Callable[[Sequence[Path]], Iterable[Path]]  # shows progress over files

Model = TypeVar("Model", bound=BaseModel)

PHOTO_SUFFIXES: Final = (".jpg", ".jpeg", ".png")
_TOLD: Final = 500  # characters of a list of problems; a file can have one per lesion


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published set, as its rows name it."""

    name: str  # what the user types
    label_source: str  # publisher and version
    licence: str  # what it is and what it asks; a reading, not legal advice
    use: Use
    subject_kind: SubjectKind | None  # None: its photos say it, each for itself
    personal_names: bool = False  # file names may hold a person's name: photos are copied

    def subject(self, identity: str) -> str:
        """Return the pseudonym of a person, case or photo that this set calls ``identity``."""
        return pseudonyms.published(self.name, identity)


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of the set."""

    path: Path
    subject: str  # pseudonym
    view: View | None = None
    visit: str = ""
    split: Part | None = None
    px_per_mm: float | None = None
    zone: Zone | None = None  # the one that a close-up shows, graded or not
    subject_kind: SubjectKind | None = None  # None: as the set says


@dataclass(frozen=True, slots=True)
class Grade:
    """What a rater said of one zone."""

    photo: Photo
    zone: Zone
    concern: Concern
    scale: str
    cell: str  # as skinscore_training.data.grade_cells writes it
    rater: str
    prelabelled: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """Something else that is known of a photo; see skinscore_training.data.attributes."""

    photo: Photo
    attribute: str
    value: str | Path
    rater: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A photo of which nothing is known."""

    photo: Photo


Entry = Grade | Said | Listed


@dataclass(slots=True)
class Imported:
    """Everything that one set gives."""

    dataset: Dataset
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out, and why


def layout_refused(
    dataset: str, found: str, allowed: str, remedy: str | None = None
) -> RequestRefused:
    """Return the refusal of a folder that is not laid out as published; ``remedy`` is for what is
    no published set.
    """
    return RequestRefused("dataset_layout", f"{dataset}: {found}", allowed, remedy)


def read_csv(dataset: str, path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a publisher's CSV.

    Raises:
        RequestRefused: ``dataset_layout`` when it is missing, no UTF-8 CSV or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.DictReader(text))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise layout_refused(
            dataset, f"{path.name} cannot be read ({type(problem).__name__})", "a UTF-8 CSV"
        ) from None
    columns = set(rows[0]) if rows else set()
    if lost := [name for name in needed if name not in columns]:
        raise layout_refused(
            dataset, f"{path.name} lacks {', '.join(lost)}", f"columns {', '.join(needed)}"
        )
    return [{name: (value or "").strip() for name, value in row.items() if name} for row in rows]


def number(dataset: str, place: str, text: str, unknown: Sequence[str] = ("",)) -> float | None:
    """Return the number in a publisher's cell; None where the publisher does not know it.

    Args:
        place: file, row and column, for the refusal.
        unknown: what the publisher writes there when it is not known.

    Raises:
        RequestRefused: ``dataset_layout`` when it is neither; the cell is not repeated.
    """
    if text in unknown:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    none = " or ".join(word or "nothing" for word in unknown)
    raise layout_refused(dataset, f"{place} is no number", f"a number, or {none} if not known")


def read_document(dataset: str, path: Path, model: type[Model]) -> Model:
    """Return a JSON file, which may begin with a byte order mark, as ``model``.

    Raises:
        RequestRefused: ``dataset_layout``, naming wrong fields and never their values.
    """
    try:
        return model.model_validate_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        found = f"cannot be read ({type(problem).__name__})"
    except ValidationError as problem:
        found = f"has {problem.error_count()} problems: {field_problems(problem)[:_TOLD]}"
    raise layout_refused(dataset, f"{path.name} {found}", "the file as published")


def first_folder(dataset: str, source: Path, names: Sequence[str]) -> Path:
    """Return the first of several published places that exists.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    for name in names:
        if (source / name).is_dir():
            return source / name
    raise layout_refused(dataset, "a folder is missing", f"one of {', '.join(names)} in SRC")


def by_name(
    dataset: str,
    folder: Path,
    suffixes: Sequence[str] = PHOTO_SUFFIXES,
    any_case: bool = False,
) -> dict[str, Path]:
    """Return the photos of ``folder`` and its subfolders by their name.

    Args:
        any_case: names that differ by case alone are one, and returned in lower case.

    Raises:
        RequestRefused: ``dataset_layout`` when two different photos have one name.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in suffixes or not path.is_file():
            continue
        first = found.setdefault(path.name.lower() if any_case else path.name, path)
        if first is not path and not filecmp.cmp(first, path, shallow=False):
            raise layout_refused(
                dataset,
                "two different photos below SRC have one name",
                "one copy of the set, such as the originals or the small ones",
            )
    return found


def left_out(count: int, what: str) -> list[str]:
    """Return the note that ``count`` things were left out; none when it is 0."""
    return [f"{count} {what}"] if count else []

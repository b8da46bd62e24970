"""The two Parquet tables and the summary: built from the journal, whole or not at all.

``photos.parquet`` has one row per input file that SOURCE has now, ordered by path;
``grades.parquet`` one row per photo, zone and concern, ordered by sha256, zone and concern. Equal
bytes under two names are two files and one photo; the tables join on ``sha256``. Timings stand in
``photos.parquet`` and ``summary.json`` only, so that two runs give the same ``grades.parquet``
byte for byte.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skinscore.archive.journal import Journal
from skinscore.archive.out import replace_file
from skinscore.archive.records import FileLine, ScoreLine, Settings
from skinscore.domain.assessment import ConcernGrade, Outcome, PhotoRecord
from skinscore.domain.zones import ZONES, Zone

if TYPE_CHECKING:
    import pyarrow

PHOTOS: Final = "photos.parquet"
GRADES: Final = "grades.parquet"
ROWS_AT_ONCE: Final = 32_768  # a row group: bounds the memory, whatever the archive's size

Row = dict[str, Any]


class Counts:
    """How many files had which outcome and, unless graded, which deciding code."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter({outcome.value: 0 for outcome in Outcome})
        self.codes: Counter[str] = Counter()
        self.photos = 0  # distinct by their bytes
        self.grade_rows = 0


def write_tables(
    journal: Journal, out: Path, settings: Settings, names: AbstractSet[str]
) -> Counts:
    """Write both tables from what the journal knows and return the counts.

    Args:
        names: of the files that SOURCE has; what was renamed, deleted or withdrawn since stays in
            the journal only.

    Raises:
        InternalFault: ``internal`` when a table cannot be written; the old ones still stand.
    """
    counts = Counts()
    photos, grades = _schemas(settings)
    files = {name: journal.known.files[name] for name in sorted(names & journal.known.files.keys())}
    _write(out / PHOTOS, photos, _photo_rows(journal, files, settings, counts))
    _write(out / GRADES, grades, _grade_rows(journal, files, counts))
    return counts


def _photo_rows(
    journal: Journal, files: Mapping[str, FileLine], settings: Settings, counts: Counts
) -> Iterator[Row]:
    first_name: dict[str, str] = {}
    for name, file in files.items():
        if file.sha256 is None:
            row = _photo_row(file, None, None, settings)
        elif file.sha256 in journal.known.scores:
            twin = first_name.setdefault(file.sha256, name)
            line = journal.score(file.sha256)
            row = _photo_row(file, line, None if twin == name else twin, settings)
        else:
            continue  # read, but the run ended before it was scored
        counts.outcomes[row["outcome"]] += 1
        if row["code"] is not None:
            counts.codes[row["code"]] += 1
        yield row
    counts.photos = len(first_name)


def _photo_row(
    file: FileLine, line: ScoreLine | None, duplicate_of: str | None, settings: Settings
) -> Row:
    photo = None if line is None else line.score.photo
    outcome, codes = _outcome(file, photo)
    tone = None if line is None else line.score.skin_tone
    return {
        "path": file.name,
        "sha256": file.sha256,
        "duplicate_of": duplicate_of,
        "outcome": outcome.value,
        "code": None if outcome is Outcome.GRADED else codes[0],
        "codes": list(codes),
        "bytes": file.bytes,
        "width": photo and photo.width,
        "height": photo and photo.height,
        "colour_profile": photo and photo.colour_profile,
        "view": photo and photo.view and photo.view.value,
        "px_per_mm": photo and photo.px_per_mm,
        "yaw_deg": photo and photo.yaw_deg,
        "pitch_deg": photo and photo.pitch_deg,
        "roll_deg": photo and photo.roll_deg,
        "ita_deg": tone and tone.ita_deg,
        "gate": settings.gate.value,
        "model_name": settings.model_name,
        "model_version": settings.model_version,
        "contract_digest": settings.contract_digest,
        "attempts": file.attempts if line is None else max(file.attempts, line.attempts),
        "read_ms": file.read_ms,
        "score_ms": line and line.score.score_ms,
        "detail": line and line.score.detail,
    }


def _outcome(file: FileLine, photo: PhotoRecord | None) -> tuple[Outcome, tuple[str, ...]]:
    if photo is not None:
        return photo.outcome, photo.codes
    assert file.outcome is not None  # a file without bytes carries its outcome
    return file.outcome, file.codes


def _grade_rows(journal: Journal, files: Mapping[str, FileLine], counts: Counts) -> Iterator[Row]:
    # Only photos that a file still names: a file that was replaced leaves its old score behind.
    named = {file.sha256 for file in files.values()}
    for sha256 in sorted(journal.known.scores.keys() & named):
        for row in sorted(journal.score(sha256).score.zones, key=lambda row: _place(row.zone)):
            for grade in row.grades:
                counts.grade_rows += 1
                yield _grade_row(sha256, row.zone, grade)


def _grade_row(sha256: str, zone: Zone, grade: ConcernGrade) -> Row:
    probabilities = grade.probabilities or (None,) * 5
    low, high = grade.likely_range or (None, None)
    return {
        "sha256": sha256,
        "zone": zone.value,
        "concern": grade.concern.value,
        "assessable": grade.assessable,
        "grade": grade.grade,
        "score": grade.score,
        **{f"p{value}": share for value, share in enumerate(probabilities)},
        "lo": low,
        "hi": high,
        "codes": list(grade.codes),
    }


def _place(zone: Zone) -> int:
    return ZONES.index(zone)


def _schemas(settings: Settings) -> "tuple[pyarrow.Schema, pyarrow.Schema]":
    """The columns; ``codes`` is never null, a null elsewhere means that there is no such value."""
    import pyarrow as pa

    text, codes, real = pa.string(), pa.list_(pa.string()), pa.float64()
    photos = {
        **dict.fromkeys(("path", "sha256", "duplicate_of", "outcome", "code"), text),
        "codes": codes,
        "bytes": pa.int64(),
        "width": pa.int32(),
        "height": pa.int32(),
        "colour_profile": text,
        "view": text,
        **dict.fromkeys(("px_per_mm", "yaw_deg", "pitch_deg", "roll_deg", "ita_deg"), real),
        **dict.fromkeys(("gate", "model_name", "model_version", "contract_digest"), text),
        "attempts": pa.int32(),
        "read_ms": real,
        "score_ms": real,
        "detail": text,
    }
    grades = {
        **dict.fromkeys(("sha256", "zone", "concern"), text),
        "assessable": pa.bool_(),
        "grade": pa.int8(),
        **dict.fromkeys(("score", "p0", "p1", "p2", "p3", "p4"), real),
        "lo": pa.int8(),
        "hi": pa.int8(),
        "codes": codes,
    }
    stamp = {"skinscore.settings_token": settings.token}
    return (
        pa.schema(photos, metadata={**stamp, "skinscore.schema": "skinscore.photos/1"}),
        pa.schema(grades, metadata={**stamp, "skinscore.schema": "skinscore.grades/1"}),
    )


def _write(path: Path, schema: "pyarrow.Schema", rows: Iterator[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    def write(draft: Path) -> None:
        # An open file: Arrow takes no path that is not UTF-8, and takes some for addresses.
        with (
            draft.open("wb") as file,
            parquet.ParquetWriter(file, schema, compression="zstd") as table,
        ):
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                table.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))

    replace_file(path, write)

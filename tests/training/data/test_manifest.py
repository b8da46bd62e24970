"""The manifest of graded photos tells every mistake at once, by spreadsheet row."""

from pathlib import Path

import numpy as np
import pytest

from skinscore.errors import RequestRefused
from skinscore_training.data.manifest import read_manifest

HEADER = "photo,subject,zone,concern,grade,rater\n"
GOOD = (
    "a.jpg,p1,chin,wrinkles,2.5,r1\na.jpg,p1,chin,wrinkles,,r2\nb.jpg,p2,nose,pigmentation,0,r1\n"
)


def manifest(folder: Path, rows: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(HEADER + rows)
    return path


def test_a_good_manifest_keeps_blanks_as_missing(tmp_path: Path) -> None:
    table = read_manifest(manifest(tmp_path, GOOD))
    assert table["grade"].tolist()[::2] == [2.5, 0.0]
    assert np.isnan(table["grade"][1])


def test_parquet_reads_like_csv(tmp_path: Path) -> None:
    table = read_manifest(manifest(tmp_path, GOOD))
    table.to_parquet(tmp_path / "manifest.parquet")
    assert read_manifest(tmp_path / "manifest.parquet").equals(table)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c.jpg,p3,chin,wrinkles,5,r1\n", r"grade is not 0..4 in halves in 1 rows \(5\)"),
        ("c.jpg,p3,chin,wrinkles,2.3,r1\n", r"grade is not 0..4 in halves in 1 rows \(5\)"),
        ("c.jpg,p3,chin,wrinkles,bad,r1\n", r"grade is not a number in 1 rows \(5\)"),
        ("c.jpg,p3,cheek,wrinkles,1,r1\n", r"zone is not known in 1 rows \(5\)"),
        ("c.jpg,p3,chin,acne,1,r1\n", r"concern is not known in 1 rows \(5\)"),
        ("c.jpg,,chin,wrinkles,1,r1\n", r"subject is blank in 1 rows \(5\)"),
        ("a.jpg,p1,chin,wrinkles,1,r1\n", r"rater repeat in 2 rows \(2, 5\)"),
        ("a.jpg,p9,nose,wrinkles,1,r1\n", r"several subjects in 3 rows \(2, 3, 5\)"),
    ],
)
def test_a_mistake_is_named_with_its_rows(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(RequestRefused, match=message) as refusal:
        read_manifest(manifest(tmp_path, GOOD + row))
    assert refusal.value.code == "manifest_invalid"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    rows = "c.jpg,p3,cheek,acne,9,r1\nc.jpg,,chin,wrinkles,1,r1\n"
    with pytest.raises(RequestRefused) as refusal:
        read_manifest(manifest(tmp_path, rows))
    for part in ("zone is not", "concern is not", "grade is not", "subject is blank"):
        assert part in str(refusal.value)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("photo,zone\na.jpg,chin\n")
    with pytest.raises(RequestRefused, match="columns missing: subject, concern, grade, rater"):
        read_manifest(path)

"""Manifests made by hand, with one cell changed at a time."""

import csv
from pathlib import Path

from skinscore_training.data.columns import SCHEMA

Row = dict[str, str]

LONG: Row = {
    "schema": SCHEMA,
    "photo": "a.jpg",
    "subject": "p1",
    "subject_kind": "person",
    "zone": "chin",
    "concern": "wrinkles",
    "grade": "2",
    "rater": "r1",
    "scale": "engine_0_4",
    "label_source": "clinic, first round",
    "licence": "own photos, consent form 3",
    "use": "training",
}
WIDE: Row = {name: cell for name, cell in LONG.items() if name not in ("zone", "concern", "grade")}


def write(folder: Path, *rows: Row, name: str = "manifest.csv") -> Path:
    """Write rows, each over the last's columns, as CSV."""
    path = folder / name
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", encoding="utf-8", newline="") as text:
        table = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return path


def long(**cells: str) -> Row:
    return LONG | cells


def wide(**cells: str) -> Row:
    return WIDE | cells


def another(photo: bytes, number: int) -> bytes:
    """The same JPEG picture in other bytes: a comment behind its first marker."""
    return photo[:2] + b"\xff\xfe\x00\x03" + bytes([number]) + photo[2:]

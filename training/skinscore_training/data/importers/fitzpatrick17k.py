"""Fitzpatrick17k: atlas photos with condition names and two annotations of skin type. No severity.

    fitzpatrick17k.csv and the photos as <md5hash>.jpg, anywhere below SRC

The CSV holds links, not photos: rows without a file are counted and left out. -1 means that the
type is not known; the two annotation services often differ, so both are kept.
"""

from pathlib import Path
from typing import Final

from skinscore_training.data import pseudonyms
from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers.base import (
    Dataset,
    Imported,
    Photo,
    Said,
    Track,
    by_name,
    left_out,
    number,
    read_csv,
)

DATASET: Final = Dataset(
    name="fitzpatrick17k",
    label_source="Fitzpatrick17k (Groh and others, MIT Media Lab)",
    licence="CC BY-NC-SA 3.0: no commercial use, share alike; the photos are two atlases'",
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
)
CSV: Final = "fitzpatrick17k.csv"
UNKNOWN: Final = ("", "-1")
WRONG: Final = "3 Wrongly labelled"

_TYPES: Final = {"fitzpatrick_scale": "f17k-scale", "fitzpatrick_centaur": "f17k-centaur"}


def read(source: Path, track: Track) -> Imported:
    """Return condition and skin types of every photo that has a file.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    rows = read_csv(DATASET.name, source / CSV, ("md5hash", "label", "qc", *_TYPES))
    photos = {Path(name).stem: path for name, path in by_name(DATASET.name, source).items()}
    found = Imported(DATASET)
    wrong = lost = 0
    for line, row in enumerate(rows, 2):
        if row["qc"] == WRONG:
            wrong += 1
        elif (path := photos.get(row["md5hash"])) is None:
            lost += 1
        else:
            photo = Photo(path, pseudonyms.published(DATASET.name, row["md5hash"]))
            found.entries.append(Said(photo, "condition", row["label"], "f17k-atlas"))
            found.entries += [
                Said(photo, "fitzpatrick_type", f"{value:g}", rater)
                for column, rater in _TYPES.items()
                if (value := _type(line, column, row[column])) is not None
            ]
    found.notes += left_out(wrong, "rows are marked as wrongly labelled: left out")
    found.notes += left_out(lost, "rows have no photo below SRC")
    return found


def _type(line: int, column: str, text: str) -> float | None:
    return number(DATASET.name, f"{CSV} row {line}: {column}", text, UNKNOWN)

"""PAD-UFES-20: phone close-ups of single lesions. No grade of ours; skin type and age for tests.

    metadata.csv     photos in images/ or imgs_part_1/ .. imgs_part_3/

``fitspatrick`` (sic) is a float or empty; other columns say ``UNK`` for what is not known, and it
is taken for the same here. Patients are known: splits are made by them.
"""

from pathlib import Path
from typing import Final

from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers import base

DATASET: Final = base.Dataset(
    name="pad-ufes-20",
    label_source="PAD-UFES-20 (Pacheco and others, 2020)",
    licence="CC BY 4.0: name the authors",
    use=Use.TRAINING,
    subject_kind=SubjectKind.PERSON,
)
DIAGNOSES: Final = ("NEV", "BCC", "ACK", "SEK", "SCC", "MEL")
UNKNOWN: Final = ("", "UNK")
FOLDERS: Final = ("images", "imgs_part_1", "imgs_part_2", "imgs_part_3")

_NUMBERS: Final = (("age", "age_years", ""), ("fitspatrick", "fitzpatrick_type", "pad"))


def read(source: Path, track: base.Track) -> base.Imported:
    """Return diagnosis, skin type and age of every photo.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    needed = ("patient_id", "age", "fitspatrick", "diagnostic", "img_id")
    rows = base.read_csv(DATASET.name, source / "metadata.csv", needed)
    photos: dict[str, Path] = {}
    for name in FOLDERS:
        if (source / name).is_dir():
            photos |= base.by_name(DATASET.name, source / name)
    found = base.Imported(DATASET)
    lost = 0
    for number, row in enumerate(rows, 2):
        if row["diagnostic"] not in DIAGNOSES:
            raise base.layout_refused(
                DATASET.name, f"row {number} has another diagnostic", ", ".join(DIAGNOSES)
            )
        if (path := photos.get(row["img_id"])) is None:
            lost += 1
            continue
        photo = base.Photo(path, DATASET.subject(row["patient_id"]))
        found.entries.append(base.Said(photo, "condition", row["diagnostic"], "pad-diagnostic"))
        for column, attribute, rater in _NUMBERS:
            place = f"metadata.csv row {number}: {column}"
            value = base.number(DATASET.name, place, row[column], UNKNOWN)
            if value is not None:
                found.entries.append(base.Said(photo, attribute, f"{value:g}", rater))
    found.notes += base.left_out(lost, f"rows have no photo in {', '.join(FOLDERS)}")
    return found

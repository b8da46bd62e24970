"""DDI: biopsied lesions over skin tones. No grade of ours; for tone-stratified tests.

    ddi_metadata.csv: [index,]DDI_file,skin_tone,malignant,disease
    photos beside it, or in images/

``skin_tone`` 12, 34 and 56 is a code for a pair of Fitzpatrick types, not a number.
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
    layout_refused,
    left_out,
    read_csv,
)

DATASET: Final = Dataset(
    name="ddi",
    label_source="DDI (Stanford AIMI, 2022)",
    licence="Stanford research use agreement",
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
)
TONES: Final = ("12", "34", "56")


def read(source: Path, track: Track) -> Imported:
    """Return disease name and tone pair of every photo.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    rows = read_csv(DATASET.name, source / "ddi_metadata.csv", ("DDI_file", "skin_tone", "disease"))
    found = Imported(DATASET)
    lost = 0
    for number, row in enumerate(rows, 2):
        if row["skin_tone"] not in TONES:
            raise layout_refused(
                DATASET.name, f"row {number} has another skin_tone", ", ".join(TONES)
            )
        places = [folder / row["DDI_file"] for folder in (source, source / "images")]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            lost += 1
            continue
        photo = Photo(path, pseudonyms.published(DATASET.name, row["DDI_file"]))
        found.entries += [
            Said(photo, "condition", row["disease"], "ddi-biopsy"),
            Said(photo, "fitzpatrick_pair", row["skin_tone"], "ddi"),
        ]
    found.notes += left_out(lost, "rows have no photo")
    return found

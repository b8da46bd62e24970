"""ACNE04-v2: new circles around ACTIVE acne lesions in ACNE04 photos. It says nothing about scars.

    Acne04-v2_annotations.json (or sample_...)   beside or above the ACNE04 photos

Only the number of lesions per photo is taken. It is not the ACNE04 severity, nor can that be
derived from it: two expert teams agree on a third of the photos that way.
"""

from collections import Counter
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers.acne04 import photos_of
from skinscore_training.data.importers.base import (
    Dataset,
    Imported,
    Said,
    Track,
    layout_refused,
    left_out,
    read_document,
)

DATASET: Final = Dataset(
    name="acne04-v2",
    label_source="ACNE04-v2 (AcneAI, MICCAI 2024)",
    licence="no licence stated: all rights reserved; the photos are ACNE04's, academic usage only",
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
)
NAMES: Final = ("Acne04-v2_annotations.json", "sample_Acne04-v2_annotations.json")


class _Image(BaseModel):
    model_config = ConfigDict(strict=True)
    id: int
    file_name: str


class _Circle(BaseModel):
    model_config = ConfigDict(strict=True)
    image_id: int
    radius: float
    coordinates: tuple[float, float]


class _File(BaseModel):
    model_config = ConfigDict(strict=True)
    images: list[_Image]
    annotations: list[_Circle]


def read(source: Path, track: Track) -> Imported:
    """Return the number of active lesions per photo.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    path = next((source / name for name in NAMES if (source / name).is_file()), None)
    if path is None:
        raise layout_refused(DATASET.name, "the annotations are missing", " or ".join(NAMES))
    file = read_document(DATASET.name, path, _File)
    names = {image.id: image.file_name.lower() for image in file.images}
    if any(circle.image_id not in names for circle in file.annotations):
        raise layout_refused(DATASET.name, "a lesion belongs to no image", "image_id of an image")
    lesions = Counter(names[circle.image_id] for circle in file.annotations)
    photos = photos_of(source)
    found = Imported(DATASET)
    found.entries += [
        Said(photos[name], "active_acne_lesions", str(lesions[name]), "acne04-v2")
        for name in sorted(names.values())
        if name in photos
    ]
    lost = len(set(names.values()) - photos.keys())
    found.notes += left_out(lost, "annotated photos have no file below SRC")
    return found

"""AcneSCU: outlined lesions in VISIA photos, scars and melasma among them. Where, not how severe.

    annotations/acne_{train,valid,test}.json   (or below ACNE_seg/) COCO instance polygons
    images/   valid_patch/   test_patch/

Number and area share per photo are taken for atrophic scars, hypertrophic scars and melasma. They
are no grade: not Goodman-Baron, not ECCA, not ours. FILE NAMES HOLD SURNAMES AND TIMES: photos are
copied under names made of their bytes, and no message shows one.
"""

from collections import defaultdict
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from skinscore_training.data import pseudonyms
from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers import base
from skinscore_training.data.splits import Part

DATASET: Final = base.Dataset(
    name="acne-scu",
    label_source="AcneSCU (Sichuan University, West China Hospital)",
    licence="non-commercial",
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
    personal_names=True,
)
FILES: Final = {"train": Part.TRAIN, "valid": Part.CALIBRATION, "test": Part.TEST}
OURS: Final = {6: "atrophic_scar", 7: "hypertrophic_scar", 8: "melasma"}


class _Category(BaseModel):
    model_config = ConfigDict(strict=True)
    id: int
    name: str


class _Image(BaseModel):
    model_config = ConfigDict(strict=True)
    id: int
    file_name: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class _Instance(BaseModel):
    model_config = ConfigDict(strict=True)
    image_id: int
    category_id: int
    area: float = Field(ge=0)


class _File(BaseModel):
    model_config = ConfigDict(strict=True)
    images: list[_Image]
    annotations: list[_Instance]
    categories: list[_Category]


def read(source: Path, track: base.Track) -> base.Imported:
    """Return how many scars and melasma patches each photo shows, and how much of it they cover.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    root = source / "ACNE_seg" if (source / "ACNE_seg").is_dir() else source
    photos = base.by_name(DATASET.name, root)
    paths = [root / "annotations" / f"acne_{name}.json" for name in FILES]
    found = base.Imported(DATASET)
    lost = 0
    for path, part in zip(track(paths), FILES.values(), strict=True):
        file = _read(path)
        areas: dict[tuple[int, int], list[float]] = defaultdict(list)
        for instance in file.annotations:
            areas[instance.image_id, instance.category_id].append(instance.area)
        for image in file.images:
            name = image.file_name.replace("\\", "/").rpartition("/")[2]
            if name not in photos:
                lost += 1
                continue
            subject = DATASET.subject(pseudonyms.of_bytes(photos[name].read_bytes()))
            photo = base.Photo(photos[name], subject, split=part)
            for category, ours in OURS.items():
                of_photo = areas[image.id, category]
                share = min(1.0, sum(of_photo) / (image.width * image.height))
                found.entries += [
                    base.Said(photo, f"{ours}_instances", str(len(of_photo)), DATASET.name),
                    base.Said(photo, f"{ours}_area", f"{share:.6f}", DATASET.name),
                ]
    found.notes += base.left_out(lost, "annotated photos have no file")
    return found


def _read(path: Path) -> _File:
    file = base.read_document(DATASET.name, path, _File)
    names = {category.id: category.name for category in file.categories}
    if any(names.get(number) != name for number, name in OURS.items()):
        raise base.layout_refused(
            DATASET.name,
            f"{path.name} numbers its categories otherwise",
            ", ".join(f"{number} {name}" for number, name in OURS.items()),
        )
    return file

"""FFHQ-Wrinkle: wrinkle lines drawn by hand on 1,000 FFHQ photos. Lines are no grade.

    images1024x1024/00000/00001.png      from FFHQ; folder = number // 1000 * 1000
    manual_wrinkle_masks/00001.png       (or manual-wrinkle-masks) 8-bit grey, flat
    test_file_lists.txt                  optional: five-digit numbers of the test photos

The set's 50,000 "weak masks" are a texture map, not wrinkles: they are not read. The crease of the
upper lid is often drawn as a wrinkle and has no place in any zone of ours.
"""

import re
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
    first_folder,
    layout_refused,
    left_out,
)
from skinscore_training.data.splits import Part

DATASET: Final = Dataset(
    name="ffhq-wrinkle",
    label_source="FFHQ-Wrinkle (LABHAI, ICPR 2024)",
    licence="CC BY-NC-SA 4.0 like FFHQ: no commercial use, share alike",
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
)
MASKS: Final = ("manual_wrinkle_masks", "manual-wrinkle-masks")
TEST_LIST: Final = "test_file_lists.txt"

_NAME: Final = re.compile(r"\d{5}")


def read(source: Path, track: Track) -> Imported:
    """Return the drawn mask of every photo that has one.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    masks = sorted(first_folder(DATASET.name, source, MASKS).glob("*.png"))
    photos = first_folder(DATASET.name, source, ("images1024x1024",))
    tests = _test_numbers(source / TEST_LIST)
    found = Imported(DATASET)
    lost = 0
    for mask in track(masks):
        if _NAME.fullmatch(mask.stem) is None:
            raise layout_refused(DATASET.name, "a mask has another name", "five digits, .png")
        path = photos / f"{int(mask.stem) // 1000 * 1000:05d}" / f"{mask.stem}.png"
        if not path.is_file():
            lost += 1
            continue
        split = None if not tests else Part.TEST if mask.stem in tests else Part.TRAIN
        photo = Photo(path, pseudonyms.published("ffhq", mask.stem), split=split)
        found.entries.append(Said(photo, "wrinkle_mask", mask, "ffhq-wrinkle"))
    found.notes += left_out(lost, "masks have no photo")
    if not masks:
        raise layout_refused(DATASET.name, "no drawn mask found", "00001.png and so on")
    return found


def _test_numbers(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    numbers = path.read_text(encoding="utf-8-sig").split()
    if any(_NAME.fullmatch(number) is None for number in numbers):
        raise layout_refused(DATASET.name, f"{TEST_LIST} holds other words", "five-digit numbers")
    return set(numbers)

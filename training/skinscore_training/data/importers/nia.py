"""NIA / AI-Hub 71645: Korean faces with dermatologists' wrinkle and pigmentation grades by zone.

Published in two layouts, both read here:

    .../Training/01.*/TS*/1. */0002/0002_01_F.jpg      .../02.*/TL*/1. */0002/0002_01_F_01.json
    img/01/0002/0002_01_F.jpg                          label/01/0002/0002_01_F_01.json

One label file per photo and facial part. What to know of them:

- ``l_`` and ``r_`` are the picture's sides: ``l_cheek`` is the subject's right cheek. Frontal
  photos prove it, or the import is refused.
- A grade belongs to the person; it is repeated in every view and device. Where a part has no box
  in a view, it is not visible there and gives no row.
- ``skin_type`` is a survey code (dry, oily), not Fitzpatrick, and is not read. Pores, sagging and
  dryness are not ours. Equipment values share keys with grades and are not read.
- There are no scar grades.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from skinscore.domain.concerns import Concern
from skinscore.domain.zones import View, Zone
from skinscore_training.data import pseudonyms
from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers.base import (
    Dataset,
    Grade,
    Imported,
    Photo,
    Said,
    Track,
    layout_refused,
    left_out,
    read_document,
)
from skinscore_training.data.scales import SCALES

DATASET: Final = Dataset(
    name="nia",
    label_source="NIA / AI-Hub 71645 (folder 028)",
    licence="AI-Hub terms; application needed. Reported to allow trained models; the approval "
    "letter can add conditions, and passing the data on needs separate agreement",
    use=Use.TRAINING,
    subject_kind=SubjectKind.PERSON,
)
RATER: Final = "nia-consensus"  # five dermatologists gave one grade
WRONG_SIDES: Final = 0.01  # share of frontal photos whose boxes may contradict the side rule

_DEVICES: Final = {"01": "digital_camera", "02": "tablet", "03": "phone"}
_VIEWS: Final = {  # the L views show the subject's left side
    **dict.fromkeys(("F", "Ft", "Fb"), View.FRONTAL),
    **dict.fromkeys(("L", "L15", "L30"), View.LEFT),
    **dict.fromkeys(("R", "R15", "R30"), View.RIGHT),
}
_STEM: Final = r"(?P<subject>\d{4})_(?P<device>0[123])_(?P<view>Ft|Fb|F|L15|L30|L|R15|R30|R)"
_PHOTO: Final = re.compile(rf"{_STEM}\.jpe?g", re.IGNORECASE)
_LABEL: Final = re.compile(rf"{_STEM}_(?P<part>0[0-8])\.json", re.IGNORECASE)

# Whole keys by facial part. None: known, and none of ours.
_OURS: Final[Mapping[int, Mapping[str, tuple[Zone, Concern, str] | None]]] = {
    0: {"acne": None},
    1: {
        "forehead_wrinkle": (Zone.FOREHEAD, Concern.WRINKLES, "nia_wrinkle_0_6"),
        "forehead_pigmentation": (Zone.FOREHEAD, Concern.PIGMENTATION, "nia_pigmentation_0_5"),
    },
    2: {"glabellus_wrinkle": (Zone.GLABELLA, Concern.WRINKLES, "nia_wrinkle_0_6")},
    3: {"l_perocular_wrinkle": (Zone.CROWS_FEET_RIGHT, Concern.WRINKLES, "nia_wrinkle_0_6")},
    4: {"r_perocular_wrinkle": (Zone.CROWS_FEET_LEFT, Concern.WRINKLES, "nia_wrinkle_0_6")},
    5: {
        "l_cheek_pigmentation": (Zone.CHEEK_RIGHT, Concern.PIGMENTATION, "nia_pigmentation_0_5"),
        "l_cheek_pore": None,
    },
    6: {
        "r_cheek_pigmentation": (Zone.CHEEK_LEFT, Concern.PIGMENTATION, "nia_pigmentation_0_5"),
        "r_cheek_pore": None,
    },
    7: {"lip_dryness": None},
    8: {"chin_sagging": None},
}
_PAIRS: Final = ((3, 4), (5, 6))  # left of the picture, right of the picture

PhotoKey = tuple[str, str, str]  # subject, device, view
Box = tuple[float, float, float, float]


class _Info(BaseModel):
    model_config = ConfigDict(strict=True)
    id: str
    filename: str
    age: int | None = None


class _Images(BaseModel):
    model_config = ConfigDict(strict=True)
    device: Literal[0, 1, 2]
    facepart: int
    bbox: tuple[float, float, float, float] | None


class _LabelFile(BaseModel):
    """What is read of a label file; its other keys are not ours."""

    model_config = ConfigDict(strict=True)
    info: _Info
    images: _Images
    annotations: dict[str, int | None] | None


@dataclass(frozen=True, slots=True)
class _Label:
    key: PhotoKey
    part: int
    age: int | None
    box: Box | None
    grades: dict[str, int]


def read(source: Path, track: Track) -> Imported:
    """Return every grade of wrinkles and pigmentation with age and device.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    photos, labels = _files(source)
    by_photo: dict[PhotoKey, list[_Label]] = defaultdict(list)
    for path in track(labels):
        label = _read_label(path)
        by_photo[label.key].append(label)
    found = Imported(DATASET)
    wrong_side = _photos_with_wrong_sides(by_photo)
    lost: Counter[str] = Counter()
    for key, of_photo in sorted(by_photo.items()):
        if key not in photos:
            lost["photos"] += 1
            continue
        lost["labels"] += len({label.part for label in of_photo}) < len(_OURS)
        photo = Photo(photos[key], pseudonyms.published(DATASET.name, key[0]), _VIEWS[key[2]])
        found.entries.append(Said(photo, "capture_device", _DEVICES[key[1]]))
        if (age := of_photo[0].age) is not None:
            found.entries.append(Said(photo, "age_years", str(age)))
        for label in sorted(of_photo, key=lambda label: label.part):
            if label.box is None:
                lost["parts"] += bool(_grades_of(label))
            elif key not in wrong_side or label.part < 3:
                found.entries += [
                    Grade(photo, zone, concern, scale, str(grade), RATER)
                    for zone, concern, scale, grade in _grades_of(label)
                ]
    found.notes += left_out(lost["photos"], "photos have labels but no file: left out")
    unlabelled = len(photos.keys() - by_photo.keys())
    found.notes += left_out(unlabelled, "photos have no label file: left out")
    found.notes += left_out(
        lost["labels"], f"photos have fewer than {len(_OURS)} label files: only those are read"
    )
    found.notes += left_out(lost["parts"], "graded parts are not visible in a view: left out there")
    found.notes += left_out(
        len(wrong_side), "frontal photos have their sides the other way round: sides left out"
    )
    found.notes += left_out(_torn_grades(by_photo), "grades of a person differ between photos")
    return found


def _files(source: Path) -> tuple[dict[PhotoKey, Path], list[Path]]:
    photos: dict[PhotoKey, Path] = {}
    labels: list[Path] = []
    strange = 0
    for path in sorted(source.rglob("*")):
        if named := _PHOTO.fullmatch(path.name):
            key = named["subject"], named["device"], named["view"]
            strange += not _at_home(path, key) or key in photos
            photos[key] = path
        elif named := _LABEL.fullmatch(path.name):
            strange += not _at_home(path, (named["subject"], named["device"], named["view"]))
            labels.append(path)
    if strange:
        raise layout_refused(
            DATASET.name,
            f"{strange} files lie in another folder than their name says, or twice",
            "DEVICE/SUBJECT/SUBJECT_DEVICE_VIEW... with device folders 01-03 or 1.-3.",
        )
    if not photos or not labels:
        packed = " (there are .zip files: unpack them first)" if any(source.rglob("*.zip")) else ""
        raise layout_refused(
            DATASET.name,
            f"{len(photos)} photos and {len(labels)} label files found{packed}",
            "0002/0002_01_F.jpg and 0002/0002_01_F_01.json below device folders",
        )
    return photos, labels


def _at_home(path: Path, key: PhotoKey) -> bool:
    """Whether the folders above say the same subject and device as the name.

    Of the device folder only the leading digits count: the Korean name behind them is spelt
    differently by every unpacking program.
    """
    leading = re.match(r"0?([123])\b", path.parent.parent.name)
    device = leading is not None and f"0{leading[1]}" == key[1]
    return device and path.parent.name == key[0]


def _read_label(path: Path) -> _Label:
    named = _LABEL.fullmatch(path.name)
    assert named is not None  # only such files are listed
    file = read_document(DATASET.name, path, _LabelFile)
    part = int(named["part"])
    photo_name = re.sub(r"_0[0-8]\.json$", "", path.name, flags=re.IGNORECASE)
    if (
        file.info.id != named["subject"]
        or Path(file.info.filename).stem != photo_name
        or file.images.facepart != part
        or file.images.device != int(named["device"]) - 1
    ):
        raise _label_refused(path, "speaks of another photo or part than its name")
    return _Label(
        (named["subject"], named["device"], named["view"]),
        part,
        file.info.age,
        file.images.bbox,
        _checked_grades(path, part, file.annotations or {}),
    )


def _checked_grades(path: Path, part: int, said: Mapping[str, Any]) -> dict[str, int]:
    known = _OURS[part]
    if unknown := sorted(said.keys() - known.keys()):
        raise _label_refused(path, f"has keys that part {part} never had: {', '.join(unknown)}")
    grades = {}
    for key, grade in said.items():
        if grade is None or (ours := known[key]) is None:
            continue  # not graded is not grade 0
        if not SCALES[ours[2]].holds(grade):
            raise _label_refused(path, f"has {key} {grade}, beyond {SCALES[ours[2]].allowed}")
        grades[key] = grade
    return grades


def _grades_of(label: _Label) -> list[tuple[Zone, Concern, str, int]]:
    found = []
    for key, grade in label.grades.items():
        if ours := _OURS[label.part][key]:
            found.append((*ours, grade))
    return found


def _photos_with_wrong_sides(by_photo: Mapping[PhotoKey, list[_Label]]) -> set[PhotoKey]:
    """Return frontal photos in which an ``l_`` box lies right of its ``r_`` box.

    Raises:
        RequestRefused: ``dataset_layout`` when they are more than ``WRONG_SIDES`` of those with
            both boxes: then ``l_`` does not mean what this importer takes it for.
    """
    judged: set[PhotoKey] = set()
    wrong: set[PhotoKey] = set()
    for key, labels in by_photo.items():
        centres = {label.part: label.box[0] + label.box[2] for label in labels if label.box}
        for left, right in _PAIRS:
            if key[2] == "F" and left in centres and right in centres:
                judged.add(key)
                if centres[left] >= centres[right]:
                    wrong.add(key)
    if len(wrong) > WRONG_SIDES * len(judged):
        raise layout_refused(
            DATASET.name,
            f"in {len(wrong)} of {len(judged)} frontal photos the l_ boxes lie on the right",
            f"l_ is the left of the picture; at most {WRONG_SIDES:.0%} may differ",
        )
    return wrong


def _torn_grades(by_photo: Mapping[PhotoKey, list[_Label]]) -> int:
    grades: dict[tuple[str, str], set[int]] = defaultdict(set)
    for key, labels in by_photo.items():
        for label in labels:
            for name, grade in label.grades.items():
                grades[key[0], name].add(grade)
    return sum(len(seen) > 1 for seen in grades.values())


def _label_refused(path: Path, what: str) -> Exception:
    return layout_refused(
        DATASET.name, f"label file {path.name} {what}", "the label files as published"
    )

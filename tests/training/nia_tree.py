"""A made-up NIA / AI-Hub 71645 tree in both published layouts, by formula.

Grades follow from the subject's number, so that a test can say what must come out.

``python -m tests.training.nia_tree FOLDER PEOPLE`` writes a tree whose photos hold faces that the
product accepts: the sample patient's, each person's a little brighter or darker. The grades are not
those of the faces. A model trained on it proves that the way is open, and nothing else.
"""

import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance

from skinscore.assets.shipped import sample_photos

PhotoBytes = Callable[[str], bytes]  # photo name -> file

FLAT, DELIVERED = "flat", "delivered"
VIEWS = {"01": ("F", "Ft", "Fb", "L15", "L30", "R15", "R30"), "02": ("F", "L", "R")}
DEVICES = {"01": "1. 디지털카메라", "02": "2. 스마트패드", "03": "3. 스마트폰"}
DELIVERY = "028.한국인 피부상태 측정 데이터/3.개방데이터/1.데이터"

BOXES = {  # left, top, right, bottom in a 2136 x 3216 px frontal photo; l_ lies left
    0: [200, 400, 1900, 3000],
    1: [434, 677, 1685, 1209],
    2: [900, 1100, 1200, 1400],
    3: [300, 1300, 600, 1500],
    4: [1500, 1300, 1800, 1500],
    5: [400, 1600, 800, 2200],
    6: [1300, 1600, 1700, 2200],
    7: [800, 2300, 1300, 2600],
    8: [800, 2700, 1300, 3000],
}
HIDDEN = {"L": (3, 5), "L15": (), "L30": (3, 5), "R": (4, 6), "R15": (), "R30": (4, 6)}


MAPPINGS = {
    "nia-wrinkle.yaml": """\
schema: skinscore.scale-mapping/1
scale: nia_wrinkle_0_6
basis: made up to show the way; nobody compared anything
grades: {0: [0, 0], 1: [1, 1], 2: [1, 2], 3: [2, 2], 4: [3, 3], 5: [3, 4], 6: [4, 4]}
""",
    "nia-pigmentation.yaml": """\
schema: skinscore.scale-mapping/1
scale: nia_pigmentation_0_5
basis: made up to show the way; nobody compared anything
grades: {0: [0, 0], 1: [1, 1], 2: [2, 2], 3: [2, 3], 4: [3, 3], 5: [4, 4]}
""",
}


def face(stem: str) -> bytes:
    """The sample patient in the view that ``stem`` names, as bright as the subject's number says.

    Other people have other bytes: the same photo of two subjects is an error of a manifest.
    """
    subject, _, view = stem.split("_")
    shown = {"L": "left", "R": "right"}.get(view[0], "frontal")
    path = next(path for path in sample_photos() if path.stem.endswith(shown))
    number, file = int(subject), BytesIO()
    with Image.open(path) as picture:
        lit = ImageEnhance.Brightness(picture).enhance(1 - 0.02 * (number % 8))
        lit.save(file, "JPEG", quality=80 + number // 8)
    return file.getvalue()


def grade(subject: int, key: str) -> int:
    """The grade that the tree gives ``subject``; ``l_`` and ``r_`` of one key always differ."""
    return (subject + sum(map(ord, key)) // 3) % (
        6 if "pigmentation" in key or "pore" in key else 7
    )


def annotations(subject: int, part: int) -> dict[str, int | None] | None:
    keys = {
        1: ("forehead_wrinkle", "forehead_pigmentation"),
        2: ("glabellus_wrinkle",),
        3: ("l_perocular_wrinkle",),
        4: ("r_perocular_wrinkle",),
        5: ("l_cheek_pigmentation", "l_cheek_pore"),
        6: ("r_cheek_pigmentation", "r_cheek_pore"),
        7: ("lip_dryness",),
        8: ("chin_sagging",),
    }
    if part == 0:
        return {"acne": None}
    return {key: grade(subject, key) for key in keys[part]}


def label(subject: int, device: str, view: str, part: int) -> dict[str, Any]:
    """One label file."""
    name = f"{subject:04d}"
    hidden = part in HIDDEN.get(view, ())
    return {
        "info": {
            "id": name,
            "filename": f"{name}_{device}_{view}.jpg",
            "gender": "F",
            "age": 20 + subject % 50,
            "date": "2023-01-02",
            "skin_type": 0,
            "sensitive": 0,
        },
        "images": {
            "device": int(device) - 1,
            "width": 2136,
            "height": 3216,
            "angle": 0,
            "facepart": part,
            "bbox": None if hidden else BOXES[part],
        },
        "annotations": annotations(subject, part),
        "equipment": {"l_cheek_pore": 512} if part == 5 else None,
    }


def build(
    root: Path,
    subjects: range,
    photo: PhotoBytes,
    layout: str = FLAT,
    devices: tuple[str, ...] = ("01", "02"),
) -> None:
    """Write the tree of ``subjects``; the last fifth of them is Validation when delivered."""
    for subject in subjects:
        validation = subject >= subjects.start + len(subjects) * 4 // 5
        for device in devices:
            photos, labels = _folders(root, subject, device, layout, validation)
            for view in VIEWS[device]:
                stem = f"{subject:04d}_{device}_{view}"
                (photos / f"{stem}.jpg").write_bytes(photo(stem))
                for part in range(9):
                    text = json.dumps(label(subject, device, view, part))
                    # Every other file begins with a byte order mark, as some published ones do.
                    encoding = "utf-8-sig" if part % 2 else "utf-8"
                    (labels / f"{stem}_{part:02d}.json").write_text(text, encoding=encoding)


def _folders(
    root: Path, subject: int, device: str, layout: str, validation: bool
) -> tuple[Path, Path]:
    name = f"{subject:04d}"
    if layout == FLAT:
        photos, labels = root / "img" / device / name, root / "label" / device / name
    else:
        part, code = ("Validation", "V") if validation else ("Training", "T")
        base = root / DELIVERY / part
        photos = base / "01.원천데이터" / f"{code}S" / DEVICES[device] / name
        labels = base / "02.라벨링데이터" / f"{code}L" / DEVICES[device] / name
    photos.mkdir(parents=True)
    labels.mkdir(parents=True)
    return photos, labels


if __name__ == "__main__":
    target, people = Path(sys.argv[1]), int(sys.argv[2])
    build(target, range(2, 2 + people), face, DELIVERED, devices=("02",))
    for name, text in MAPPINGS.items():
        (target / name).write_text(text)

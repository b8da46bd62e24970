"""ACNE04: severity of ACTIVE acne (Hayashi 0-3) in face photos. It says nothing about scars.

    Classification/JPEGImages/levle0_0.jpg              (sic) the digit behind "levle" is the grade
    Classification/NNEW_trainval_0.txt, NNEW_test_0.txt ... _4      "levle0_0.jpg  0  3"
    code/doctor-results/expert_a.txt                    optional, "385 levle1_465.jpg B", A-D = 0-3

Copies cut to 1024 px (``acne0_1024/levle0_1.jpg``) and Roboflow exports
(``levle0_213_jpg.rf.<32 hex>.jpg``, several versions of one source) are read too; such copies have
no lesion counts. Names are the same in any case. The same person recurs and no id tells: people
are not known.
"""

import re
from collections.abc import Mapping
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
    layout_refused,
    left_out,
)

LICENCE: Final = (
    "ACNE04: free for academic usage, ask the author for anything else. Identifiable patients"
)
DATASET: Final = Dataset(
    name="acne04",
    label_source="ACNE04 (Wu and others, ICCV 2019)",
    licence=LICENCE,
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
)
FOLDS: Final = 5

_NAME: Final = re.compile(r"levle(?P<grade>[0-3])_\d+\.jpe?g", re.IGNORECASE)
_ROBOFLOW: Final = re.compile(
    r"(?P<source>levle(?P<grade>[0-3])_\d+)(_\d+)*_jpg\.rf\.\w{32}\.jpg", re.IGNORECASE
)
_LETTERS: Final = {"A": "0", "B": "1", "C": "2", "D": "3"}


def read(source: Path, track: Track) -> Imported:
    """Return the severity of active acne per photo, lesion counts and doctors' answers.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    photos = photos_of(source)
    found = Imported(DATASET)
    for photo in photos.values():
        found.entries.append(Said(photo, "active_acne_hayashi", _grade(photo.path), "acne04-label"))
    folder = source / "Classification"
    if folder.is_dir():
        counts = _lesion_counts(folder)
        found.entries += [
            Said(photos[name], "active_acne_lesions", count, "acne04-label")
            for name, count in counts.items()
            if name in photos
        ]
        found.notes += left_out(len(counts.keys() - photos.keys()), "listed photos have no file")
    doctors = source / "code" / "doctor-results"
    strangers = 0
    for path in track(sorted(doctors.glob("*.txt"))):
        for name, grade in _answers(path):
            if name in photos:
                rater = f"acne04-{path.stem}"
                found.entries.append(Said(photos[name], "active_acne_hayashi", grade, rater))
            else:
                strangers += 1
    found.notes += left_out(strangers, "doctors' answers are about photos that have no file")
    return found


def photos_of(source: Path) -> dict[str, Photo]:
    """Return the photos by their published name, in lower case.

    Versions of one source share a subject.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    photos = {}
    for name, path in by_name("acne04", source, any_case=True).items():
        roboflow = _ROBOFLOW.fullmatch(name)
        if roboflow is None and _NAME.fullmatch(name) is None:
            continue
        origin = f"{roboflow['source']}.jpg" if roboflow else name
        photos[name] = Photo(path, pseudonyms.published("acne04", origin))
    if not photos:
        raise layout_refused("acne04", "no photo found", "levle0_0.jpg and so on below SRC")
    return photos


def _grade(path: Path) -> str:
    named = _NAME.fullmatch(path.name) or _ROBOFLOW.fullmatch(path.name)
    assert named is not None  # only such photos are listed
    return named["grade"]


def _lesion_counts(folder: Path) -> Mapping[str, str]:
    """Return name -> count; the folds repeat every photo, and have to agree."""
    counts: dict[str, str] = {}
    for fold in range(FOLDS):
        for part in ("trainval", "test"):
            path = folder / f"NNEW_{part}_{fold}.txt"
            for row, line in enumerate(_lines(path), 1):
                cells = line.split()
                named = _NAME.fullmatch(cells[0]) if len(cells) == 3 else None
                if named is None or named["grade"] != cells[1] or not cells[2].isdigit():
                    raise layout_refused(
                        "acne04",
                        f"{path.name} line {row} is another line than published",
                        "filename, severity (the digit in the name), lesion count",
                    )
                if counts.setdefault(cells[0].lower(), cells[2]) != cells[2]:
                    raise layout_refused(
                        "acne04", f"{path.name} line {row} contradicts another fold", "one count"
                    )
    return counts


def _answers(path: Path) -> list[tuple[str, str]]:
    answers = []
    for row, line in enumerate(_lines(path), 1):
        cells = line.split()
        if len(cells) != 3 or cells[2] not in _LETTERS:
            raise layout_refused(
                "acne04", f"{path.name} line {row} is no answer", "number, file, A to D"
            )
        answers.append((cells[1].lower(), _LETTERS[cells[2]]))
    return answers


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise layout_refused(
            "acne04", f"{path.name} cannot be read ({type(problem).__name__})", "a text file"
        ) from None
    return [line for line in text.splitlines() if line.strip()]

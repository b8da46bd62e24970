"""SCIN: volunteers' photos of skin conditions, with dermatologists' names for them. No severity.

    dataset/scin_cases.csv   dataset/scin_labels.csv   dataset/images/*.png

``case_id`` may be negative and longer than 2^53: it is text, never a number. A case is one
contribution, not one person. Taken are cases of the head or neck that are about acne or pigment;
nothing says where in the face a condition is, so nothing becomes a zone's grade. Some photos are
in several cases, as the publisher says; only the first keeps them.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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
    number,
    read_csv,
)

DATASET: Final = Dataset(
    name="scin",
    label_source="SCIN v1.0.0 (Google Research, Stanford Medicine)",
    licence="SCIN Data Use License: share with attribution under the same licence, "
    "no re-identification",
    use=Use.TRAINING,
    subject_kind=SubjectKind.CASE,
)
OUR_CATEGORIES: Final = ("PIGMENTARY_PROBLEM", "ACNE")
OUR_CONDITIONS: Final = ("melasma", "post-inflammatory hyperpigmentation", "acne")

_IMAGES: Final = (1, 2, 3)
_NO_TYPE: Final = ("", "NONE_IDENTIFIED", "NONE_SELECTED")
_TONES: Final = {
    "monk_skin_tone_label_india": "scin-lay-india",
    "monk_skin_tone_label_us": "scin-lay-us",
}
_LABELS: Final = "scin_labels.csv"


@dataclass(frozen=True, slots=True)
class _Label:
    """What annotators said of a case; rater -> what."""

    conditions: tuple[str, ...]
    types: dict[str, str]
    tones: dict[str, float]


_NOTHING: Final = _Label((), {}, {})


def read(source: Path, track: Track) -> Imported:
    """Return conditions, skin types and age bands of the cases that concern us.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    root = source if (source / "dataset").is_dir() else source.parent
    folder = root / "dataset"
    needed = ("case_id", "body_parts_head_or_neck", "related_category", "image_1_path")
    cases = read_csv(DATASET.name, folder / "scin_cases.csv", needed)
    labels = {
        row["case_id"]: _label(line, row)
        for line, row in enumerate(
            read_csv(DATASET.name, folder / _LABELS, ("case_id", "weighted_skin_condition_label")),
            2,
        )
    }
    found = Imported(DATASET)
    others = lost = repeated = 0
    taken: dict[str, str] = {}  # photo -> its case
    for case in cases:
        label = labels.get(case["case_id"], _NOTHING)
        if not _concerns_us(case, label.conditions):
            others += 1
            continue
        for image in _IMAGES:
            if not (name := case.get(f"image_{image}_path", "")):
                continue
            if not (root / name).is_file():
                lost += 1
                continue
            if taken.setdefault(name, case["case_id"]) != case["case_id"]:
                repeated += 1
                continue
            subject = pseudonyms.published(DATASET.name, case["case_id"])
            photo = Photo(root / name, subject)
            found.entries += _said(photo, case, label, image)
    found.notes += left_out(others, "cases are not about acne or pigment of head or neck: left out")
    found.notes += left_out(lost, "photos are named but have no file")
    found.notes += left_out(repeated, "photos are in an earlier case too: left out")
    return found


def _concerns_us(case: dict[str, str], conditions: tuple[str, ...]) -> bool:
    named = any(ours in name.lower() for name in conditions for ours in OUR_CONDITIONS)
    return case["body_parts_head_or_neck"] == "YES" and (
        case["related_category"] in OUR_CATEGORIES or named
    )


def _said(photo: Photo, case: dict[str, str], label: _Label, image: int) -> list[Said]:
    said = [Said(photo, "condition", name, "scin-dermatologists") for name in label.conditions]
    said += [
        Said(photo, name, value)
        for name, value in (
            ("reported_category", case["related_category"]),
            ("age_band", case.get("age_group", "")),
            ("shot_type", case.get(f"image_{image}_shot_type", "")),
        )
        if value
    ]
    types = {"scin-self": case.get("fitzpatrick_skin_type", "")} | label.types
    said += [
        Said(photo, "fitzpatrick_type", value.removeprefix("FST"), rater)
        for rater, value in types.items()
        if value not in _NO_TYPE
    ]
    said += [
        Said(photo, "monk_skin_tone", f"{tone:g}", rater) for rater, tone in label.tones.items()
    ]
    return said


def _label(line: int, row: dict[str, str]) -> _Label:
    place = f"{_LABELS} row {line}"
    tones = {
        rater: number(DATASET.name, f"{place}: {column}", row.get(column, ""))
        for column, rater in _TONES.items()
    }
    return _Label(
        _conditions(place, row["weighted_skin_condition_label"]),
        {
            f"scin-dermatologist-{i}": row.get(f"dermatologist_fitzpatrick_skin_type_label_{i}", "")
            for i in (1, 2, 3)
        },
        {rater: tone for rater, tone in tones.items() if tone is not None},
    )


def _conditions(place: str, text: str) -> tuple[str, ...]:
    """Return the names; how sure they are is not read."""
    if not text:
        return ()
    try:
        value: Any = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise layout_refused(
            DATASET.name,
            f"{place}: weighted_skin_condition_label is no mapping",
            "{'Eczema': 0.69, ...} as text",
        )
    return tuple(map(str, value))

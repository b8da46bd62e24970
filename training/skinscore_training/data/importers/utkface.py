"""UTKFace: ages. A wrinkle score should rise with age; an age is no wrinkle grade.

    [age]_[gender]_[race]_[yyyymmddHHMMSSfff].jpg.chip.jpg

Only the age is certain: some names lack the race, some have a blank or no dot, so gender and race
code are taken only from names written as published. Everybody under 18 is left out first. People
recur without an id.
"""

import re
from pathlib import Path
from typing import Final

from skinscore_training.data.columns import SubjectKind, Use
from skinscore_training.data.importers import base

DATASET: Final = base.Dataset(
    name="utkface",
    label_source="UTKFace (Zhang, Song and Qi, 2017)",
    licence="non-commercial research",
    use=Use.EVALUATION_ONLY,
    subject_kind=SubjectKind.PHOTO,
)
ADULT: Final = 18

_AGE: Final = re.compile(r"(\d{1,3})_.*\.jpg")
_WHOLE: Final = re.compile(r"\d{1,3}_(?P<gender>[01])_(?P<race>[0-4])_\d{17} ?\.jpg\.chip\.jpg")
_GENDERS: Final = {"0": "male", "1": "female"}


def read(source: Path, track: base.Track) -> base.Imported:
    """Return the age of every adult.

    Raises:
        RequestRefused: ``dataset_layout``.
    """
    found = base.Imported(DATASET)
    minors = 0
    for name, path in base.by_name(DATASET.name, source).items():
        if (aged := _AGE.fullmatch(name)) is None:
            continue
        if int(aged[1]) < ADULT:
            minors += 1
            continue
        photo = base.Photo(path, DATASET.subject(name))
        found.entries.append(base.Said(photo, "age_years", str(int(aged[1]))))
        if whole := _WHOLE.fullmatch(name):
            found.entries += [
                base.Said(photo, "sex", _GENDERS[whole["gender"]]),
                base.Said(photo, "race_code", whole["race"]),
            ]
    if not found.entries and not minors:
        raise base.layout_refused(
            DATASET.name, "no photo found", "AGE_GENDER_RACE_TIME.jpg.chip.jpg"
        )
    found.notes += base.left_out(minors, f"photos of people under {ADULT}: left out")
    return found

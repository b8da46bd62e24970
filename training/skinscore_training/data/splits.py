"""Splits by subject: a person is in one part only, whatever the number of crops and photos."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.errors import RequestRefused


class Part(StrEnum):
    """What a subject is used for."""

    TRAIN = "train"
    CALIBRATION = "calibration"  # temperatures and conformal thresholds
    TEST = "test"


def split_subjects(
    subjects: NDArray[np.int64], calibration: float, test: float, seed: int
) -> pd.DataFrame:
    """Return columns subject (sorted, unique) and part.

    The same subjects and seed give the same split in whatever order rows come. Every part gets at
    least one subject.

    Args:
        calibration: share of subjects, 0..1.
        test: share of subjects, 0..1; the rest trains.

    Raises:
        RequestRefused: ``preset_invalid`` when the shares leave nobody for one of the parts.
    """
    people = np.unique(subjects)
    count_calibration = max(1, round(len(people) * calibration))
    count_test = max(1, round(len(people) * test))
    if count_calibration + count_test >= len(people):
        raise RequestRefused(
            "preset_invalid",
            f"{len(people)} subjects cannot fill calibration {calibration} and test {test}",
            "each part needs a subject, and training needs the rest",
            "Render more people, or lower the shares.",
        )
    order = np.random.default_rng(seed).permutation(len(people))
    part = np.full(len(people), Part.TRAIN.value, dtype=object)
    part[order[:count_calibration]] = Part.CALIBRATION.value
    part[order[count_calibration : count_calibration + count_test]] = Part.TEST.value
    return pd.DataFrame({"subject": people, "part": part.astype(str)})


def named_subjects(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return the split that the manifest of graded photos names, in the form of
    :func:`split_subjects`; None when it names none.

    Args:
        rows: crop rows of one source; column ``part`` may be absent.

    Raises:
        RequestRefused: ``manifest_invalid`` when nobody is left of a part.
    """
    if "part" not in rows or rows["part"].isna().all():
        return None
    named = rows.drop_duplicates("subject").sort_values("subject", ignore_index=True)
    require_whole_split(dict(zip(named["subject"], named["part"], strict=True)))
    return named[["subject", "part"]]


def require_whole_split(parts: Mapping[Any, str]) -> None:
    """Refuse a split named by the user that leaves a part empty; a split by shares never does.

    Args:
        parts: of every subject, "" when no split is named.

    Raises:
        RequestRefused: ``manifest_invalid``.
    """
    named = {part for part in parts.values() if part}
    if named and (empty := [part.value for part in Part if part.value not in named]):
        raise RequestRefused(
            "manifest_invalid",
            f"the column split names nobody for {', '.join(empty)}",
            "each part needs a subject whose photos can be graded",
            "Name somebody for each part, or leave the column blank: the preset's shares divide.",
        )


def rows_of(manifest: pd.DataFrame, splits: pd.DataFrame, part: Part) -> pd.DataFrame:
    """Return the manifest rows of the subjects in ``part``, in the manifest's order."""
    chosen = splits.loc[splits["part"] == part.value, "subject"]
    return manifest[manifest["subject"].isin(chosen)].reset_index(drop=True)

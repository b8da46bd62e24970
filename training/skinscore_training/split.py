"""Stage ``split``: divide people into train, calibration and test, rendered and graded apart.

A split that the manifest of graded photos names is kept; else the preset's shares divide.
"""

from pathlib import Path

import pandas as pd

from skinscore_training.data import shards, splits
from skinscore_training.data.splits import Part
from skinscore_training.presets import SplitSettings


def split(settings: SplitSettings, rendered: Path, target: Path) -> dict[str, int]:
    """Write ``target`` (Parquet: subject, part) and return the number of subjects per part, each
    under ``SOURCE PART``: thousands of rendered people would hide how few graded ones are held out.

    Raises:
        RequestRefused: ``preset_invalid`` or ``manifest_invalid`` when a part is left empty.
    """
    manifest = shards.read_manifest(rendered)
    divided = {
        str(source): _divided(settings, rows)
        for source, rows in manifest.groupby("source", sort=True)
    }
    table = pd.concat(divided.values(), ignore_index=True)
    part = target.with_name(f"{target.name}.part")
    table.to_parquet(part, index=False)
    part.replace(target)
    return {
        f"{source} {part}": int((people["part"] == part).sum())
        for source, people in divided.items()
        for part in Part
    }


def _divided(settings: SplitSettings, rows: pd.DataFrame) -> pd.DataFrame:
    named = splits.named_subjects(rows)
    if named is not None:
        return named
    subjects = rows["subject"].to_numpy()
    return splits.split_subjects(subjects, settings.calibration, settings.test, settings.seed)

"""Stage ``split``: divide people into train, calibration and test, rendered and graded apart."""

from pathlib import Path

import pandas as pd

from skinscore_training.data import shards, splits
from skinscore_training.presets import SplitSettings


def split(settings: SplitSettings, rendered: Path, target: Path) -> dict[str, int]:
    """Write ``target`` (Parquet: subject, part) and return the number of subjects per part."""
    manifest = shards.read_manifest(rendered)
    table = pd.concat(
        [
            splits.split_subjects(
                rows["subject"].to_numpy(), settings.calibration, settings.test, settings.seed
            )
            for _, rows in manifest.groupby("source", sort=True)
        ],
        ignore_index=True,
    )
    part = target.with_name(f"{target.name}.part")
    table.to_parquet(part, index=False)
    part.replace(target)
    return {str(name): int(count) for name, count in table["part"].value_counts().items()}

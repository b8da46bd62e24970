"""Stage ``split``: divide the rendered subjects into train, calibration and test."""

from pathlib import Path

from skinscore_training.data import shards, splits
from skinscore_training.presets import SplitSettings


def split(settings: SplitSettings, rendered: Path, target: Path) -> dict[str, int]:
    """Write ``target`` (Parquet: subject, part) and return the number of subjects per part."""
    manifest = shards.read_manifest(rendered)
    table = splits.split_subjects(
        manifest["subject"].to_numpy(), settings.calibration, settings.test, settings.seed
    )
    part = target.with_name(f"{target.name}.part")
    table.to_parquet(part, index=False)
    part.replace(target)
    return {str(name): int(count) for name, count in table["part"].value_counts().items()}

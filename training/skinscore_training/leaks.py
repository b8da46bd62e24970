"""Nobody whose photos taught a start calibrates or measures what goes on from it."""

from pathlib import Path

import pandas as pd

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training import corpus, runs
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.presets import Preset
from skinscore_training.start import Start


def require_apart(preset: Preset, folder: runs.RunFolder, start: Start | None) -> None:
    """Refuse held-out photos that taught the run which ``fit.start`` names.

    Known by their pixels: people's numbers are a run's own, so another photo of somebody who taught
    the start is not recognised. A start that is a model file names nobody, and what an earlier
    start was taught by is not known.

    Args:
        start: what ``fit.start`` names; None when it names nothing.

    Raises:
        RequestRefused: ``preset_invalid``; ``stage_input_missing`` when photos taught the start and
            its folder no longer has them.
    """
    if start is None or "graded" not in start.labels or Path(str(preset.fit.start)).is_file():
        return
    before = runs.RunFolder(Path(str(preset.fit.start)))
    if not (before.splits.exists() and (before.rendered / shards.MANIFEST).exists()):
        raise RequestRefused(
            "stage_input_missing",
            f"{before.root.as_posix()}, which fit.start names, no longer has its crops and split",
            "what photos taught is compared with who is held out",
            "Bring them back; or name in the manifest of photos the split it was trained with, and "
            "start from its model file.",
        )
    taught = _photos(before, corpus.rows(before, Part.TRAIN, Source.GRADED))
    for part, source in (
        (Part.CALIBRATION, Source(preset.calibrate.source)),
        (Part.TEST, Source(preset.evaluate.source)),
    ):
        if source is not Source.GRADED:
            continue
        seen = taught & _photos(folder, corpus.rows(folder, part, source))
        if seen:
            raise RequestRefused(
                "preset_invalid",
                f"{len(seen)} crops of the {part} part taught {before.root.as_posix()}, which "
                "fit.start names",
                "who has taught a model neither calibrates nor measures it",
                "Name the split in the manifest of photos (column split), everybody as before.",
            )


def _photos(folder: runs.RunFolder, rows: pd.DataFrame) -> set[str]:
    """Digests of the crops, first views."""
    pixels = {
        shard: shards.open_field(folder.rendered, int(shard), "pixels")
        for shard in rows["shard"].unique()
    }
    return {
        sha256_hex(pixels[shard][row][0].tobytes())
        for shard, row in zip(rows["shard"], rows["row"], strict=True)
    }

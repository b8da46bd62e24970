"""Nobody on whom a start was trained calibrates or measures what goes on from it."""

from pathlib import Path
from typing import Final

import pandas as pd

from skinscore.errors import RequestRefused
from skinscore_training import corpus, runs
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.presets import Preset

# Tone and scale to the last digit tell one photo from every other; a person's number does not.
_OF_A_PHOTO: Final = ["source", "crop", "ita_deg", f"nuisance_{shards.PIXELS_PER_MM}_0"]


def require_apart(preset: Preset, folder: runs.RunFolder) -> None:
    """Refuse held-out people whose photos taught the run that ``fit.start`` names.

    A start that is a model file names nobody, and what an earlier start was taught by is not known.

    Raises:
        RequestRefused: ``preset_invalid``; ``stage_input_missing`` when the run no longer has its
            manifest or split.
    """
    start = preset.fit.start
    if start is None or Path(start).is_file():
        return
    taught = _photos(corpus.rows(runs.RunFolder(Path(start)), Part.TRAIN, None))
    for part, source in (
        (Part.CALIBRATION, preset.calibrate.source),
        (Part.TEST, preset.evaluate.source),
    ):
        seen = taught & _photos(corpus.rows(folder, part, Source(source)))
        if seen:
            raise RequestRefused(
                "preset_invalid",
                f"{len(seen)} crops of the {part} part taught {start}, which fit.start names",
                "who has taught a model neither calibrates nor measures it",
                "Name the split in the manifest of photos (column split), everybody as before; of "
                "rendered people, take others (render.seed).",
            )


def _photos(rows: pd.DataFrame) -> set[str]:
    return set(rows[_OF_A_PHOTO].astype(str).agg(" ".join, axis=1))

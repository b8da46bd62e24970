"""Nobody who taught a start calibrates or measures what goes on from it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pandas as pd

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training import corpus, runs
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.presets import Preset
from skinscore_training.start import Start

_KNOWN_AS: Final[Mapping[Source, str]] = MappingProxyType(
    {Source.RENDERED: "rendered people", Source.GRADED: "crops"}
)
_REMEDIES: Final[Mapping[Source, str]] = MappingProxyType(
    {
        Source.RENDERED: "Give section render another seed, or have people and split as there.",
        Source.GRADED: "Name the split in the manifest of photos (column split), everybody as "
        "before.",
    }
)

HeldOut = tuple[Part, Source]


def held_out_by(preset: Preset) -> tuple[HeldOut, ...]:
    """Return whom the stages of a preset hold out."""
    return (
        (Part.CALIBRATION, Source(preset.calibrate.source)),
        (Part.TEST, Source(preset.evaluate.source)),
    )


def require_apart(
    preset: Preset, folder: runs.RunFolder, start: Start | None, held_out: Iterable[HeldOut]
) -> None:
    """Refuse held-out people who taught the run that ``fit.start`` names.

    Rendered people are known by seed and number; photos by their pixels: people's numbers are a
    run's own there, so another photo of somebody who taught the start is not recognised. A start
    that is a model file names nobody, and what an earlier start was taught by is not known.

    Args:
        start: what ``fit.start`` names; None when it names nothing.
        held_out: parts that calibrate or measure, and whose people of them.

    Raises:
        RequestRefused: ``preset_invalid``; ``stage_input_missing`` and ``training_mismatch``
            when the start's folder no longer has what would tell.
    """
    if start is None or Path(str(preset.fit.start)).is_file():
        return
    asked = [pair for pair in held_out if pair[1] in start.labels.split("+")]
    if not asked:
        return
    before = runs.RunFolder(Path(str(preset.fit.start)))
    _require_kept(before)
    corpus.require_same_people(before)
    sources = {source for _, source in asked}
    taught = {source: _known(before, Part.TRAIN, source) for source in sources}
    for part, source in asked:
        if seen := taught[source] & _known(folder, part, source):
            raise RequestRefused(
                "preset_invalid",
                f"{len(seen)} {_KNOWN_AS[source]} of the {part} part taught "
                f"{before.root.as_posix()}, which fit.start names",
                "who has taught a model neither calibrates nor measures it",
                _REMEDIES[source],
            )


def _require_kept(before: runs.RunFolder) -> None:
    if not (before.splits.exists() and (before.rendered / shards.MANIFEST).exists()):
        raise RequestRefused(
            "stage_input_missing",
            f"{before.root.as_posix()}, which fit.start names, no longer has its crops and split",
            "who taught it is compared with who is held out",
            "Bring them back; or start from its model file, with other rendered people (seed), and "
            "with the split that it was trained with named in the manifest of photos.",
        )


def _known(folder: runs.RunFolder, part: Part, source: Source) -> set[str]:
    rows = corpus.rows(folder, part, source)
    return _photos(folder, rows) if source is Source.GRADED else _people(folder, rows)


def _people(folder: runs.RunFolder, rows: pd.DataFrame) -> set[str]:
    seed = corpus.rendered_seed(folder)
    return {f"{seed}:{number}" for number in rows["subject"]}


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

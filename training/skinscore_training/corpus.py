"""The crops of a run, rendered and cut from photos, by the part that their person is in."""

import pandas as pd

from skinscore_training import runs
from skinscore_training.data import shards, splits
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part


def rows(folder: runs.RunFolder, part: Part, source: Source | None) -> pd.DataFrame:
    """Return the manifest rows of a part, rendered ones first; of one source unless it is None.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    found = splits.rows_of(
        shards.read_manifest(folder.rendered),
        pd.read_parquet(runs.require(folder.splits, "split")),
        part,
    )
    if source is not None:
        return found[found["source"] == source.value].reset_index(drop=True)
    rendered = found["source"] == Source.RENDERED.value
    return pd.concat([found[rendered], found[~rendered]], ignore_index=True)

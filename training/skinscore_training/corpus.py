"""The crops of a run, rendered and cut from photos, by the part that their person is in."""

import pandas as pd

from skinscore.domain.document import canonical_json, sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training import fit_record, runs
from skinscore_training.data import shards, splits
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part


def rows(folder: runs.RunFolder, part: Part, source: Source | None) -> pd.DataFrame:
    """Return the manifest rows of a part, rendered ones first; of one source unless it is None.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    found = splits.rows_of(shards.read_manifest(folder.rendered), _divided(folder), part)
    if source is not None:
        return found[found["source"] == source.value].reset_index(drop=True)
    rendered = found["source"] == Source.RENDERED.value
    return pd.concat([found[rendered], found[~rendered]], ignore_index=True)


def held_out(folder: runs.RunFolder, part: Part, source: Source) -> pd.DataFrame:
    """Return the manifest rows of a part that the weights of ``folder`` have not been taught.

    Raises:
        RequestRefused: ``stage_input_missing``; ``training_mismatch`` when people were divided
            anew, added or exchanged since, so that anybody may have taught them.
    """
    require_same_people(folder)
    return rows(folder, part, source)


def require_same_people(folder: runs.RunFolder) -> None:
    """Refuse a run whose weights were trained while its people were others or divided otherwise.

    Raises:
        RequestRefused: ``training_mismatch``; ``stage_input_missing``.
    """
    if people_sha256(folder) != fit_record.read(folder).people_sha256:
        raise RequestRefused(
            "training_mismatch",
            f"the weights of {folder.root.as_posix()} were trained while its people were others, "
            "or divided otherwise",
            "people and split are those that stage fit saw",
            "Run `skinscore train fit` again, or bring back the people and the split that it saw.",
        )


def people_sha256(folder: runs.RunFolder) -> str:
    """Return the digest of who is in which part, the same on every machine.

    People are numbers: which person a number means follows from the renderer's seed, or from the
    photos and their table of grades.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    divided = _divided(folder).sort_values("subject")
    cut = folder.rendered / shards.CUT
    claim = runs.read_json(cut, "render")["claim"] if cut.exists() else {}
    return sha256_hex(
        canonical_json(
            {
                "parts": dict(zip(map(str, divided["subject"]), divided["part"], strict=True)),
                "seed": rendered_seed(folder),
                "photos": {key: claim[key] for key in ("photos", "grades") if key in claim},
            }
        )
    )


def rendered_seed(folder: runs.RunFolder) -> int:
    """Return the seed of the run's rendered people: with it a number is always the same person.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    seed: int = runs.read_json(folder.rendered / shards.MADE, "render")["settings"]["seed"]
    return seed


def _divided(folder: runs.RunFolder) -> pd.DataFrame:
    return pd.read_parquet(runs.require(folder.splits, "split"))

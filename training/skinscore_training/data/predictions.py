"""A model's grades of a manifest's photos, as ``skinscore batch`` wrote them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from skinscore.domain.document import sha256_hex
from skinscore.errors import RequestRefused
from skinscore_training.data.manifest import Manifest

Track = Callable[[Sequence[str]], Iterable[str]]

PHOTOS: Final = "photos.parquet"
GRADES: Final = "grades.parquet"


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What one model said."""

    model: str  # name and version
    rows: pd.DataFrame  # photo, zone, concern, grade (0..4) of every assessable zone


def photo_hashes(manifest: Manifest, track: Track = iter) -> dict[str, str]:
    """Return the sha256 of each photo's bytes.

    Raises:
        RequestRefused: ``file_unreadable``, with the row numbers.
    """
    hashes: dict[str, str] = {}
    missing: list[int] = []
    for photo, row in zip(
        track(list(manifest.photos["photo"])), manifest.photos["row"], strict=True
    ):
        try:
            hashes[photo] = sha256_hex((manifest.folder / photo).read_bytes())
        except OSError:
            missing.append(int(row))
    if missing:
        shown = ", ".join(map(str, missing[:5]))
        raise RequestRefused(
            "file_unreadable",
            f"{len(missing)} photos of the manifest (first in rows {shown})",
            "every photo is a readable file",
        )
    return hashes


def load(results: Path, hashes: Mapping[str, str]) -> Predictions:
    """Return the grades in the OUT folder of ``skinscore batch`` for the photos in ``hashes``.

    Raises:
        RequestRefused: ``predictions_invalid`` when there are no such tables, they are of several
            models, or hold none of the photos.
    """
    try:
        photos = pd.read_parquet(results / PHOTOS, columns=["model_name", "model_version"])
        columns = ["sha256", "zone", "concern", "assessable", "grade"]
        grades = pd.read_parquet(results / GRADES, columns=columns)
    except (OSError, ValueError) as problem:
        raise _invalid(
            f"the tables cannot be read ({type(problem).__name__})", "the OUT of `skinscore batch`"
        ) from None
    models = (photos["model_name"] + " " + photos["model_version"]).unique()
    if len(models) != 1:
        raise _invalid(f"grades of {len(models)} models", "grades of one model")
    named = pd.DataFrame({"photo": list(hashes), "sha256": list(hashes.values())})
    rows = named.merge(grades[grades["assessable"]], on="sha256")
    if rows.empty:
        raise _invalid("none of the manifest's photos is graded there", "the same photos, by bytes")
    rows = rows[["photo", "zone", "concern", "grade"]].astype({"grade": int})
    return Predictions(str(models[0]), rows)


def _invalid(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("predictions_invalid", found, allowed)

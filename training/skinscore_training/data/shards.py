"""Crops on disk, rendered or cut from photos: shards of .npy files, one manifest row per crop.

A shard holds the crops of a few subjects, one file per field, so that training reads them memory-
mapped and a broken render continues at the first missing shard. Masks are stored as bits. The
manifest (Parquet) is what people look at and what splits refer to.

    shards/00000/{pixels,masks,maps,relief,score}.npy
    shards/00000/{spread,allowed}.npy                    graded photos only
    manifest.parquet

What several raters or an interval say does not fit into a score. Shards of graded photos hold it
beside; where the two files are missing, the score says all there is.
"""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.errors import RequestRefused
from skinscore.imaging.gate import least_px_per_mm
from skinscore.imaging.rules import GateLimits, Geometry

if TYPE_CHECKING:
    from skinscore_training.skin.crops import RenderedCrops

VOTES: Final = ("spread", "allowed")  # of graded photos, see Graded
SHARDS: Final = "shards"
MANIFEST: Final = "manifest.parquet"
PIXELS_PER_MM: Final = "camera_native_px_per_mm"  # nuisance of a view; see skin.camera.Camera
MADE: Final = "settings.json"  # how people were rendered
CUT: Final = "photos.json"  # how graded photos were cut, and what became of them
ROWS: Final = "rows.parquet"  # the shard's own part of the manifest


_SILENT: Final[dict[str, np.generic]] = {
    "spread": np.float32(np.nan),
    "allowed": np.bool_(False),
}


class Source(StrEnum):
    """Where a crop and its labels come from."""

    RENDERED = "rendered"  # with maps and relief
    GRADED = "graded"  # photos; neither maps nor relief are known


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """What N crops of graded photos have beside their scores."""

    spread: NDArray[np.float32]  # (N, K, 3, 5) target of the raters; NaN without a single grade
    allowed: NDArray[np.bool_]  # (N, K, 3, 5) the set, where they gave intervals only
    part: tuple[str, ...] | None  # N, of the split that the manifest of photos names; None: none
    cut_sha256: str  # of all that shaped crops and targets: photos, grades, mappings, rules


def write_shard(
    folder: Path,
    shard: int,
    crops: "RenderedCrops",
    geometry: Geometry,
    source: Source,
    graded: Graded | None = None,
) -> None:
    """Write shard ``shard`` under ``folder``; it appears whole or not at all.

    Args:
        graded: of crops of photos; None when the scores say all there is.
    """
    place = shard_folder(folder, shard)
    part = place.with_name(f"{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    arrays: dict[str, NDArray[np.generic]] = {
        "pixels": crops.pixels,
        "masks": np.packbits(crops.masks > 0, axis=-1),
        "maps": crops.maps,
        "relief": crops.relief,
        "score": crops.score,
    }
    if graded is not None:
        arrays |= {"spread": graded.spread, "allowed": graded.allowed}
    for field, array in arrays.items():
        np.save(part / f"{field}.npy", array)
    rows = _rows(shard, crops, geometry, source)
    if graded is not None:
        rows["cut_sha256"] = graded.cut_sha256
        if graded.part is not None:
            rows["part"] = list(graded.part)
    rows.to_parquet(part / ROWS, index=False)
    part.replace(place)


def write_manifest(folder: Path, shards: int) -> pd.DataFrame:
    """Join the shards' rows into the manifest and return it."""
    rows = [pd.read_parquet(shard_folder(folder, shard) / ROWS) for shard in range(shards)]
    manifest = pd.concat(rows, ignore_index=True)
    part = folder / f"{MANIFEST}.part"
    manifest.to_parquet(part, index=False)
    part.replace(folder / MANIFEST)
    return manifest


def read_manifest(folder: Path) -> pd.DataFrame:
    """Return one row per crop: source, subject, place, ita_deg, zones, scores, grades, nuisances;
    of graded photos also cut_sha256 and, where their manifest names a split, part.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise RequestRefused(
            "stage_input_missing", "no rendered crops for this preset", "render comes first"
        )
    manifest = pd.read_parquet(path)
    if "source" not in manifest:  # rendered before photos could stand beside
        manifest.insert(0, "source", Source.RENDERED.value)
    return manifest


def drop_from(folder: Path, first: int) -> None:
    """Remove shard ``first`` and all behind it."""
    for place in (folder / SHARDS).glob("*"):
        if int(place.name.partition(".")[0]) >= first:
            shutil.rmtree(place)


def open_field(folder: Path, shard: int, field: str) -> NDArray[np.generic]:
    """Return one field of one shard, memory-mapped, read-only; of ``VOTES`` that a shard does not
    hold, what says nothing beside the score."""
    path = shard_folder(folder, shard) / f"{field}.npy"
    if field in VOTES and not path.exists():
        shape = (*open_field(folder, shard, "score").shape, len(GRADES))
        silent: NDArray[np.generic] = np.broadcast_to(_SILENT[field], shape)
        return silent
    array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def grades_of(rows: pd.DataFrame, slots: int) -> NDArray[np.int64]:
    """Return the grades of manifest rows, (n, K, 3), -1 where a slot is unused."""
    columns = [f"grade_{concern}_{slot}" for slot in range(slots) for concern in CONCERNS]
    grades: NDArray[np.int64] = rows[columns].to_numpy(dtype=np.int64)
    return grades.reshape(len(rows), slots, len(CONCERNS))


def scores_of(rows: pd.DataFrame, slots: int) -> NDArray[np.float64]:
    """Return the measured scores of manifest rows, (n, K, 3), NaN where a slot is unused."""
    columns = [f"score_{concern}_{slot}" for slot in range(slots) for concern in CONCERNS]
    scores: NDArray[np.float64] = rows[columns].to_numpy(dtype=np.float64)
    return scores.reshape(len(rows), slots, len(CONCERNS))


def within_gate(rows: pd.DataFrame, views: int, limits: GateLimits) -> NDArray[np.bool_]:
    """Return (n, V, 3): whether a photo has the pixels per mm that a concern needs.

    The product grades nothing below the gate's limits, so nothing is calibrated or measured there;
    training sees such photos all the same.
    """
    columns = [f"nuisance_{PIXELS_PER_MM}_{view}" for view in range(views)]
    px_per_mm: NDArray[np.float64] = rows[columns].to_numpy(dtype=np.float64)
    return px_per_mm[..., None] >= [least_px_per_mm(concern, limits) for concern in CONCERNS]


def shard_folder(folder: Path, shard: int) -> Path:
    return folder / SHARDS / f"{shard:05d}"


def _rows(shard: int, crops: "RenderedCrops", geometry: Geometry, source: Source) -> pd.DataFrame:
    zones = {plan.name: plan.zones for plan in geometry.crops}
    columns: dict[str, object] = {
        "source": source.value,
        "subject": crops.subject,
        "crop": list(crops.crop),
        "shard": np.full(len(crops.crop), shard, np.int32),
        "row": np.arange(len(crops.crop), dtype=np.int32),
        "ita_deg": crops.ita_deg,
    }
    for slot in range(geometry.slots):
        columns[f"zone_{slot}"] = [
            zones[name][slot].value if slot < len(zones[name]) else None for name in crops.crop
        ]
        for place, concern in enumerate(CONCERNS):
            columns[f"grade_{concern}_{slot}"] = crops.grade[:, slot, place]
            columns[f"score_{concern}_{slot}"] = crops.score[:, slot, place]
    for name, values in sorted(crops.nuisance.items()):
        if values.ndim == 1:
            columns[f"nuisance_{name}"] = values
        else:
            for view in range(values.shape[1]):
                columns[f"nuisance_{name}_{view}"] = values[:, view]
    return pd.DataFrame(columns)

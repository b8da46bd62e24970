"""Rendered crops on disk: shards of plain .npy files, and one manifest row per crop.

A shard holds the crops of a few subjects, one file per field, so that training reads them memory-
mapped and a broken render continues at the first missing shard. Masks are stored as bits. The
manifest (Parquet) is what people look at and what splits refer to.

    shards/00000/{pixels,masks,maps,relief,score}.npy
    manifest.parquet
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS
from skinscore.errors import RequestRefused
from skinscore.imaging.gate import RELIEF
from skinscore.imaging.rules import GateLimits, Geometry

if TYPE_CHECKING:
    from skinscore_training.skin.crops import RenderedCrops

FIELDS: Final = ("pixels", "masks", "maps", "relief", "score")
SHARDS: Final = "shards"
MANIFEST: Final = "manifest.parquet"
RESOLUTION: Final = "native_px_per_mm"  # of skinscore_training.skin.camera.Camera
ROWS: Final = "rows.parquet"  # the shard's own part of the manifest


def write_shard(folder: Path, shard: int, crops: "RenderedCrops", geometry: Geometry) -> None:
    """Write shard ``shard`` under ``folder``; it appears whole or not at all."""
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
    for field in FIELDS:
        np.save(part / f"{field}.npy", arrays[field])
    _rows(shard, crops, geometry).to_parquet(part / ROWS, index=False)
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
    """Return one row per crop: subject, crop, shard, row, ita_deg, zones, scores, nuisances.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise RequestRefused(
            "stage_input_missing", "no rendered crops for this preset", "render comes first"
        )
    return pd.read_parquet(path)


def open_field(folder: Path, shard: int, field: str) -> NDArray[np.generic]:
    """Return one field of one shard, memory-mapped, read-only."""
    array: NDArray[np.generic] = np.load(
        shard_folder(folder, shard) / f"{field}.npy", mmap_mode="r", allow_pickle=False
    )
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
    """Return (n, V, 3): whether a rendered photo has the pixels per mm that a concern needs.

    The product grades nothing below the gate's limits, so nothing is calibrated or measured there;
    training sees such photos all the same.
    """
    columns = [f"nuisance_camera_{RESOLUTION}_{view}" for view in range(views)]
    px_per_mm: NDArray[np.float64] = rows[columns].to_numpy(dtype=np.float64)
    least = [
        limits.min_px_per_mm_relief if concern in RELIEF else limits.min_px_per_mm_pigmentation
        for concern in CONCERNS
    ]
    return px_per_mm[..., None] >= np.array(least)


def shard_folder(folder: Path, shard: int) -> Path:
    return folder / SHARDS / f"{shard:05d}"


def _rows(shard: int, crops: "RenderedCrops", geometry: Geometry) -> pd.DataFrame:
    zones = {plan.name: plan.zones for plan in geometry.crops}
    columns: dict[str, object] = {
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

"""Pictures for people to judge renderer and model by.

What is drawn from portraits of the SFHQ folder goes under ``local/``: it is looked at where it was
made and is no part of the repository.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.grading.grader import Grader
from skinscore.grading.overlays import COLOURS, paint, severity_in_photo
from skinscore.imaging.encode import to_png
from skinscore.imaging.rules import Geometry
from skinscore_training import runs
from skinscore_training.progress import track
from skinscore_training.proof.lines import SMOOTHING, Map, Seen, density, smoothed
from skinscore_training.proof.sfhq import photo_of, read_tiles
from skinscore_training.proof.sittings import Pictured
from skinscore_training.skin.sheets import contact_sheet

Picture = NDArray[np.uint8]  # (H, W, 3) sRGB

SHEET_PLANS: Final = ("forehead_right", "eye_right", "cheek_right", "mouth")
_SHARP_PX_PER_MM: Final = 5.0  # resolution of the contact sheets' photos
_PATIENT_PX: Final = (300, 364)  # width and height of one photo of the montage
_PORTRAIT_PX: Final = 448


def contact_sheets(geometry: Geometry, seed: int, folder: Path) -> list[Path]:
    """Write one sheet per concern: a row per crop plan and tone, a column per grade 0-4."""
    written = []
    for concern in track(CONCERNS, len(CONCERNS), "contact sheets"):
        sheet = contact_sheet(
            geometry,
            concern,
            plans=SHEET_PLANS,
            seed=seed,
            native_px_per_mm=_SHARP_PX_PER_MM,
        )
        written.append(_write(folder / f"sheet_{concern}.png", sheet))
    return written


def patients(pictured: Sequence[Pictured], folder: Path) -> Path:
    """Write a montage: a row per patient, a column per photo."""
    rows = []
    for patient in pictured:
        photos = [_read(path.read_bytes(), _PATIENT_PX) for path in patient.photos]
        rows.append(np.concatenate(photos, axis=1))
    return _write(folder / "patients.png", np.concatenate(rows, axis=0))


def portraits(grader: Grader, photos: Path, folder: Path) -> list[Path]:
    """Write each portrait beside its overlays, one column per concern, under ``local/``."""
    tiles = [tile for tile in read_tiles(photos) if tile.pair_of is None]
    written = []
    for tile in track(tiles, len(tiles), "overlays"):
        examination = grader.examine([photo_of(photos, tile)], gate=Gate.WARN)
        photo = examination.photos[0]
        if photo is None:
            continue
        columns = [photo.pixels] + [
            _laid_over(photo.pixels, paint(severity_in_photo(examination, 0, concern), concern))
            for concern in CONCERNS
        ]
        shown = np.concatenate([_sized(column, (_PORTRAIT_PX,) * 2) for column in columns], 1)
        path = folder / "local" / f"{tile.wrinkles_seen}_{Path(tile.file).stem}.png"
        written.append(_write(path, shown))
    return written


def line_maps(seen: Seen, drawn: Map, folder: Path) -> Path:
    """Write the two maps of figure 8 side by side: lines seen, lines drawn by hand."""
    predicted, known = density(seen)
    panels = []
    for values in (predicted, drawn):
        level = smoothed(values, known, SMOOTHING)
        top = float(np.percentile(level[known], 99.5))
        strength = np.clip(level / max(top, 1e-6), 0, 1)[..., None]
        skin = np.where(known[..., None], 235.0, 150.0)
        panels.append(_mixed(skin, np.array(COLOURS[Concern.ACNE_SCARRING]), strength))
    pair = np.concatenate(panels, axis=1)
    return _write(folder / "lines.png", _sized(pair, (2 * pair.shape[1], 2 * pair.shape[0])))


def _laid_over(photo: Picture, layer: NDArray[np.uint8]) -> Picture:
    return _mixed(photo.astype(np.float64), layer[..., :3], layer[..., 3:] / 255.0)


def _mixed(
    under: NDArray[np.float64], over: NDArray[np.integer], share: NDArray[np.floating]
) -> Picture:
    return np.asarray(np.rint(under * (1 - share) + over * share), np.uint8)


def _read(data: bytes, size: tuple[int, int]) -> Picture:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), np.uint8)


def _sized(picture: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _write(path: Path, picture: Picture) -> Path:
    runs.write(path, to_png(np.ascontiguousarray(picture)))
    return path

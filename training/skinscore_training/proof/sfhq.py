"""The folder of generated portraits with lay labels that figure 7 is measured on.

No real person is shown; the labels are one lay impression and no clinical grade. Nothing of the
folder enters this repository: its place is an argument.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from skinscore.imaging.encode import to_jpeg

NATIVE_PX: Final = 1024  # larger tiles are enlargements without content of their own
JPEG: Final = 95

Picture = NDArray[np.uint8]  # (H, W, 3) sRGB


@dataclass(frozen=True, slots=True)
class Tile:
    """One row of labels.csv."""

    file: str  # relative to the folder
    pair_of: str | None  # the larger twin of a low-resolution copy
    wrinkles_seen: int  # 0 smooth, 1 some fine lines, 2 clearly wrinkled
    beard: bool
    skin_tone: str  # apparent: light, medium, dark


def read_tiles(folder: Path) -> tuple[Tile, ...]:
    """Return every row, twins included."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Tile(
                file=row["file"],
                pair_of=row["pair_of"] or None,
                wrinkles_seen=int(row["wrinkles_seen"]),
                beard=row["beard"] == "1",
                skin_tone=row["skin_tone"],
            )
            for row in csv.DictReader(file)
        )


def photo_of(folder: Path, tile: Tile) -> bytes:
    """Return the file as it is, or shrunk to 1024 px and encoded anew when it is larger."""
    data = (folder / tile.file).read_bytes()
    with Image.open(BytesIO(data)) as image:
        if max(image.size) <= NATIVE_PX:
            return data
        small = image.convert("RGB").resize((NATIVE_PX, NATIVE_PX), Image.Resampling.LANCZOS)
    return to_jpeg(np.asarray(small), JPEG)


def altered(photo: bytes, change: Callable[[Picture], Picture], quality: int = JPEG) -> bytes:
    """Return the photo with its pixels changed, as a JPEG file."""
    with Image.open(BytesIO(photo)) as image:
        pixels = np.asarray(image.convert("RGB"))
    return to_jpeg(np.ascontiguousarray(change(pixels)), quality)

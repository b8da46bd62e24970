"""Control: portraits whose files are changed before grading, though the face is the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore_training.progress import track
from skinscore_training.proof.answers import PhotoReader, face_scores
from skinscore_training.proof.findings import Finding, Part, Table, found
from skinscore_training.proof.intervals import mean, over_subjects
from skinscore_training.proof.photos import auc_of_labels
from skinscore_training.proof.sfhq import JPEG, Picture, Tile, altered, photo_of, read_tiles
from skinscore_training.proof.tricks import SHIFT

UNCHANGED: Final = "unchanged"
_LEVELLED_PX: Final = 446  # side of the smallest tiles


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the pixels, and how the file is written."""

    what: str
    of_pixels: Callable[[Picture], Picture]
    jpeg: int


def _soften(pixels: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.0015 * pixels.shape[1]), np.uint8)


def _sharpen(pixels: Picture) -> Picture:
    soft = _soften(pixels).astype(np.float32)
    return _bytes(pixels + (pixels - soft))


def _grain(pixels: Picture) -> Picture:
    noise = np.random.default_rng(0).normal(0, 6, pixels.shape)
    return _bytes(pixels + noise)


def _gamma(power: float) -> Callable[[Picture], Picture]:
    def change(pixels: Picture) -> Picture:
        return _bytes(255 * (pixels / 255.0) ** power)

    return change


def _smaller(side: int) -> Callable[[Picture], Picture]:
    def change(pixels: Picture) -> Picture:
        if pixels.shape[1] <= side:
            return pixels
        return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)

    return change


def _three_quarters(pixels: Picture) -> Picture:
    return _smaller(round(0.75 * pixels.shape[1]))(pixels)


def _levelled(pixels: Picture) -> Picture:
    return _soften(_smaller(_LEVELLED_PX)(pixels))


def _bytes(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.rint(np.clip(values, 0, 255)), np.uint8)


CHANGES: Final[Mapping[str, Change]] = MappingProxyType(
    {
        UNCHANGED: Change("encoded once more, JPEG 95", lambda pixels: pixels, JPEG),
        "blur": Change("Gaussian, σ 0.15 % of the width", _soften, JPEG),
        "sharpen": Change("unsharp mask of that blur, strength 1", _sharpen, JPEG),
        "noise": Change("Gaussian, σ 6 of 255", _grain, JPEG),
        "jpeg_60": Change("JPEG quality 60", lambda pixels: pixels, 60),
        "jpeg_30": Change("JPEG quality 30", lambda pixels: pixels, 30),
        "darker": Change("gamma 1.4", _gamma(1.4), JPEG),
        "brighter": Change("gamma 0.7", _gamma(0.7), JPEG),
        "smaller": Change("three quarters of the size", _three_quarters, JPEG),
        "levelled": Change(f"all alike: {_LEVELLED_PX} px, that blur, JPEG 60", _levelled, 60),
    }
)


@dataclass(frozen=True, slots=True)
class Changed:
    """Face-level scores of every face under every change."""

    tiles: tuple[Tile, ...]
    scores: Mapping[str, NDArray[np.float64]]  # by CHANGES: (N, 3), NaN where not assessable


def read_changed(reader: PhotoReader, folder: Path) -> Changed:
    """Read every face of the folder, second copies left out, under every change; gate warn."""
    tiles = tuple(tile for tile in read_tiles(folder) if tile.pair_of is None)
    originals = [photo_of(folder, tile) for tile in tiles]
    scores = {}
    for name, change in track(CHANGES.items(), len(CHANGES), "changed photos"):
        files = [altered(photo, change.of_pixels, change.jpeg) for photo in originals]
        scores[name] = face_scores([reader.read_photo(file, Gate.WARN) for file in files])
    return Changed(tiles, scores)


def measure(changed: Changed, seed: int) -> Part:
    """Judge the mean shift of each change against the unchanged photo."""
    labels = np.array([tile.wrinkles_seen for tile in changed.tiles])
    findings = [
        _shift(changed, name, place, seed)
        for name in CHANGES
        if name != UNCHANGED
        for place in range(len(CONCERNS))
    ]
    rows = []
    for name, change in CHANGES.items():
        shift = changed.scores[name] - changed.scores[UNCHANGED]
        wrinkles = changed.scores[name][:, CONCERNS.index(Concern.WRINKLES)]
        cells = [f"{mean(shift[:, place]):+.2f}" for place in range(len(CONCERNS))]
        known = int((~np.isnan(wrinkles)).sum())
        rows.append((change.what, str(known), *cells, f"{auc_of_labels(wrinkles, labels):.3f}"))
    return Part(
        name="perturbed",
        title="Changed files of generated portraits",
        method=(
            "The portraits of the real-photo proxy, their pixels changed before grading: the face "
            "stays, the picture differs. Mean shift of the face-level score, gate warn, held to "
            "the line of the distractors; and the AUC of the wrinkle labels under the change. In "
            "the last row every portrait has the same size, blur and compression, so that none of "
            "these can tell old from young."
        ),
        findings=tuple(findings),
        tables=(
            Table(
                caption="Mean shift of the face-level score",
                header=("change", "faces", *CONCERNS, "AUC, wrinkles"),
                rows=tuple(rows),
            ),
        ),
    )


def _shift(changed: Changed, name: str, place: int, seed: int) -> Finding:
    shift = (changed.scores[name] - changed.scores[UNCHANGED])[:, place]
    shift = shift[~np.isnan(shift)]
    return found(
        "shift",
        abs(mean(shift)),
        over_subjects(lambda drawn: abs(mean(shift[drawn])), len(shift), seed),
        n=len(shift),
        subjects="faces",
        concern=CONCERNS[place],
        group=name,
        target=SHIFT,
    )

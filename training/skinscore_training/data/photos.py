"""Graded photos as a torch data set, through the one path that a clinic's photos take."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import Dataset

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.imaging.prepare import Preparer


class PhotoSample(NamedTuple):
    """The crops of one photo, exactly as ``Grader`` feeds them, with what raters said."""

    crops: Tensor  # (N, S, S, 3) uint8 sRGB, in the contract's crop order
    masks: Tensor  # (N, K, S, S) uint8, 0 or 255
    score: Tensor  # (N, K, 3) float32, mean of the raters' grades; NaN where nobody graded


class PhotoCrops(Dataset[PhotoSample]):
    """One item per photo of the manifest, in order of first appearance. No augmentation.

    Args:
        manifest: as skinscore_training.data.manifest.read_manifest returns it.
        preparer: the imaging path under the rules of the model to be trained.
        folder: where the manifest's relative paths start.
    """

    def __init__(self, manifest: pd.DataFrame, preparer: Preparer, folder: Path) -> None:
        self._preparer = preparer
        self._folder = folder
        self.photos = tuple(dict.fromkeys(manifest["photo"]))
        self.subjects = tuple(manifest.groupby("photo")["subject"].first().loc[list(self.photos)])
        means = manifest.groupby(["photo", "zone", "concern"])["grade"].mean()
        keys = [(str(photo), str(zone), str(concern)) for photo, zone, concern in means.index]
        self._grades = dict(zip(keys, means.astype(float), strict=True))

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> PhotoSample:
        """Return one photo.

        Raises:
            PhotoRefused: the photo cannot be graded at all.
            RequestRefused: ``file_unreadable``.
        """
        name = self.photos[index]
        try:
            data = (self._folder / name).read_bytes()
        except OSError:
            raise RequestRefused(
                "file_unreadable", f"photo {index + 1} of the manifest", "a readable file"
            ) from None
        crops = self._preparer.prepare(data).crops
        return PhotoSample(
            crops=torch.from_numpy(np.stack([crop.pixels for crop in crops])),
            masks=torch.from_numpy(np.stack([crop.masks for crop in crops])),
            score=torch.tensor([self._scores(name, crop.zones) for crop in crops]),
        )

    def _scores(self, photo: str, zones: tuple[Zone, ...]) -> list[list[float]]:
        slots = [
            [self._grades.get((photo, zone.value, c.value), float("nan")) for c in CONCERNS]
            for zone in zones
        ]
        unused = self._preparer.geometry.slots - len(zones)
        return slots + [[float("nan")] * len(CONCERNS)] * unused

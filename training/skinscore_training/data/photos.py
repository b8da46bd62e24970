"""Graded photos as a torch data set, through the one path that a clinic's photos take."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.domain.zones import View, Zone
from skinscore.errors import RequestRefused
from skinscore.imaging.prepare import Preparer
from skinscore.imaging.types import Crop
from skinscore_training.data.manifest import Manifest
from skinscore_training.data.targets import Place, Target

_UNKNOWN: Final = float("nan")


class PhotoSample(NamedTuple):
    """The crops of one photo, exactly as ``Grader`` feeds them, with what raters said.

    N is the number of crops: the contract's for a face, the number of tiles for a close-up.
    """

    crops: Tensor  # (N, S, S, 3) uint8 sRGB, in the contract's crop order
    masks: Tensor  # (N, K, S, S) uint8, 0 or 255
    score: Tensor  # (N, K, 3) float32, mean of the single grades; NaN where nobody gave one
    target: Tensor  # (N, K, 3, 5) float32, soft target; NaN where nobody graded
    allowed: Tensor  # (N, K, 3, 5) bool, the set where raters gave intervals only; else False
    anchored: Tensor  # (N, K, 3) bool, a rater saw a model's suggestion


class PhotoCrops(Dataset[PhotoSample]):
    """One item per photo of the manifest, in order of first appearance. No augmentation.

    Args:
        manifest: which photos, and where they are.
        targets: as skinscore_training.data.targets.engine_targets returns them.
        preparer: the imaging path under the rules of the model to be trained.
    """

    def __init__(
        self, manifest: Manifest, targets: Mapping[Place, Target], preparer: Preparer
    ) -> None:
        self._preparer = preparer
        self._folder = manifest.folder
        self._targets = targets
        photos = manifest.photos
        self.photos = tuple(photos["photo"])
        self.subjects = tuple(photos["subject"])
        self.parts = tuple(photos["split"])  # "" where the manifest names no split
        close_ups = manifest.rows[manifest.rows["view"] == View.CLOSE_UP.value]
        placed = close_ups[close_ups["zone"] != ""]
        self._close_ups = {
            photo: (Zone(zone), float(scale))
            for photo, zone, scale in zip(
                placed["photo"], placed["zone"], placed["px_per_mm"], strict=True
            )
        }

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
        if name in self._close_ups:
            crops = self._preparer.prepare_close_up(data, *self._close_ups[name]).crops
        else:
            crops = self._preparer.prepare(data).crops
        return self._sample(name, crops)

    def _sample(self, photo: str, crops: tuple[Crop, ...]) -> PhotoSample:
        shape = (len(crops), self._preparer.geometry.slots, len(CONCERNS))
        score = torch.full(shape, _UNKNOWN)
        target = torch.full((*shape, len(GRADES)), _UNKNOWN)
        allowed = torch.zeros((*shape, len(GRADES)), dtype=torch.bool)
        anchored = torch.zeros(shape, dtype=torch.bool)
        for i, crop in enumerate(crops):
            for slot, zone in enumerate(crop.zones):
                for place, concern in enumerate(CONCERNS):
                    if known := self._targets.get((photo, zone.value, concern.value)):
                        score[i, slot, place] = known.score
                        target[i, slot, place] = torch.from_numpy(known.probabilities)
                        allowed[i, slot, place] = torch.from_numpy(known.allowed)
                        anchored[i, slot, place] = known.anchored
        return PhotoSample(
            crops=torch.from_numpy(np.stack([crop.pixels for crop in crops])),
            masks=torch.from_numpy(np.stack([crop.masks for crop in crops])),
            score=score,
            target=target,
            allowed=allowed,
            anchored=anchored,
        )

"""Crops of shards, rendered or cut from photos, as a torch data set."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from skinscore_training.data import shards
from skinscore_training.model.losses import Targets

Array = NDArray[Any]

_OF_A_CROP: Final = ("score", *shards.VOTES)  # one for all views


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B crops in V views; flat() puts views of one crop next to each other.

    A photo has one view; beside rendered crops it stands in every place of a view.
    """

    crops: Tensor  # (B, V, S, S, 3) uint8
    masks: Tensor  # (B, V, K, S, S) uint8, 0 or 255
    maps: Tensor  # (B, V, 3, h, w) uint8
    relief: Tensor  # (B, V, h, w) uint8
    score: Tensor  # (B, K, 3) float32, NaN where nobody gave a single grade
    spread: Tensor  # (B, K, 3, 5) float32, NaN where the score says all
    allowed: Tensor  # (B, K, 3, 5) bool, all False where the score says all
    dense: Tensor  # (B,) bool, maps and relief are known

    @property
    def views(self) -> int:
        return int(self.crops.shape[1])

    def to(self, device: torch.device) -> "Batch":
        return Batch(
            *(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self))
        )

    def flat(self) -> tuple[Tensor, Tensor, Targets]:
        """Return crops (B * V, ...), masks and targets for the network."""
        targets = Targets(
            score=self.score.repeat_interleave(self.views, dim=0),
            spread=self.spread.repeat_interleave(self.views, dim=0),
            allowed=self.allowed.repeat_interleave(self.views, dim=0),
            maps=self.maps.flatten(0, 1),
            relief=self.relief.flatten(0, 1),
            dense=self.dense.repeat_interleave(self.views, dim=0),
        )
        return self.crops.flatten(0, 1), self.masks.flatten(0, 1), targets


class RenderedDataset(Dataset[Batch]):
    """The crops that ``rows`` of the manifest name, read from memory-mapped shards.

    ``__getitems__`` fetches a whole batch, one read per shard; the loader needs no collating.
    """

    def __init__(self, folder: Path, rows: pd.DataFrame) -> None:
        self._folder = folder
        self._shard = rows["shard"].to_numpy()
        self._row = rows["row"].to_numpy()
        self._dense = (rows["source"] == shards.Source.RENDERED.value).to_numpy()
        self._open: dict[tuple[int, str], Array] = {}
        self.views = max(
            (len(self._field(int(s), "pixels")[0]) for s in set(self._shard)), default=1
        )

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, index: int) -> Batch:
        """Return a batch of one crop."""
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        wanted = np.asarray(indices)
        masks = self._read("masks", wanted)
        return Batch(
            crops=torch.from_numpy(self._read("pixels", wanted)),
            masks=torch.from_numpy(np.unpackbits(masks, axis=-1) * np.uint8(255)),
            maps=torch.from_numpy(self._read("maps", wanted)),
            relief=torch.from_numpy(self._read("relief", wanted)),
            score=torch.from_numpy(self._read("score", wanted)),
            spread=torch.from_numpy(self._read("spread", wanted)),
            allowed=torch.from_numpy(self._read("allowed", wanted)),
            dense=torch.from_numpy(self._dense[wanted]),
        )

    def _read(self, field: str, wanted: Array) -> Array:
        shard, row = self._shard[wanted], self._row[wanted]
        found = [self._field(int(s), field)[r] for s, r in zip(shard, row, strict=True)]
        if field not in _OF_A_CROP:
            found = [np.broadcast_to(crop, (self.views, *crop.shape[1:])) for crop in found]
        return np.stack(found, axis=0)

    def _field(self, shard: int, field: str) -> Array:
        key = (shard, field)
        if key not in self._open:
            self._open[key] = shards.open_field(self._folder, shard, field)
        return self._open[key]

"""Everything that a killed training needs to go on as if nothing had happened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from skinscore_training import runs


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """State after a step. The order of the data follows from seed and epoch, so a position in it
    is all that it needs."""

    key: str  # digest of preset and data; another key is another training
    processes: int  # each has dropout of its own
    epochs_done: int
    steps_done: int  # of the epoch at hand
    sums: dict[str, float]  # of the loss terms over those steps
    model: dict[str, Any]
    ema: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any]
    dropout_rng: torch.Tensor  # (processes, bytes) uint8, of the CPU's generators
    device_rng: torch.Tensor  # the same of the GPUs' generators; no bytes without GPUs
    augment_rng: torch.Tensor
    curves: list[dict[str, float]]
    mlflow_run_id: str


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically; a kill in the middle leaves the previous checkpoint."""
    fields = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    with runs.whole(path) as part:
        torch.save(fields, part)


def load(path: Path, key: str) -> Checkpoint | None:
    """Return the checkpoint at ``path`` when it belongs to the training ``key``, else None."""
    if not path.exists():
        return None
    fields = torch.load(path, map_location="cpu", weights_only=True)
    return Checkpoint(**fields) if fields["key"] == key else None


def save_weights(path: Path, state: dict[str, Any]) -> None:
    with runs.whole(path) as part:
        torch.save(state, part)


def load_weights(path: Path) -> dict[str, Any]:
    """Return the state_dict that stage ``fit`` wrote.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    state: dict[str, Any] = torch.load(
        runs.require(path, "fit"), map_location="cpu", weights_only=True
    )
    return state

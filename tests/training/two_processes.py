"""Trains a few steps and saves the weights; started by test_scale through torchrun.

torchrun --nproc-per-node 2 -m tests.training.two_processes RENDERED OUT
"""

import sys
from pathlib import Path
from typing import Final

import torch

from skinscore_training import checkpoint, scale
from skinscore_training.data import shards
from skinscore_training.data.mixture import Mixture
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.trainer import Trainer
from tests.models import SMALL
from tests.training.small_fit import SETTINGS

ONE_EPOCH: Final = SETTINGS.model_copy(
    update={"epochs": 1, "checkpoint_steps": 1, "learning_rate": 1e-3, "warm_up": 0.0}
)


def train(rendered: Path, out: Path) -> None:
    """Train one epoch with as many processes as there are; keep a checkpoint of every step."""
    torch.set_num_threads(1)
    data = RenderedDataset(rendered, shards.read_manifest(rendered))
    model = SMALL.model_copy(update={"dropout": 0.0})  # each process draws dropout for itself
    fabric = scale.fabric(ONE_EPOCH.precision)
    mixture = Mixture(len(data), 0, ONE_EPOCH.batch_crops, share=0.0)
    trainer = Trainer(model, ONE_EPOCH, mixture, "k", "r", fabric)

    def save() -> None:
        state = trainer.state()
        if fabric.is_global_zero:
            checkpoint.save(out / f"{state.epochs_done}.{state.steps_done}.pt", state)

    trainer.curves.append(trainer.epoch(data, lambda: None, save))
    save()
    fabric.barrier()


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]))

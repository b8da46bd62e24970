"""Trains a few steps and saves the weights; started by test_scale through torchrun.

torchrun --nproc-per-node 2 -m tests.training.two_processes RENDERED OUT
"""

import sys
from pathlib import Path

import torch

from skinscore_training import checkpoint, scale
from skinscore_training.data import shards
from skinscore_training.data.mixture import Mixture
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.presets import FitSettings, LossWeights
from skinscore_training.trainer import Trainer
from tests.models import SMALL

SETTINGS = FitSettings(
    start=None,
    frozen_stages=0,
    epochs=1,
    batch_crops=4,
    accumulate=1,
    checkpoint_steps=1,
    learning_rate=1e-3,
    weight_decay=0.05,
    warm_up=0.0,
    ema_decay=0.9,
    gradient_clip=1.0,
    precision="32-true",
    threads=1,
    seed=5,
    loss=LossWeights(mean=0.5, maps=0.5, relief=0.25, consistency=0.5),
)


def train(rendered: Path, out: Path) -> None:
    """Train one epoch with as many processes as there are; keep a checkpoint of every step."""
    torch.set_num_threads(1)
    data = RenderedDataset(rendered, shards.read_manifest(rendered))
    model = SMALL.model_copy(update={"dropout": 0.0})  # each process draws dropout for itself
    fabric = scale.fabric(SETTINGS.precision)
    mixture = Mixture(len(data), 0, SETTINGS.batch_crops, share=0.0)
    trainer = Trainer(model, SETTINGS, mixture, "k", "r", fabric)

    def save() -> None:
        state = trainer.state()
        if fabric.is_global_zero:
            checkpoint.save(out / f"{state.epochs_done}.{state.steps_done}.pt", state)

    trainer.curves.append(trainer.epoch(data, lambda: None, save))
    save()
    fabric.barrier()


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]))

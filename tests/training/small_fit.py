"""A training so small that a test can afford it: its settings and its data."""

from pathlib import Path
from typing import Final

from skinscore_training import rules
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.data.shards import Source
from skinscore_training.presets import FitSettings, LossWeights
from tests.training import fake_skin

SETTINGS: Final = FitSettings(
    start=None,
    start_depths=None,
    frozen_stages=0,
    epochs=3,
    batch_crops=4,
    accumulate=1,
    checkpoint_steps=2,
    learning_rate=2e-3,
    weight_decay=0.05,
    warm_up=0.2,
    ema_decay=0.9,
    gradient_clip=1.0,
    precision="32-true",
    threads=1,
    seed=5,
    loss=LossWeights(mean=0.5, maps=0.5, relief=0.25, consistency=0.5),
)


def one_person(folder: Path) -> RenderedDataset:
    """Write the crops of one person, in two views, into ``folder`` and return them."""
    crops = fake_skin.render([0], rules.GEOMETRY, seed=1, views=2)
    shards.write_shard(folder, 0, crops, rules.GEOMETRY, Source.RENDERED)
    return RenderedDataset(folder, shards.write_manifest(folder, 1))

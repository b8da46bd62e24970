"""Training goes on after a kill as if nothing had happened, and learns."""

from pathlib import Path

import pytest
import torch

from skinscore_training import checkpoint, rules
from skinscore_training.data import shards
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.presets import FitSettings, LossWeights
from skinscore_training.trainer import Ema, Trainer, parameter_groups, warm_cosine
from tests.models import SMALL
from tests.training import fake_skin

SETTINGS = FitSettings(
    epochs=3,
    batch_crops=4,
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


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RenderedDataset:
    folder = tmp_path_factory.mktemp("rendered")
    shards.write_shard(
        folder, 0, fake_skin.render([0], rules.GEOMETRY, seed=1, views=2), rules.GEOMETRY
    )
    return RenderedDataset(folder, shards.write_manifest(folder, 1))


def trainer(data: RenderedDataset) -> Trainer:
    return Trainer(SMALL, SETTINGS, len(data), key="k", run_id="r")


def run_epoch(training: Trainer, data: RenderedDataset) -> None:
    training.curves.append(training.epoch(data, advance=lambda: None))


def test_resumed_training_ends_with_the_same_weights(data: RenderedDataset, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = trainer(data)
    for _ in range(SETTINGS.epochs):
        run_epoch(whole, data)

    killed = trainer(data)
    run_epoch(killed, data)
    checkpoint.save(tmp_path / "last.pt", killed.state())
    torch.manual_seed(999)  # whatever the process did in between
    saved = checkpoint.load(tmp_path / "last.pt", key="k")
    assert saved is not None
    resumed = trainer(data)
    resumed.restore(saved)
    while resumed.epochs_done < SETTINGS.epochs:
        run_epoch(resumed, data)

    for name, value in whole.ema.model.state_dict().items():
        assert torch.equal(value, resumed.ema.model.state_dict()[name]), name
    losses = [[row["loss_total"] for row in t.curves] for t in (whole, resumed)]
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]


def test_a_checkpoint_of_another_training_is_not_taken_up(
    data: RenderedDataset, tmp_path: Path
) -> None:
    checkpoint.save(tmp_path / "last.pt", trainer(data).state())
    assert checkpoint.load(tmp_path / "last.pt", key="another") is None
    assert checkpoint.load(tmp_path / "nothing.pt", key="k") is None


def test_the_learning_rate_rises_then_falls_to_zero() -> None:
    factors = [warm_cosine(step, 100, 0.1) for step in range(101)]
    assert factors[:10] == sorted(factors[:10])
    assert max(factors) == 1.0
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0.0)


def test_only_kernels_and_matrices_decay(data: RenderedDataset) -> None:
    model = trainer(data).ema.model
    decayed, kept = parameter_groups(model, 0.05)
    assert decayed["weight_decay"] == 0.05
    assert kept["weight_decay"] == 0.0
    count = sum(len(group["params"]) for group in (decayed, kept))  # type: ignore[arg-type, misc]
    assert count == len(list(model.parameters()))


def test_smoothed_weights_of_a_constant_model_are_that_model(data: RenderedDataset) -> None:
    model = trainer(data).ema.model
    smoothed = Ema(model, 0.9)
    for _ in range(3):
        smoothed.update(model)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(smoothed.model.state_dict()[name], value, msg=name)

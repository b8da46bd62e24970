"""Training goes on after a kill as if nothing had happened, and learns."""

import dataclasses
from pathlib import Path

import pytest
import torch

from skinscore.errors import RequestRefused
from skinscore_training import checkpoint, rules, scale
from skinscore_training.data.mixture import Mixture
from skinscore_training.data.rendered import RenderedDataset
from skinscore_training.model import network
from skinscore_training.presets import FitSettings
from skinscore_training.trainer import Ema, Trainer, parameter_groups, warm_cosine
from tests.models import SMALL
from tests.training.small_fit import SETTINGS, one_person


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RenderedDataset:
    return one_person(tmp_path_factory.mktemp("rendered"))


def trainer(data: RenderedDataset, settings: FitSettings = SETTINGS) -> Trainer:
    mixture = Mixture(len(data), 0, settings.batch_crops, share=0.0)
    return Trainer(SMALL, settings, mixture, "k", "r", scale.fabric(settings.precision))


def nothing() -> None:
    pass


def run_epoch(training: Trainer, data: RenderedDataset) -> None:
    training.curves.append(training.epoch(data, nothing, nothing))


def test_frozen_stages_stay_as_they_were_with_their_statistics(data: RenderedDataset) -> None:
    training = trainer(data, SETTINGS.model_copy(update={"frozen_stages": 2}))
    before = {name: value.clone() for name, value in training.ema.model.state_dict().items()}
    run_epoch(training, data)
    moved = {
        name
        for name, value in training.ema.model.state_dict().items()
        if not torch.equal(before[name], value)
    }
    frozen = ("encoder.stages.0.", "encoder.stages.1.")
    assert not any(name.startswith(frozen) for name in moved)
    assert any(name.startswith("encoder.stages.2.") for name in moved)


class KilledError(Exception):
    """A kill in the middle of an epoch."""


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_kill_in_mid_epoch_ends_with_the_same_bits(
    data: RenderedDataset, tmp_path: Path, accumulate: int
) -> None:
    torch.set_num_threads(1)
    settings = SETTINGS.model_copy(update={"accumulate": accumulate})
    whole = trainer(data, settings)
    for _ in range(settings.epochs):
        run_epoch(whole, data)

    killed = trainer(data, settings)
    run_epoch(killed, data)  # the kill comes in the second epoch, one step after a checkpoint
    steps = 0

    def die() -> None:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise KilledError

    def keep() -> None:
        assert killed.steps_done == 2
        checkpoint.save(tmp_path / "last.pt", killed.state())

    with pytest.raises(KilledError):
        killed.epoch(data, die, keep)
    torch.manual_seed(999)  # whatever the process did in between
    saved = checkpoint.load(tmp_path / "last.pt", key="k")
    assert saved is not None
    assert (saved.epochs_done, saved.steps_done) == (1, 2)
    resumed = trainer(data, settings)
    resumed.restore(saved)
    while resumed.epochs_done < settings.epochs:
        run_epoch(resumed, data)

    for name, value in whole.ema.model.state_dict().items():
        assert torch.equal(value, resumed.ema.model.state_dict()[name]), name
    for name, value in whole.state().model.items():
        assert torch.equal(value, resumed.state().model[name]), name
    losses = [[row["loss_total"] for row in t.curves] for t in (whole, resumed)]
    assert losses[0] == losses[1]
    assert losses[0][-1] < losses[0][0]


def test_a_batch_that_cannot_be_divided_is_refused(data: RenderedDataset) -> None:
    with pytest.raises(RequestRefused, match="batch_crops 4 in 3 parts for 1 processes"):
        trainer(data, SETTINGS.model_copy(update={"accumulate": 3}))


def test_other_processes_cannot_go_on_with_a_training(data: RenderedDataset) -> None:
    training = trainer(data)
    saved = dataclasses.replace(training.state(), processes=2)
    with pytest.raises(RequestRefused, match="2 processes began this training, now there are 1"):
        training.restore(saved)


def test_another_kind_of_device_cannot_go_on_with_a_training(data: RenderedDataset) -> None:
    training = trainer(data)
    drawn_on_a_gpu = torch.zeros((1, 16), dtype=torch.uint8)
    saved = dataclasses.replace(training.state(), device_rng=drawn_on_a_gpu)
    with pytest.raises(RequestRefused, match="begun on a GPU, now there is none") as refusal:
        training.restore(saved)
    assert refusal.value.code == "training_mismatch"


def test_every_part_of_a_step_holds_its_share_of_photos(data: RenderedDataset) -> None:
    settings = SETTINGS.model_copy(update={"accumulate": 2})
    mixture = Mixture(rendered=9, graded=4, batch=settings.batch_crops, share=0.5)
    training = Trainer(SMALL, settings, mixture, "k", "r", scale.fabric(settings.precision))
    parts = list(training._parts())
    assert len(parts) == 2 * mixture.steps
    assert {sum(place >= mixture.rendered for place in part) for part in parts} == {1}
    whole = Trainer(
        SMALL,
        settings.model_copy(update={"accumulate": 1}),
        mixture,
        "k",
        "r",
        scale.fabric(settings.precision),
    )
    steps = [sorted(one + other) for one, other in zip(parts[::2], parts[1::2], strict=True)]
    assert steps == [sorted(step) for step in whole._parts()]


def test_dropout_does_not_depend_on_who_brought_the_weights(data: RenderedDataset) -> None:
    training = trainer(data)
    torch.manual_seed(999)  # whatever was drawn while weights were read
    training.begin_with(training.state().model)
    assert torch.equal(training.state().dropout_rng, trainer(data).state().dropout_rng)


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


def test_only_kernels_and_matrices_decay() -> None:
    model = network.build(SMALL, rules.GEOMETRY, 1)
    decayed, kept = parameter_groups(model, 0.05)
    assert decayed["weight_decay"] == 0.05
    assert kept["weight_decay"] == 0.0
    assert all(values.ndim > 1 for values in decayed["params"])  # type: ignore[attr-defined]
    assert all(values.ndim == 1 for values in kept["params"])  # type: ignore[attr-defined]
    count = sum(len(group["params"]) for group in (decayed, kept))  # type: ignore[arg-type, misc]
    assert count == len(list(model.parameters()))
    model.encoder.requires_grad_(False)
    groups = parameter_groups(model, 0.05)
    trained = sum(len(group["params"]) for group in groups)  # type: ignore[arg-type, misc]
    assert trained == count - len(list(model.encoder.parameters()))


def test_smoothed_weights_of_a_constant_model_are_that_model(data: RenderedDataset) -> None:
    model = trainer(data).ema.model
    smoothed = Ema(model, 0.9)
    for _ in range(3):
        smoothed.update(model)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(smoothed.model.state_dict()[name], value, msg=name)

"""A model file is enough to go on training: the network comes back out of it."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skinscore_training import rules
from skinscore_training.model import network
from skinscore_training.model.network import Servable, SkinNet
from skinscore_training.model.onnx_graph import random_inputs, runner, to_onnx
from skinscore_training.model.unfolded import Unlike, read_weights, renormalise
from tests.models import SMALL


def batches(seed: int, count: int = 2) -> Iterator[tuple[Tensor, Tensor]]:
    for number in range(count):
        crops, masks = random_inputs(rules.GEOMETRY, seed + number, 4)
        yield torch.from_numpy(crops), torch.from_numpy(masks)


@pytest.fixture(scope="module")
def trained() -> SkinNet:
    """A network whose normalisations have lived: no scale is 1, no mean is 0."""
    net = network.build(SMALL, rules.GEOMETRY, 1)
    noise = torch.Generator().manual_seed(2)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            for values in (part.weight.data, part.running_var):
                values.copy_(torch.rand(values.shape, generator=noise) + 0.5)
            for values in (part.bias.data, part.running_mean):
                values.copy_(torch.randn(values.shape, generator=noise) * 0.3)
    return net.eval()


@pytest.fixture(scope="module")
def file(trained: SkinNet) -> bytes:
    return to_onnx(Servable(trained, (1.3, 0.8, 1.1)), rules.GEOMETRY)


@pytest.fixture
def again(file: bytes) -> SkinNet:
    net = network.build(SMALL, rules.GEOMETRY, 77)
    net.load_state_dict(read_weights(file, net))
    return net.eval()


def test_the_network_out_of_the_file_answers_as_the_one_that_went_in(
    trained: SkinNet, again: SkinNet
) -> None:
    with torch.inference_mode():
        for crops, masks in batches(5):
            one, other = trained(crops, masks), again(crops, masks)
            assert torch.allclose(one.logits, other.logits, atol=1e-4)
            assert torch.allclose(one.map_logits, other.map_logits, atol=1e-4)


def test_what_the_file_lacks_stays_as_it_was(file: bytes) -> None:
    net = network.build(SMALL, rules.GEOMETRY, 77)
    assert torch.equal(read_weights(file, net)["relief.weight"], net.relief.weight)


def test_statistics_of_real_crops_change_no_answer(again: SkinNet) -> None:
    crops, masks = next(batches(9))
    with torch.inference_mode():
        before = again(crops, masks).logits
        renormalise(again, batches(5))
        after = again(crops, masks).logits
    assert not again.training
    assert torch.allclose(before, after, atol=1e-4)


def test_in_training_mode_the_batch_it_was_measured_on_is_answered_alike(again: SkinNet) -> None:
    crops, masks = next(batches(5))

    def change(net: SkinNet) -> float:
        """How far training mode moves the answers, dropout apart."""
        net.train().head.eval()
        with torch.no_grad():
            return float((net(crops, masks).logits - wanted).abs().mean())

    with torch.no_grad():
        wanted = again(crops, masks).logits
    raw = change(copy.deepcopy(again))
    renormalise(again, batches(5, count=1))
    assert change(again) < min(1e-3, raw / 10)


def test_a_round_trip_gives_the_file_again(again: SkinNet, file: bytes) -> None:
    renormalise(again, batches(5))
    other = to_onnx(Servable(again, (1.3, 0.8, 1.1)), rules.GEOMETRY)
    crops, masks = random_inputs(rules.GEOMETRY, 3, 4)
    for one, two in zip(runner(file)(crops, masks), runner(other)(crops, masks), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden": SMALL.hidden + 8}, "another shape, first head"),
        ({"depths": (1, 1, 1, 2)}, "belongs to no batch normalisation"),
    ],
)
def test_a_file_of_another_network_is_refused(
    file: bytes, change: dict[str, object], message: str
) -> None:
    net = network.build(SMALL.model_copy(update=change), rules.GEOMETRY, 1)
    with pytest.raises(Unlike, match=message):
        read_weights(file, net)

"""Laws of the network; they hold for any weights, trained or not."""

import math

import pytest
import torch

from skinscore_training import rules
from skinscore_training.model.heads import ZonePooling
from skinscore_training.model.network import Servable, SkinNet, build
from tests.models import SMALL

SIDE, SLOTS = 64, 2  # the smallest side that still has a stride-32 map of 2 x 2


@pytest.fixture(scope="module")
def model() -> Servable:
    torch.manual_seed(0)
    network = SkinNet(SMALL, SIDE)
    # Batch statistics away from their initial 0 and 1, so that eval mode is a real network.
    network.train()(*pictures(8))
    return Servable(network, (1.0, 0.8, 1.3)).eval()


def pictures(count: int, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    crops = torch.randint(0, 256, (count, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
    masks = torch.zeros(count, SLOTS, SIDE, SIDE, dtype=torch.uint8)
    for i in range(count):
        masks[i, 0, : 8 + 4 * (i % 8)] = 255
        masks[i, 1, SIDE // 2 :, 16:48] = 255
    return crops, masks


@torch.inference_mode()
def test_probabilities_are_positive_and_sum_to_one(model: Servable) -> None:
    probabilities, severity = model(*pictures(4))
    assert probabilities.shape == (4, SLOTS, 3, 5)
    assert severity.shape == (4, 3, SIDE // 4, SIDE // 4)
    assert probabilities.min() > 0
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(4, SLOTS, 3))
    assert severity.min() >= 0
    assert severity.max() <= 1


@torch.inference_mode()
def test_slots_that_change_places_take_their_answers_with_them(model: Servable) -> None:
    crops, masks = pictures(4)
    found, _ = model(crops, masks)
    swapped, _ = model(crops, masks.flip(1))
    torch.testing.assert_close(swapped, found.flip(1))
    assert not torch.allclose(found[:, 0], found[:, 1], atol=1e-4)  # the mask does choose


@torch.inference_mode()
def test_a_batch_answers_like_its_crops_one_by_one(model: Servable) -> None:
    crops, masks = pictures(5)
    together = model(crops, masks)
    alone = [model(crops[i : i + 1], masks[i : i + 1]) for i in range(5)]
    for place in range(2):
        torch.testing.assert_close(
            together[place], torch.cat([row[place] for row in alone]), atol=1e-5, rtol=1e-4
        )


@torch.inference_mode()
def test_an_empty_slot_is_finite_and_leaves_the_other_alone(model: Servable) -> None:
    crops, masks = pictures(3)
    found, _ = model(crops, masks)
    masks[:, 1] = 0
    emptied, _ = model(crops, masks)
    assert emptied.isfinite().all()
    torch.testing.assert_close(emptied[:, 0], found[:, 0])


@torch.inference_mode()
def test_the_maps_do_not_depend_on_the_masks(model: Servable) -> None:
    crops, masks = pictures(2)
    torch.testing.assert_close(model(crops, masks)[1], model(crops, masks.flip(1))[1])


@pytest.mark.parametrize("level", [0.05, 0.2, 0.8])
def test_twice_the_map_is_the_same_step_up_wherever_it_starts(level: float) -> None:
    pooling = ZonePooling(SIDE, decoder_width=4, deep_channels=4)
    cells = SIDE // 4

    def pooled(values: float) -> torch.Tensor:
        """Of a zone whose every map has these values, and of an empty one."""
        masks = torch.zeros(1, SLOTS, SIDE, SIDE)
        masks[:, 0, : SIDE // 2] = 1.0
        nothing = torch.zeros(1, 4, cells, cells), torch.zeros(1, 4, cells // 4, cells // 4)
        maps = torch.full((1, 3, cells, cells), values)
        found: torch.Tensor = pooling(nothing[0], maps, nothing[1], masks)
        return found[0, :, 8:11]  # after mean and soft maximum of four features

    step = pooled(level)[0] - pooled(level / 2)[0]
    torch.testing.assert_close(step, torch.full((3,), math.log(2.0)), atol=0.15, rtol=0)
    assert (pooled(level)[1] == 0).all()


@torch.inference_mode()
def test_a_higher_temperature_is_less_sure(model: Servable) -> None:
    crops, masks = pictures(4)
    sure, _ = Servable(model.network, (1.0, 1.0, 1.0)).eval()(crops, masks)
    unsure, _ = Servable(model.network, (2.0, 2.0, 2.0)).eval()(crops, masks)
    assert (unsure.max(-1).values < sure.max(-1).values).all()
    assert (unsure.argmax(-1) == sure.argmax(-1)).all()


def test_the_same_seed_builds_the_same_network() -> None:
    one, same, other = (build(SMALL, rules.GEOMETRY, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_a_side_that_does_not_fit_the_strides_is_refused() -> None:
    with pytest.raises(ValueError, match="side_px is 100; it must be a multiple of 32"):
        SkinNet(SMALL, 100)


@pytest.mark.parametrize("temperatures", [(1.0, 1.0), (1.0, 0.0, 1.0)])
def test_temperatures_that_cannot_be_are_refused(temperatures: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must be 3 numbers above 0"):
        Servable(build(SMALL, rules.GEOMETRY, 1), temperatures)


@torch.inference_mode()
def test_blocks_at_the_finest_scale_begin_as_the_identity_and_keep_the_shape() -> None:
    network = SkinNet(SMALL.model_copy(update={"stem_blocks": 2}), SIDE).eval()
    first, *blocks = network.encoder.stages[0].children()
    assert len(blocks) == 2
    plain = first(torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)))
    seen = plain
    for block in blocks:
        seen = block(seen)
    assert torch.equal(seen, plain)
    assert network.encoder.channels == SkinNet(SMALL, SIDE).encoder.channels

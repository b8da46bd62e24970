"""A network may be deeper than the one it goes on from."""

import pytest
import torch

from skinscore.errors import RequestRefused
from skinscore_training import presets, rules
from skinscore_training.model import network
from skinscore_training.presets import Preset
from skinscore_training.start import read_start
from tests.conftest import REPOSITORY


def deeper(preset: Preset) -> tuple[int, ...]:
    first, *middle, last = preset.model.depths
    return (first + 2, *middle, last + 1)


@pytest.fixture
def preset(monkeypatch: pytest.MonkeyPatch) -> Preset:
    """Goes on from the model file that the package ships."""
    monkeypatch.chdir(REPOSITORY)
    return presets.load("finetune")


def deepened(preset: Preset, depths: tuple[int, ...] | None) -> Preset:
    return preset.model_copy(
        update={
            "model": preset.model.model_copy(update={"depths": deeper(preset)}),
            "fit": preset.fit.model_copy(update={"start_depths": depths}),
        }
    )


def begun(preset: Preset) -> network.SkinNet:
    start = read_start(preset)
    assert start is not None
    net = network.build(preset.model, rules.GEOMETRY, seed=7)
    net.load_state_dict(start.weights)
    return net.eval()


def test_added_blocks_change_no_answer_and_learn_from_the_first_step(preset: Preset) -> None:
    side = rules.GEOMETRY.side_px
    generator = torch.Generator().manual_seed(3)
    crops = torch.randint(0, 256, (2, side, side, 3), generator=generator, dtype=torch.uint8)
    masks = torch.full((2, rules.GEOMETRY.slots, side, side), 255, dtype=torch.uint8)
    shallow, deep = begun(preset), begun(deepened(preset, preset.model.depths))
    with torch.inference_mode():
        before, after = shallow(crops, masks), deep(crops, masks)
    assert torch.equal(before.logits, after.logits)
    assert torch.equal(before.map_logits, after.map_logits)
    deep(crops, masks).logits.square().mean().backward()
    own = {name for name, _ in shallow.named_parameters()}
    added = {name: values for name, values in deep.named_parameters() if name not in own}
    scales = [values for name, values in added.items() if name.endswith("f.c.1.weight")]
    assert len(scales) == sum(deeper(preset)) - sum(preset.model.depths)
    assert all(values.grad is not None and values.grad.abs().max() > 0 for values in scales)


def test_a_deeper_network_whose_preset_does_not_say_so_is_refused(preset: Preset) -> None:
    with pytest.raises(RequestRefused, match="weights are missing, first encoder") as refusal:
        read_start(deepened(preset, None))
    assert refusal.value.code == "preset_invalid"

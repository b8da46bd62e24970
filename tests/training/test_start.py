"""A release names who and what shaped it, its start's mappings included."""

from pathlib import Path

import pytest
import torch

from skinscore.errors import RequestRefused
from skinscore.imaging.rules import Geometry
from skinscore_training import presets, rules, runs, sealing, start
from skinscore_training.data import shards
from skinscore_training.model import network
from skinscore_training.model.onnx_graph import random_inputs
from skinscore_training.presets import PhotoSettings, Preset
from skinscore_training.runs import RunFolder
from skinscore_training.start import Start, limits_of, read_start
from tests.conftest import REPOSITORY
from tests.models import SMALL

OWN, INHERITED = "a" * 64, "b" * 64


@pytest.fixture
def preset() -> Preset:
    return presets.load("tiny", REPOSITORY / "configs")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run whose photos were cut by a mapping."""
    folder = RunFolder(tmp_path)
    claim = {"claim": {"mappings": {"nia_wrinkle_0_6": OWN}}}
    runs.write_json(folder.rendered / shards.CUT, claim)
    return folder


def with_photos(preset: Preset) -> Preset:
    photos = PhotoSettings(
        manifest="m.csv", mappings=("n.yaml",), raters="equal", share=0.5, photos_per_shard=1
    )
    return preset.model_copy(update={"photos": photos})


def test_weights_taken_over_from_a_model_file_have_no_statistics_of_their_own() -> None:
    net = network.build(SMALL, rules.GEOMETRY, seed=1)
    assert not start._normalised(net.state_dict())
    net.train()
    with torch.no_grad():
        net(*map(torch.from_numpy, random_inputs(rules.GEOMETRY, seed=1, batch=2)))
    assert start._normalised(net.state_dict())


def test_rendered_skin_alone_says_that_no_photo_took_part(
    preset: Preset, folder: RunFolder
) -> None:
    assert limits_of(preset, folder, "rendered") == sealing.LIMITS


def test_photos_that_only_calibrated_took_part_too(preset: Preset, folder: RunFolder) -> None:
    assert limits_of(preset, folder, "graded") == sealing.LIMITS_GRADED


def test_photos_that_only_measure_are_no_training_and_no_secret(
    preset: Preset, folder: RunFolder
) -> None:
    measured = preset.model_copy(
        update={"evaluate": preset.evaluate.model_copy(update={"source": "graded"})}
    )
    assert limits_of(measured, folder, "rendered") == sealing.LIMITS_MEASURED
    assert limits_of(measured, folder, "graded") == sealing.LIMITS_GRADED


def test_the_mapping_of_the_photos_is_named_by_its_digest(
    preset: Preset, folder: RunFolder
) -> None:
    limits = limits_of(with_photos(preset), folder, "rendered")
    (named,) = set(limits) - set(sealing.LIMITS_GRADED)
    assert named.startswith(sealing.MAPPED)
    assert "nia_wrinkle_0_6" in named
    assert OWN in named


def test_mappings_of_the_start_are_inherited(
    preset: Preset, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sealing.mapping_limit("nia_pigmentation_0_5", INHERITED)
    begun = Start(weights={}, sha256="", labels="graded", normalised=True, mapped=(before,))
    monkeypatch.setattr(start, "read_start", lambda preset: begun)
    limits = limits_of(with_photos(preset), folder, "rendered")
    assert before in limits
    assert sealing.mapping_limit("nia_wrinkle_0_6", OWN) in limits


def finer(geometry: Geometry) -> Geometry:
    crops = tuple(
        plan.model_copy(update={"mm_per_px": plan.mm_per_px / 2}) for plan in geometry.crops
    )
    return geometry.model_copy(update={"side_px": 2 * geometry.side_px, "crops": crops})


def test_training_may_go_on_at_another_scale_of_the_same_crops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr(rules, "GEOMETRY", finer(rules.GEOMETRY))
    preset = presets.load("finetune")
    begun = read_start(preset)
    assert begun is not None
    net = network.build(preset.model, rules.GEOMETRY, seed=1)
    net.load_state_dict(begun.weights)
    with pytest.raises(RequestRefused, match="by other rules") as refusal:
        read_start(presets.load("recalibrate"))
    assert refusal.value.code == "preset_invalid"


def test_a_start_whose_crops_show_other_skin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    first, *others = rules.GEOMETRY.crops
    unmirrored = first.model_copy(update={"mirror": not first.mirror})
    other = rules.GEOMETRY.model_copy(update={"crops": (unmirrored, *others)})
    monkeypatch.setattr(rules, "GEOMETRY", other)
    with pytest.raises(RequestRefused, match="by other rules"):
        read_start(presets.load("finetune"))

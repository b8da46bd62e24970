"""Presets are whole and strict."""

from pathlib import Path

import pytest
import yaml

from skinscore.errors import RequestRefused
from skinscore_training import presets
from tests.conftest import REPOSITORY

CONFIGS = REPOSITORY / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_preset_of_the_repository_loads(name: str) -> None:
    assert presets.load(name, CONFIGS).name == name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"name": "other"}, "holds preset 'other'"),
        ({"split": {"calibration": 0.5, "test": "0.2", "seed": 1}}, "split.test"),
        ({"evaluate": {"resamples": 10}}, "evaluate.seed: Field required"),
    ],
)
def test_a_preset_with_a_mistake_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    content = yaml.safe_load((CONFIGS / "tiny.yaml").read_text()) | change
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(RequestRefused, match=message) as refusal:
        presets.load("tiny", tmp_path)
    assert refusal.value.code == "preset_invalid"


def test_a_preset_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(RequestRefused, match=r"no preset 'huge'; presets here: .*tiny"):
        presets.load("huge", CONFIGS)


def test_choosing_a_preset_writes_what_dvc_reads(tmp_path: Path) -> None:
    presets.choose("full", tmp_path / "params.yaml")
    assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == {"preset": "full"}

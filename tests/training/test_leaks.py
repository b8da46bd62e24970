"""Whoever taught a start is not held out again."""

from pathlib import Path

import pandas as pd
import pytest

from skinscore.errors import RequestRefused
from skinscore_training import presets
from skinscore_training.data.splits import Part
from skinscore_training.leaks import require_apart
from skinscore_training.presets import Preset
from skinscore_training.render import render
from skinscore_training.runs import RunFolder
from skinscore_training.split import split
from tests.conftest import REPOSITORY
from tests.training import fake_skin


@pytest.fixture(scope="module")
def preset() -> Preset:
    whole = presets.load("tiny", REPOSITORY / "configs")
    few = {"people": 10, "people_per_shard": 10, "workers": 1, "seed": 3}
    return whole.model_copy(update={"render": whole.render.model_copy(update=few)})


def run_of(preset: Preset, root: Path, *, seed: int, split_seed: int) -> tuple[Preset, RunFolder]:
    """A run after stages render and split."""
    folder = RunFolder(root)
    own = preset.model_copy(
        update={
            "render": preset.render.model_copy(update={"seed": seed}),
            "split": preset.split.model_copy(update={"seed": split_seed}),
        }
    )
    render(own.render, None, folder.rendered, fake_skin.render)
    split(own.split, folder.rendered, folder.splits)
    return own, folder


def going_on(preset: Preset, start: str | None) -> Preset:
    return preset.model_copy(update={"fit": preset.fit.model_copy(update={"start": start})})


def test_going_on_with_the_same_split_or_with_other_people_is_no_leak(
    preset: Preset, tmp_path: Path
) -> None:
    run_of(preset, tmp_path / "first", seed=3, split_seed=1)
    for name, seed, split_seed in (("same", 3, 1), ("others", 4, 2)):
        own, folder = run_of(preset, tmp_path / name, seed=seed, split_seed=split_seed)
        require_apart(going_on(own, str(tmp_path / "first")), folder)


@pytest.mark.parametrize("part", [Part.CALIBRATION, Part.TEST])
def test_held_out_people_who_taught_the_start_are_refused(
    preset: Preset, tmp_path: Path, part: Part
) -> None:
    _, first = run_of(preset, tmp_path / "first", seed=3, split_seed=1)
    own, folder = run_of(preset, tmp_path / "second", seed=3, split_seed=1)
    table = pd.read_parquet(folder.splits)
    held_out = table.index[table["part"] == part.value][0]
    teacher = table.index[table["part"] == Part.TRAIN.value][0]
    table.loc[[held_out, teacher], "part"] = [Part.TRAIN.value, part.value]
    table.to_parquet(folder.splits, index=False)
    with pytest.raises(RequestRefused, match=f"crops of the {part} part taught") as refusal:
        require_apart(going_on(own, str(first.root)), folder)
    assert refusal.value.code == "preset_invalid"


def test_a_start_without_people_is_asked_nothing(preset: Preset, tmp_path: Path) -> None:
    own, folder = run_of(preset, tmp_path / "alone", seed=3, split_seed=1)
    file = tmp_path / "model.onnx"
    file.write_bytes(b"")
    for start in (None, str(file)):
        require_apart(going_on(own, start), folder)

"""Presets are whole and strict."""

from pathlib import Path

import pytest
import yaml

from skinscore.errors import RequestRefused
from skinscore_training import presets
from tests.conftest import REPOSITORY

CONFIGS = REPOSITORY / "configs"
PHOTOS = {"manifest": "data/graded/manifest.csv", "share": 0.5, "photos_per_shard": 9}
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
        ({"photos": PHOTOS}, "photos.mappings: Field required; photos.raters: Field required"),
        ({"photos": PHOTOS | {"mappings": ["../nia.yaml"], "raters": "equal"}}, "photos.mappings"),
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"calibrate": {"source": "graded", "coverage": 0.9}},
            "calibrate.source is graded, but photos",
        ),
        ({"render": {"people": 0}}, "there is nothing to learn from"),
        ({"fit": {"epochs": 0}}, "there would be no weights"),
        ({"fit": {"start_depths": [1, 1, 1, 1]}}, "start_depths is said of fit.start"),
        ({"fit": {"start": "runs/a", "start_depths": [9, 1, 1, 1]}}, "blocks are added, never"),
        ({"fit": {"seed": -1}}, "fit.seed"),
        ({"render": {"seed": 2**31}}, "render.seed"),
        ({"export": {"released": "25 Nov"}}, "export.released"),
        ({"export": {"version": "v 1"}}, "export.version"),
        ({"export": {"name": ""}}, "export.name"),
        ({"split": {"calibration": 0.5, "test": 0.5}}, "leave nobody to train on"),
        ({"model": {"widths": [16, 33, 48, 64]}}, "multiples of group_width"),
        ({"model": {"stem": 20, "stem_blocks": 1}}, "multiples of group_width"),
    ],
)
def test_sections_that_do_not_agree_are_refused(
    tmp_path: Path, change: dict[str, dict[str, object]], message: str
) -> None:
    content = yaml.safe_load((CONFIGS / "tiny.yaml").read_text())
    for section, values in change.items():
        content[section] |= values
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(RequestRefused, match=message):
        presets.load("tiny", tmp_path)


def test_a_batch_of_one_crop_cannot_hold_photos_and_rendered_skin(tmp_path: Path) -> None:
    content = yaml.safe_load((CONFIGS / "finetune.yaml").read_text())
    for batch, fits in ((2, True), (1, False)):
        content["fit"] |= {"batch_crops": batch, "accumulate": 1}
        (tmp_path / "finetune.yaml").write_text(yaml.safe_dump(content))
        if fits:
            assert presets.load("finetune", tmp_path).fit.batch_crops == batch
        else:
            with pytest.raises(RequestRefused, match="a batch holds photos and rendered crops"):
                presets.load("finetune", tmp_path)


def test_choosing_a_preset_writes_what_dvc_reads(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    presets.choose(presets.load("full", CONFIGS), params)
    assert yaml.safe_load(params.read_text()) == {
        "preset": "full",
        "photos": presets.NOTHING,
        "start": presets.NOTHING,
    }
    assert (REPOSITORY / presets.NOTHING).exists()
    presets.choose(presets.load("finetune", CONFIGS), params)
    assert yaml.safe_load(params.read_text()) == {
        "preset": "finetune",
        "photos": "data/graded",
        "start": "src/skinscore/assets/skinscore.onnx",
    }


@pytest.mark.parametrize("manifest", ["clinic.csv", "runs/clinic.csv", "../clinic.csv"])
def test_photos_in_a_folder_that_holds_the_run_are_refused(manifest: str, tmp_path: Path) -> None:
    """`dvc repro` says of them only: same items are both a dependency and an output."""
    whole = presets.load("finetune", CONFIGS)
    assert whole.photos is not None
    loose = whole.model_copy(
        update={"photos": whole.photos.model_copy(update={"manifest": manifest})}
    )
    params = tmp_path / "params.yaml"
    with pytest.raises(RequestRefused, match=r"holds runs/finetune too.*data/graded") as refusal:
        presets.choose(loose, params)
    assert refusal.value.code == "preset_invalid"
    assert not params.exists()


def test_a_start_that_is_not_there_is_refused_before_anything_is_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onward = presets.load("onward", CONFIGS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestRefused, match=f"nothing at {onward.fit.start}") as refusal:
        presets.require_start(onward)
    assert refusal.value.code == "stage_input_missing"
    presets.require_start(presets.load("full", CONFIGS))


def test_the_repository_s_own_choice_is_what_choosing_writes(tmp_path: Path) -> None:
    presets.choose(presets.load("tiny", CONFIGS), tmp_path / "params.yaml")
    ours = (REPOSITORY / "params.yaml").read_text()
    chosen = yaml.safe_load(ours)["preset"]
    assert chosen != "tiny" or (tmp_path / "params.yaml").read_text() == ours

"""All seven stages in order, on a stand-in for skin, and what each refuses."""

from pathlib import Path

import pytest

from skinscore.contract.release import read_model
from skinscore.domain.concerns import CONCERNS
from skinscore.errors import RequestRefused
from skinscore.grading.grader import Grader
from skinscore.imaging import face_models
from skinscore_training import presets, runs
from skinscore_training.ablate import TABLE, VARIANTS, ablate
from skinscore_training.calibrate import calibrate
from skinscore_training.card import card
from skinscore_training.evaluate import evaluate
from skinscore_training.export import export
from skinscore_training.fit import fit
from skinscore_training.render import render
from skinscore_training.split import split
from tests.conftest import REPOSITORY
from tests.training import fake_skin


@pytest.fixture
def preset() -> presets.Preset:
    whole = presets.load("tiny", REPOSITORY / "configs")
    small = whole.render.model_copy(update={"people": 12, "people_per_shard": 6, "workers": 1})
    return whole.model_copy(update={"render": small})


@pytest.mark.slow
def test_the_whole_chain_makes_a_release_that_grader_loads(
    preset: presets.Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    face_models.require()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    folder = runs.RunFolder(tmp_path / "runs" / "tiny")
    assert render(preset.render, folder.rendered, fake_skin.render) == 12 * 13
    assert sum(split(preset.split, folder.rendered, folder.splits).values()) == 12
    assert fit(preset, folder)["epoch"] == preset.fit.epochs
    calibrate(preset, folder)
    measured = export(preset, folder)
    assert measured["parity_rendered"] <= preset.export.parity_tolerance
    headline = evaluate(preset, folder)
    text = card(preset, folder).read_text()

    released = read_model(folder.release)
    assert Grader.load(folder.release).contract == released.contract
    assert read_model(folder.exported).contract.graph_sha256 == released.contract.graph_sha256
    assert released.contract.figures
    assert all("rendered" in figure.dataset for figure in released.contract.figures)
    kappa = next(f for f in released.contract.figures if f.name == "quadratic_weighted_kappa")
    assert kappa.value == headline[f"{kappa.concern}.{kappa.name}"]
    assert released.digest in text
    assert released.contract.provenance.mlflow_run_id in text
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.slow
def test_an_ablation_trains_every_variant_on_the_same_budget(
    preset: presets.Preset, tmp_path: Path
) -> None:
    folder = runs.RunFolder(tmp_path)
    render(preset.render, folder.rendered, fake_skin.render)
    split(preset.split, folder.rendered, folder.splits)
    table = ablate(preset, folder, crops=32, epochs=1, seeds=2)
    assert list(table["variant"].unique()) == list(VARIANTS)
    assert (table.groupby("variant")["seed"].nunique() == 2).all()
    assert table[[f"mae_{concern}" for concern in CONCERNS]].notna().all(axis=None)
    assert (folder.root / TABLE).exists()


@pytest.mark.parametrize("stage", [fit, calibrate, export, evaluate, card])
def test_a_stage_without_its_input_is_refused_before_any_work(
    stage: object, preset: presets.Preset, tmp_path: Path
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        stage(preset, runs.RunFolder(tmp_path / "nothing"))  # type: ignore[operator]
    assert refusal.value.code == "stage_input_missing"
    assert list(tmp_path.iterdir()) == []

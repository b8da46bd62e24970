"""All seven stages in order, on a stand-in for skin, and what each refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from skinscore.assets.shipped import sample_photos
from skinscore.contract.release import read_model
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import ZONES
from skinscore.errors import NotReady, RequestRefused
from skinscore.grading.grader import Grader
from skinscore.imaging import face_models
from skinscore_training import checkpoint, fit_record, int8, presets, runs, shipping
from skinscore_training.ablate import TABLE, VARIANTS, ablate
from skinscore_training.calibrate import calibrate
from skinscore_training.card import card
from skinscore_training.data import shards
from skinscore_training.evaluate import Evaluation, evaluate
from skinscore_training.export import export
from skinscore_training.fit import fit
from skinscore_training.int8 import Variant
from skinscore_training.model import heads
from skinscore_training.presets import PhotoSettings, Preset
from skinscore_training.proof.report import Proof
from skinscore_training.render import render
from skinscore_training.runs import RunFolder
from skinscore_training.split import split
from skinscore_training.start import labels_of, read_start
from skinscore_training.trainer import Trainer
from tests.conftest import REPOSITORY
from tests.training import fake_skin
from tests.training.manifests import another, long, write


@pytest.fixture(scope="module")
def preset() -> Preset:
    whole = presets.load("tiny", REPOSITORY / "configs")
    small = whole.render.model_copy(update={"people": 12, "people_per_shard": 6, "workers": 1})
    return whole.model_copy(update={"render": small})


@dataclass(frozen=True)
class Finished:
    """A run of all seven stages on a stand-in for skin."""

    folder: RunFolder
    evaluation: Evaluation
    exported: dict[str, float]
    card: str


@pytest.fixture(scope="module")
def finished(preset: Preset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    face_models.require()
    root = tmp_path_factory.mktemp("pipeline")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
        patch.chdir(root)
        folder = RunFolder(root / "runs" / "tiny")
        made = render(preset.render, preset.photos, folder.rendered, fake_skin.render)
        assert made.crops == 12 * 13
        assert sum(split(preset.split, folder.rendered, folder.splits).values()) == 12
        assert fit(preset, folder)["epoch"] == preset.fit.epochs
        calibrate(preset, folder)
        exported = export(preset, folder)
        evaluation = evaluate(preset, folder)
        yield Finished(folder, evaluation, exported, card(preset, folder).read_text())


@pytest.mark.slow
def test_the_whole_chain_makes_a_release_that_grader_loads(
    preset: Preset, finished: Finished
) -> None:
    folder, headline = finished.folder, finished.evaluation.headline
    assert finished.exported["parity_test"] <= preset.export.parity_tolerance
    released = read_model(folder.release)
    assert Grader.load(folder.release).contract == released.contract
    assert read_model(folder.exported).contract.graph_sha256 == released.contract.graph_sha256
    assert released.contract.figures
    assert all("rendered" in figure.dataset for figure in released.contract.figures)
    kappa = next(f for f in released.contract.figures if f.name == "quadratic_weighted_kappa")
    assert kappa.value == headline[f"{kappa.concern}.{kappa.name}"]
    assert released.digest in finished.card
    origin = released.contract.provenance
    assert origin.mlflow_run_id in finished.card
    record = fit_record.read(folder)
    assert origin.git_commit == record.git_commit
    assert origin.libraries.items() >= record.libraries.items()
    assert "torch" in record.libraries
    assert not list(folder.root.rglob("*.part"))


@pytest.mark.slow
def test_int8_files_are_there_only_when_they_are_released(finished: Finished) -> None:
    folder = finished.folder
    assert [verdict.variant for verdict in finished.evaluation.int8] == list(int8.Variant)
    for verdict in finished.evaluation.int8:
        assert (
            finished.exported[f"{verdict.variant}.megabytes"] < finished.exported["fp32.megabytes"]
        )
        small = folder.int8 / f"skinscore-{verdict.variant}.onnx"
        assert small.exists() == verdict.released
        if verdict.released:
            contract = Grader.load(small).contract
            assert contract.identity.precision == "int8"
            assert contract.figures
    record = runs.read_json(folder.int8_verdicts, "evaluate")
    assert {name: row["released"] for name, row in record.items()} == {
        verdict.variant: int(verdict.released) for verdict in finished.evaluation.int8
    }


@pytest.mark.slow
def test_the_page_needs_no_other_file_and_shows_what_was_measured(finished: Finished) -> None:
    text = finished.folder.report.read_text()
    assert "rendered skin, test split" in text
    assert "CLEAR Derm" in text
    assert text.count("data:image/png;base64,") == 6
    for outside in ("http://", "https://", "<script", 'src="/', "file:"):
        assert outside not in text
    value = finished.evaluation.headline["wrinkles.smallest_detectable_change"]
    assert f"{value:.3f}"[:4] in text


@pytest.mark.slow
def test_the_run_is_tracked_with_its_data_curves_pictures_and_files(finished: Finished) -> None:
    from mlflow import MlflowClient

    released = read_model(finished.folder.release).contract
    client = MlflowClient(f"sqlite:///{finished.folder.root.parents[1] / 'mlflow.db'}")
    run = client.get_run(released.provenance.mlflow_run_id)
    assert run.data.params["fit.epochs"] == "2"
    (data,) = run.inputs.dataset_inputs
    assert released.provenance.manifest_sha256.startswith(data.dataset.digest)
    steps = client.get_metric_history(run.info.run_id, "fit/loss_total")
    assert [metric.step for metric in steps] == [1, 2]
    for concern in CONCERNS:
        figures = runs.read_json(finished.folder.metrics(concern), "evaluate")
        assert figures["coverage"] == run.data.metrics[f"test/{concern}/coverage"]
    kept = {
        file.path
        for folder in ("fit", "evaluation", "model")
        for file in client.list_artifacts(run.info.run_id, folder)
    }
    assert kept >= {
        "fit/curves.csv",
        "evaluation/confusion.png",
        "evaluation/worst.png",
        "evaluation/report.html",
        "model/skinscore.onnx",
        "model/MODEL_CARD.md",
    }


@pytest.fixture(scope="module")
def graded(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of eight made-up people, each with one of the sample photos."""
    folder = tmp_path_factory.mktemp("graded")
    rng = np.random.default_rng(4)
    rows = []
    for number in range(8):
        name = f"p{number}.jpg"
        (folder / name).write_bytes(another(sample_photos()[number % 3].read_bytes(), number))
        rows += [
            long(
                photo=name,
                subject=f"s{number}",
                zone=zone,
                concern=concern,
                grade=str(rng.integers(0, 5)),
            )
            for zone in ZONES
            for concern in CONCERNS
        ]
    return write(folder, *rows)


def with_photos(preset: Preset, finished: Finished, graded: Path, **fit_changes: object) -> Preset:
    return preset.model_copy(
        update={
            "photos": PhotoSettings(
                manifest=str(graded), mappings=(), raters="equal", share=0.5, photos_per_shard=3
            ),
            "fit": preset.fit.model_copy(
                update={"start": str(finished.folder.root), **fit_changes}
            ),
            "split": preset.split.model_copy(update={"calibration": 0.25, "test": 0.25}),
            "calibrate": preset.calibrate.model_copy(update={"source": "graded"}),
            "evaluate": preset.evaluate.model_copy(update={"source": "graded"}),
        }
    )


@pytest.mark.slow
def test_fine_tuning_on_photos_and_rendered_skin_makes_a_release(
    preset: Preset, finished: Finished, graded: Path, tmp_path: Path
) -> None:
    tuned = with_photos(preset, finished, graded, epochs=1)
    folder = RunFolder(tmp_path / "tuned")
    made = render(tuned.render, tuned.photos, folder.rendered, fake_skin.render)
    assert made.cut is not None
    assert (made.cut.photos, made.cut.people, made.cut.refused) == (8, 8, {})
    split(tuned.split, folder.rendered, folder.splits)
    fit(tuned, folder)
    calibration = calibrate(tuned, folder)
    assert calibration.source == "graded"
    assert calibration.people == 2
    export(tuned, folder)
    evaluate(tuned, folder)
    contract = Grader.load(folder.release).contract
    assert contract.provenance.label_source == "rendered+graded"
    assert {figure.dataset.partition(",")[0] for figure in contract.figures} == {"graded photos"}
    assert contract.intended_use.limits[0].startswith("Trained or calibrated with photos")
    page = folder.report.read_text()
    assert "graded photos, test split" in page
    assert "Worst errors" not in page  # patients' skin stays in the folder
    before = checkpoint.load_weights(finished.folder.weights)
    after = checkpoint.load_weights(folder.weights)
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.slow
def test_recalibration_leaves_the_weights_as_they_are(
    preset: Preset, finished: Finished, graded: Path, tmp_path: Path
) -> None:
    alone = with_photos(preset, finished, graded, epochs=0)
    alone = alone.model_copy(update={"render": alone.render.model_copy(update={"people": 0})})
    folder = RunFolder(tmp_path / "recalibrated")
    render(alone.render, alone.photos, folder.rendered, fake_skin.render)
    split(alone.split, folder.rendered, folder.splits)
    assert fit(alone, folder)["epoch"] == 0
    before = checkpoint.load_weights(finished.folder.weights)
    after = checkpoint.load_weights(folder.weights)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert calibrate(alone, folder).source == "graded"
    assert labels_of(alone) == "rendered"
    export(alone, folder)
    limits = read_model(folder.exported).contract.intended_use.limits
    assert limits[0].startswith("Trained or calibrated with photos")


@pytest.mark.slow
@pytest.mark.parametrize("part", ["root", "release"])
def test_weights_that_this_release_reads_otherwise_may_be_trained_on_but_not_recalibrated(
    preset: Preset,
    finished: Finished,
    graded: Path,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = str(getattr(finished.folder, part))

    def beginning(epochs: int) -> Preset:
        made = with_photos(preset, finished, graded, epochs=epochs)
        return made.model_copy(update={"fit": made.fit.model_copy(update={"start": start})})

    assert read_start(beginning(0)) is not None
    monkeypatch.setattr(heads, "_FAINT", 10 * heads._FAINT)
    assert read_start(beginning(1)) is not None
    with pytest.raises(RequestRefused, match="made by another release") as refusal:
        read_start(beginning(0))
    assert refusal.value.code == "preset_invalid"


@pytest.mark.slow
def test_a_model_file_alone_is_enough_to_go_on_from(
    preset: Preset, finished: Finished, tmp_path: Path
) -> None:
    onward = preset.model_copy(
        update={"fit": preset.fit.model_copy(update={"start": str(finished.folder.release)})}
    )
    folder = RunFolder(tmp_path / "onward")
    render(onward.render, None, folder.rendered, fake_skin.render)
    split(onward.split, folder.rendered, folder.splits)
    assert fit(onward, folder)["epoch"] == onward.fit.epochs
    assert labels_of(onward) == "rendered"


def test_a_start_that_is_no_model_file_is_refused(preset: Preset, tmp_path: Path) -> None:
    (tmp_path / "notes.onnx").write_text("no model")
    fit_settings = preset.fit.model_copy(update={"start": str(tmp_path / "notes.onnx")})
    with pytest.raises(NotReady) as refusal:
        read_start(preset.model_copy(update={"fit": fit_settings}))
    assert refusal.value.code == "model_not_onnx"


@pytest.mark.slow
def test_a_start_of_another_shape_is_refused(
    preset: Preset, finished: Finished, graded: Path
) -> None:
    other = with_photos(preset, finished, graded, epochs=1)
    other = other.model_copy(update={"model": other.model.model_copy(update={"hidden": 48})})
    with pytest.raises(RequestRefused, match=r"weights have another shape, first head") as refusal:
        read_start(other)
    assert refusal.value.code == "preset_invalid"


@pytest.mark.slow
def test_an_ablation_trains_every_variant_on_the_same_budget(
    preset: Preset, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    render(preset.render, None, folder.rendered, fake_skin.render)
    split(preset.split, folder.rendered, folder.splits)
    table = ablate(preset, folder, crops=32, epochs=1, seeds=2)
    nobody = preset.model_copy(update={"name": "photos-alone"})
    manifest = shards.read_manifest(folder.rendered).assign(source="graded")
    manifest.to_parquet(folder.rendered / shards.MANIFEST)
    with pytest.raises(RequestRefused, match="preset photos-alone renders nobody") as refusal:
        ablate(nobody, folder, crops=32, epochs=1, seeds=1)
    assert refusal.value.code == "preset_invalid"
    assert list(table["variant"].unique()) == list(VARIANTS)
    assert (table.groupby("variant")["seed"].nunique() == 2).all()
    figures = [f"{name}_{concern}" for name in ("mae", "gap") for concern in CONCERNS]
    assert (table[figures] > 0).all(axis=None)
    assert {f"talk_{concern}" for concern in CONCERNS} <= set(table.columns)
    assert (folder.root / TABLE).exists()


def test_without_the_zones_masks_every_used_slot_is_the_whole_crop(
    preset: Preset, tmp_path: Path
) -> None:
    render(preset.render, None, tmp_path, fake_skin.render)
    rows = shards.read_manifest(tmp_path)
    kinds = VARIANTS["as in the preset"].data, VARIANTS["the whole crop for the zone"].data
    plain, whole = (kind(tmp_path, rows).__getitems__(range(len(rows))) for kind in kinds)
    used = plain.masks.amax(dim=(-2, -1)) > 0
    assert (whole.masks[used] == 255).all()
    assert (whole.masks[~used] == 0).all()
    assert (plain.masks[used] == 0).any()
    assert torch.equal(plain.crops, whole.crops)


@pytest.mark.slow
def test_weights_of_an_unknown_making_are_not_exported(
    preset: Preset, finished: Finished, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    runs.write(folder.calibration, finished.folder.calibration.read_text())
    runs.write_json(folder.fit_record, {"mlflow_run_id": "of a fit before this release"})
    with pytest.raises(RequestRefused, match=r"git_commit: Field required.*libraries") as refusal:
        export(preset, folder)
    assert refusal.value.code == "stage_input_missing"


@pytest.mark.slow
def test_a_model_is_shipped_with_its_own_card_and_proof_or_not_at_all(
    finished: Finished, tmp_path: Path
) -> None:
    folder, checkout = RunFolder(tmp_path / "run"), tmp_path / "checkout"
    runs.write(folder.release, finished.folder.release.read_bytes())
    small = folder.int8 / "skinscore-int8-new.onnx"
    before = {
        shipping.MODEL: "old model",
        shipping.MODEL.with_name("skinscore-int8-old.onnx"): "of the old model",
        shipping.CARD: "old card",
    }
    for path, text in before.items():
        runs.write(checkout / path, text)

    def refused(reason: str) -> None:
        with pytest.raises(RequestRefused, match=reason):
            shipping.ship(folder, checkout)
        assert _texts(checkout) == before

    refused("card has left no MODEL_CARD.md")
    runs.write(folder.card, "card")
    refused("prove has left no proof.json")
    _prove(folder, digest="0" * 64)
    refused("speaks of another model file")
    _prove(folder, digest=read_model(folder.release).digest)
    runs.write(small, folder.release.read_bytes())
    refused("int8-new.onnx was not made from skinscore.onnx")
    runs.write(small, finished.folder.quantized(Variant.VNNI).read_bytes())
    shipping.ship(folder, checkout)
    for file in (folder.release, small):
        shipped = checkout / shipping.MODEL.with_name(file.name)
        assert shipped.read_bytes() == file.read_bytes()
        shipped.unlink()  # no text
    assert _texts(checkout) == {
        shipping.CARD: "card",
        shipping.PROOF: "figures",
    }


def _prove(folder: RunFolder, *, digest: str) -> None:
    proof = Proof(
        schema="skinscore.proof/1",
        model="m",
        version="1",
        contract_digest=digest,
        seed=0,
        people=9,
        parts=(),
        not_measured={},
    )
    runs.write(folder.proof, proof.to_json())
    runs.write(folder.proof.with_suffix(".md"), "figures")


def _texts(checkout: Path) -> dict[Path, str]:
    files = (path for path in checkout.rglob("*") if path.is_file())
    return {path.relative_to(checkout): path.read_text() for path in files}


@pytest.mark.slow
def test_an_ablation_starts_where_its_preset_starts(
    preset: Preset, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    onward = preset.model_copy(
        update={"fit": preset.fit.model_copy(update={"start": str(finished.folder.root)})}
    )
    folder = RunFolder(tmp_path)
    render(onward.render, None, folder.rendered, fake_skin.render)
    split(onward.split, folder.rendered, folder.splits)
    begun: list[dict[str, torch.Tensor]] = []
    monkeypatch.setattr(Trainer, "begin_with", lambda _, weights: begun.append(weights))
    ablate(onward, folder, crops=16, epochs=1, seeds=1)
    wanted = checkpoint.load_weights(finished.folder.weights)
    assert len(begun) == len(VARIANTS)
    assert all(torch.equal(wanted[name], found[name]) for found in begun for name in wanted)


@pytest.mark.parametrize("stage", [fit, calibrate, export, evaluate, card])
def test_a_stage_without_its_input_is_refused_before_any_work(
    stage: object, preset: Preset, tmp_path: Path
) -> None:
    with pytest.raises(RequestRefused) as refusal:
        stage(preset, RunFolder(tmp_path / "nothing"))  # type: ignore[operator]
    assert refusal.value.code == "stage_input_missing"
    assert list(tmp_path.iterdir()) == []

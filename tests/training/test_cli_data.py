"""The commands about graded photos, as a user types them."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.core import TyperArgument, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner, Result

from skinscore.assets.shipped import sample_photos
from skinscore.domain.document import sha256_hex
from skinscore.errors import Exit, SkinscoreError
from skinscore_training.cli import app
from skinscore_training.data.manifest import read_manifest
from tests.pictures import encoded, noise
from tests.training.data.importers import published
from tests.training.manifests import long, write
from tests.training.test_croissant import ABOUT

PHOTO = sample_photos()[0]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def refused(code: str, *arguments: object) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, SkinscoreError), result.output
    assert (result.exception.code, result.exception.exit_code) == (code, Exit.REFUSED)
    return str(result.exception)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    shutil.copy(PHOTO, tmp_path / "a.jpg")
    return write(tmp_path, long(), long(rater="r2", grade="3"), long(zone="nose", grade="1"))


def test_check_manifest_ends_with_0_when_work_may_begin(manifest: Path) -> None:
    result = run("check-manifest", manifest)
    assert result.exit_code == Exit.OK
    assert "3 rows, 1 photos, 1 subjects, 2 raters, 3 grades" in result.stdout
    assert "fit for work, with warnings" in result.stdout


def test_check_manifest_groups_by_column_and_ends_with_2(tmp_path: Path) -> None:
    path = write(tmp_path, long(grade="9"), long(photo="gone.jpg", zone="ear"))
    result = run("check-manifest", path)
    assert result.exit_code == Exit.REFUSED
    lines = result.stdout.splitlines()
    first = "  error   it is not 0..4 in halves of engine_0_4 in 1 row (2)"
    assert lines[lines.index("grade") + 1] == first
    assert "  error   the file is not there in 2 rows (2, 3)" in lines
    assert "gone.jpg" not in result.output


def test_check_manifest_prints_one_json_document(tmp_path: Path) -> None:
    result = run("check-manifest", write(tmp_path, long()), "--json")
    assert result.exit_code == Exit.REFUSED
    report = json.loads(result.stdout)
    assert report["schema"] == "skinscore.manifest-check/1"
    assert report["fit"] is False
    first = report["problems"][0]
    assert (first["code"], first["rows"]) == ("missing_file", [2])


def test_check_manifest_can_look_for_the_face(tmp_path: Path) -> None:
    shutil.copy(PHOTO, tmp_path / "face.jpg")
    (tmp_path / "a.jpg").write_bytes(encoded(noise(800, 800), "PNG"))
    path = write(tmp_path, long(), long(photo="face.jpg", subject="p2"))
    assert run("check-manifest", path).exit_code == Exit.OK
    result = run("check-manifest", path, "--faces")
    assert result.exit_code == Exit.REFUSED
    assert "the photo is refused (no_face) in 1 row (2)" in result.stdout


def test_import_says_plainly_that_a_set_has_none_of_our_grades(tmp_path: Path) -> None:
    published.utkface(tmp_path / "src")
    result = run("import", "utkface", tmp_path / "src", "--out", tmp_path / "u.parquet")
    assert result.exit_code == Exit.OK
    assert "5 photos, 0 grades" in result.stderr
    assert "holds none of skinscore's grades" in result.stderr
    assert "evaluation_only: non-commercial research" in result.stderr
    assert len(read_manifest(tmp_path / "u.parquet").photos) == 5


def test_import_of_an_unknown_set_lists_the_known(tmp_path: Path) -> None:
    said = refused("usage", "import", "imagenet", tmp_path, "--out", tmp_path / "o.csv")
    assert "nia, acne04" in said
    assert "label-studio" in said


def test_import_asks_for_what_an_export_does_not_say(tmp_path: Path) -> None:
    said = refused("usage", "import", "label-studio", tmp_path, "--out", tmp_path / "o.csv")
    for option in ("--photos", "--scale", "--licence", "--use", "--key-file"):
        assert option in said
    assert "--use" in refused(
        "usage", "import", "ddi", tmp_path, "--out", tmp_path / "o.csv", "--use", "training"
    )


def test_import_says_what_to_give_for_a_set_and_for_an_export() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    (source,) = [each for each in group.commands["import"].params if each.name == "source"]
    assert isinstance(source, TyperArgument)
    for word in ("Folder", "label-studio", "file"):
        assert word in str(source.help)


def test_a_refused_export_leaves_no_key_behind(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text("[]x")
    said = refused(
        "dataset_layout", "import", "label-studio", tmp_path / "export.json",
        "--out", tmp_path / "o.csv", "--photos", tmp_path, "--scale", "engine_0_4",
        "--label-source", "clinic", "--licence", "consent", "--use", "training",
        "--key-file", tmp_path / "key",
    )  # fmt: skip
    assert "raw JSON export" in said
    assert [path.name for path in tmp_path.iterdir()] == ["export.json"]


def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    manifest: Path, tmp_path: Path
) -> None:
    (tmp_path / "about.yaml").write_text(ABOUT)
    before = sorted(tmp_path.iterdir())
    below_a_file = tmp_path / "a.jpg" / "out"
    arguments = ("--out", below_a_file, "--image-root", "x", "--scale", "engine_0_4")
    refused("output_not_writable", "label-tasks", manifest, *arguments)
    about = ("--about", tmp_path / "about.yaml", "--out", below_a_file)
    refused("output_not_writable", "croissant", manifest, *about)
    assert sorted(tmp_path.iterdir()) == before


def test_label_tasks_and_raters_take_what_batch_wrote(manifest: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    sha256 = sha256_hex(PHOTO.read_bytes())
    pd.DataFrame([{"model_name": "sketch", "model_version": "0.1.0"}]).to_parquet(
        results / "photos.parquet"
    )
    grades = [
        {"sha256": sha256, "zone": zone, "concern": "wrinkles", "assessable": ok, "grade": grade}
        for zone, ok, grade in (("chin", True, 2), ("nose", True, 1), ("temple_left", False, None))
    ]
    pd.DataFrame(grades).to_parquet(results / "grades.parquet")

    out = tmp_path / "project"
    arguments = ("--image-root", "/data/local-files/?d=faces", "--scale", "engine_0_4")
    result = run("label-tasks", manifest, "--out", out, *arguments, "--predictions", results)
    assert result.exit_code == Exit.OK, result.output
    (task,) = json.loads((out / "tasks.json").read_text())
    assert task["data"]["sha256"] == sha256
    (suggestion,) = task["predictions"]
    assert suggestion["model_version"] == "sketch 0.1.0"
    assert [answer["from_name"] for answer in suggestion["result"]] == [
        "chin_wrinkles",
        "nose_wrinkles",
    ]
    assert (out / "labelling.xml").read_text().startswith("<View>")

    result = run("raters", manifest, "--predictions", results, "--json", "--resamples", "50")
    assert result.exit_code == Exit.OK, result.output
    report = json.loads(result.stdout)
    assert [panel["scale"] for panel in report["panels"]] == ["engine_0_4"]
    assert report["model"][0]["panel"]["raters"] == ["model", "r1", "r2"]


def test_people_who_are_not_known_stay_unknown_after_labelling(tmp_path: Path) -> None:
    shutil.copy(PHOTO, tmp_path / "a.jpg")
    project, clinic = tmp_path / "project", tmp_path / "clinic.csv"
    manifest = write(tmp_path, long(subject_kind="photo"))
    result = run(
        "label-tasks", manifest, "--out", project, "--image-root", "x", "--scale", "engine_0_4"
    )
    assert result.exit_code == Exit.OK, result.output
    (sent,) = json.loads((project / "tasks.json").read_text())
    export = tmp_path / "export.json"
    arguments = (
        "import", "label-studio", export, "--out", clinic, "--photos", tmp_path, "--scale",
        "engine_0_4", "--label-source", "clinic", "--licence", "consent", "--use", "training",
        "--key-file", tmp_path / "key",
    )  # fmt: skip
    export.write_text(json.dumps([{"id": 1, **sent, "annotations": []}]))
    assert "one of person, case, photo" in refused("usage", *arguments, "--subject-kind", "patient")
    result = run(*arguments)
    assert result.exit_code == Exit.OK, result.output
    assert "people are not known" in run("check-manifest", clinic).stdout


def test_predictions_of_other_photos_are_refused(manifest: Path, tmp_path: Path) -> None:
    pd.DataFrame([{"model_name": "m", "model_version": "1"}]).to_parquet(
        tmp_path / "photos.parquet"
    )
    other = {"sha256": "0" * 64, "zone": "chin", "concern": "wrinkles", "assessable": True}
    pd.DataFrame([other | {"grade": 2}]).to_parquet(tmp_path / "grades.parquet")
    refused("predictions_invalid", "raters", manifest, "--predictions", tmp_path)
    refused("predictions_invalid", "raters", manifest, "--predictions", tmp_path / "nowhere")


def test_raters_prints_every_figure(manifest: Path) -> None:
    result = run("raters", manifest, "--resamples", "50")
    assert result.exit_code == Exit.OK
    for figure in ("weighted kappa", "Krippendorff alpha", "ICC(2,1)", "exact", "within one"):
        assert figure in result.stdout
    assert "r1 / r2" in result.stdout


def test_croissant_writes_beside_the_manifest(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "about.yaml").write_text(ABOUT)
    out = tmp_path / "croissant.json"
    result = run("croissant", manifest, "--about", tmp_path / "about.yaml", "--out", out)
    assert result.exit_code == Exit.OK, result.output
    assert json.loads(out.read_text())["name"] == "clinic-faces"


def test_a_broken_manifest_is_refused_by_every_command(tmp_path: Path) -> None:
    path = write(tmp_path, long(grade="9"))
    (tmp_path / "about.yaml").write_text(ABOUT)
    refused("manifest_invalid", "raters", path)
    refused(
        "manifest_invalid", "croissant", path, "--about", tmp_path / "about.yaml",
        "--out", tmp_path / "croissant.json",
    )  # fmt: skip
    assert not (tmp_path / "croissant.json").exists()

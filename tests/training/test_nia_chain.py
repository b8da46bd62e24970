"""From an NIA tree to a champion that grades: the commands of the how-to, in their order."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from skinscore.assets.shipped import sample_photos
from skinscore.cli.main import build_app
from skinscore.contract.locate import locate
from skinscore.contract.release import read_model
from skinscore.domain.assessment import Assessment
from skinscore.domain.document import sha256_hex
from skinscore.imaging import face_models
from skinscore_training import tracking
from tests.conftest import REPOSITORY
from tests.training import nia_tree

PEOPLE = 8
CHAMPION = "models:/skinscore@champion"


def preset(**photos: object) -> dict[str, object]:
    """The preset ``tiny``, made smaller still, with NIA photos in half of every batch."""
    content = yaml.safe_load((REPOSITORY / "configs" / "tiny.yaml").read_text())
    content["name"] = "nia"
    content["render"] |= {"people": 12, "people_per_shard": 12, "workers": 1}
    content["photos"] = {
        "manifest": "graded/nia.csv",
        "mappings": list(nia_tree.MAPPINGS),
        "raters": "equal",
        "share": 0.5,
        "photos_per_shard": 12,
    } | photos
    content["split"] |= {"calibration": 0.25, "test": 0.25}
    content["fit"] |= {"epochs": 1, "threads": 1}
    content["int8"] |= {"crops": 16}
    content["evaluate"] |= {"source": "graded", "resamples": 50}
    return dict(content)


def skinscore(*arguments: object) -> Result:
    result = CliRunner().invoke(build_app(), list(map(str, arguments)))
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tree, its mappings and two presets, one of them without the mappings."""
    face_models.require()
    monkeypatch.setenv(tracking.STORE_VARIABLE, f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("SKINSCORE_MODEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    people = range(2, 2 + PEOPLE)
    nia_tree.build(tmp_path / "delivery", people, nia_tree.face, nia_tree.DELIVERED, ("02",))
    for folder in ("graded", "configs"):
        (tmp_path / folder).mkdir()
    for name, text in nia_tree.MAPPINGS.items():
        (tmp_path / "graded" / name).write_text(text)
    for name, content in {"nia": preset(), "bare": preset(mappings=[]) | {"name": "bare"}}.items():
        (tmp_path / "configs" / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


@pytest.mark.slow
def test_an_nia_tree_becomes_the_champion_that_scores_a_photo(clinic: Path) -> None:
    imported = skinscore("train", "import", "nia", "delivery", "--out", "graded/nia.csv")
    assert "photos.mappings of the preset" in imported.output
    options = [part for name in nia_tree.MAPPINGS for part in ("--mapping", f"graded/{name}")]
    checked = skinscore("train", "check-manifest", "graded/nia.csv", "--faces", *options)
    assert f"{3 * PEOPLE} photos, {PEOPLE} subjects" in checked.output

    refused = CliRunner().invoke(build_app(), ["train", "render", "--preset", "bare"])
    assert "scale_not_mapped" in str(refused.exception)
    assert not (clinic / "runs").exists()

    stages = ("render", "split", "fit", "calibrate", "export", "evaluate", "promote")
    said = {stage: skinscore("train", stage, "--preset", "nia").output for stage in stages}
    assert f"of {3 * PEOPLE} graded photos of {PEOPLE} people; left out: none" in said["render"]
    assert "is champion" in said["promote"]

    contract = read_model(locate(CHAMPION)).contract
    assert contract.provenance.label_source == "rendered+graded"
    assert contract.calibration.source == "rendered"  # nobody graded scars
    graded = {figure.concern for figure in contract.figures}
    assert graded == {"wrinkles", "pigmentation"}
    limits = " ".join(contract.intended_use.limits)
    for text in nia_tree.MAPPINGS.values():
        assert sha256_hex(text.encode()) in limits

    # Gate warn: a model of one epoch is rightly too unsure of itself for gate strict.
    scored = skinscore("score", "--json", "--gate", "warn", "--model", CHAMPION, sample_photos()[0])
    assessment = Assessment.parse(scored.stdout)
    assert assessment.model.name == "skinscore-tiny"
    assert assessment.model.contract_digest == read_model(locate(CHAMPION)).digest
    assert any(grade.assessable for zone in assessment.zones for grade in zone.grades)

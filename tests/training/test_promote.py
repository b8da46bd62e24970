"""Promotion: a champion is replaced only by a model that holds the gate, and can be fetched."""

import base64
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinscore.assets.shipped import sample_photos
from skinscore.contract.locate import locate
from skinscore.contract.release import read_model
from skinscore.domain.concerns import Concern
from skinscore.errors import Exit, RequestRefused
from skinscore_training import comparison, presets, registry, runs, tracking
from skinscore_training.comparison import Difference
from skinscore_training.presets import Preset, PromoteSettings
from skinscore_training.promote import obstacles, promote, table
from skinscore_training.render import render
from skinscore_training.split import split
from tests.conftest import REPOSITORY
from tests.tiny_model import tiny_model
from tests.training import fake_skin
from tests.training.trained_run import trained

MARGINS = PromoteSettings(kappa_margin=0.02, error_margin=0.05)


def row(
    loss: float, by: str = "all", metric: str = comparison.KAPPA, spread: float = 0.0
) -> Difference:
    change = -loss if metric == comparison.KAPPA else loss
    return Difference(
        Concern.WRINKLES,
        by,
        "dark" if by == "tone" else by,
        metric,
        0.5,
        0.5 + change,
        change,
        change - spread,
        change + spread,
        people=30,
    )


# Of the other two concerns: as before.
OTHERS = tuple(
    dataclasses.replace(row(0.0), concern=concern)
    for concern in (Concern.ACNE_SCARRING, Concern.PIGMENTATION)
)


@pytest.mark.parametrize(
    "rows",
    [
        [row(0.0)],
        [row(-0.1), row(0.01, "tone")],
        [row(-0.1), row(0.3, "tone", spread=0.4)],  # a small group scatters
        [row(-0.1), row(0.04, metric=comparison.ERROR)],
        [row(-0.1), row(float("nan"), "tone")],
    ],
)
def test_the_gate_holds(rows: list[Difference]) -> None:
    assert obstacles([*OTHERS, *rows], MARGINS) == ()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(0.003)], "mean kappa of the concerns falls from 0.5000 to 0.4990"),
        ([row(0.03, spread=0.5), row(-0.9)], "kappa worsens from 0.500 to 0.470"),
        ([row(-0.1), row(0.03, "tone", spread=0.02)], "kappa, dark worsens"),
        ([row(-0.1), row(0.03, "zone_kind")], "zone_kind worsens"),
        ([row(-0.1), row(0.06, metric=comparison.ERROR)], "error worsens from 0.500 to 0.560"),
        ([row(float("nan"))], "wrinkles cannot be compared"),  # the challenger says one grade only
        ([], "wrinkles cannot be compared"),
    ],
)
def test_the_gate_does_not_hold(rows: list[Difference], message: str) -> None:
    assert message in " ".join(obstacles([*OTHERS, *rows], MARGINS))


@pytest.fixture(scope="module")
def preset() -> Preset:
    whole = presets.load("tiny", REPOSITORY / "configs")
    small = whole.render.model_copy(update={"people": 6, "people_per_shard": 6, "workers": 1})
    return whole.model_copy(update={"render": small})


@pytest.fixture(scope="module")
def rendered(preset: Preset, tmp_path_factory: pytest.TempPathFactory) -> runs.RunFolder:
    folder = runs.RunFolder(tmp_path_factory.mktemp("run"))
    render(preset.render, None, folder.rendered, fake_skin.render)
    split(preset.split, folder.rendered, folder.splits)
    return folder


@pytest.fixture
def run_id(rendered: runs.RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The run that trained ``rendered``, in a store of its own in which nothing is registered."""
    monkeypatch.setenv(tracking.STORE_VARIABLE, f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("SKINSCORE_MODEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with tracking.run("fit") as known:
        trained(rendered, known)
    return known


@pytest.mark.slow
@pytest.mark.usefixtures("run_id")
def test_a_champion_is_crowned_kept_replaced_fetched_and_served(
    preset: Preset, rendered: runs.RunFolder
) -> None:
    with pytest.raises(RequestRefused, match="registry has no models:/skinscore@champion"):
        locate("models:/skinscore@champion")

    first = tiny_model()
    runs.write(rendered.release, first)
    crowned = promote(preset, rendered)
    assert (crowned.champion, crowned.differences, crowned.crowned) == (None, (), True)
    assert promote(preset, rendered).challenger == crowned.challenger  # nothing is doubled

    runs.write(rendered.release, tiny_model(slope=0))  # never sees anything
    beaten = promote(preset, rendered)
    assert not beaten.crowned
    assert beaten.champion == crowned.challenger
    assert beaten.challenger.number == crowned.challenger.number + 1
    assert {"all", "zone_kind", "tone"} <= set(table(beaten.differences)["by"])
    assert registry.holder(registry.CHAMPION) == crowned.challenger
    assert registry.holder(registry.CHALLENGER) == beaten.challenger
    assert locate("models:/skinscore@champion").read_bytes() == first

    figures = read_model(rendered.release).contract.intended_use
    runs.write(
        rendered.release,
        tiny_model(intended_use=figures.model_copy(update={"limits": ("another file",)})),
    )
    equal = promote(preset, rendered)  # the same grades: better or equal
    assert equal.crowned
    assert registry.holder(registry.CHAMPION) == equal.challenger
    fetched = locate("models:/skinscore@champion")
    assert fetched.read_bytes() == rendered.release.read_bytes()
    assert fetched == locate(f"models:/skinscore/{equal.challenger.number}")

    _serve(f"models:/skinscore/{equal.challenger.number}", equal.challenger.digest)


@pytest.mark.slow
def test_the_first_version_is_compared_with_what_it_started_from(
    preset: Preset, rendered: runs.RunFolder, run_id: str, tmp_path: Path
) -> None:
    start = tmp_path / "shipped.onnx"
    start.write_bytes(tiny_model())
    runs.write(rendered.release, tiny_model(slope=0))  # never sees anything
    tuned = preset.model_copy(
        update={"fit": preset.fit.model_copy(update={"start": start.as_posix()})}
    )
    first = promote(tuned, rendered)
    assert first.crowned
    assert first.champion is None
    assert first.doubts  # it would not have replaced a champion
    columns = list(table(first.differences, first.against).columns)
    assert columns[4:6] == ["start", "challenger"]
    assert registry.holder(registry.CHAMPION) == first.challenger
    assert not promote(tuned, rendered).differences  # the champion itself
    import mlflow

    kept = mlflow.artifacts.load_text(f"runs:/{run_id}/promotion/differences.csv")
    assert len(kept.splitlines()) == 1 + len(first.differences)


def _serve(uri: str, digest: str) -> None:
    """What a Spark worker and MLflow's own server do with the version."""
    import mlflow
    from mlflow.pyfunc import scoring_server
    from mlflow.utils.proto_json_utils import MlflowInvalidInputException

    model = mlflow.pyfunc.load_model(uri)
    photo = sample_photos()[0]
    by_path = model.predict(pd.DataFrame({"path": [str(photo)]}))
    by_bytes = model.predict(pd.DataFrame({"photo": [photo.read_bytes(), b"no photo"]}))
    documents = [json.loads(text) for text in [*by_path, *by_bytes]]
    assert documents[0]["zones"] == documents[1]["zones"] != []
    assert documents[0]["model"]["contract_digest"] == digest
    assert documents[2]["photos"][0]["codes"] == ["unsupported_type"]

    body = {
        "dataframe_split": {
            "columns": ["photo"],
            "data": [[base64.b64encode(photo.read_bytes()).decode()]],
        }
    }
    frame = scoring_server.infer_and_parse_data(body, model.metadata.get_input_schema())
    assert frame["photo"][0] == photo.read_bytes()
    with pytest.raises((RequestRefused, MlflowInvalidInputException), match="gives 0 photos"):
        model.predict(pd.DataFrame({"photo": [None], "path": [None]}))
    with pytest.raises((RequestRefused, MlflowInvalidInputException), match="no column `photo`"):
        model.predict(pd.DataFrame({"foto": [photo.read_bytes()]}))
    assert isinstance(np.asarray(by_path)[0], str)


def test_a_path_stays_a_path_and_an_unknown_scheme_is_refused() -> None:
    assert locate("runs/tiny/skinscore.onnx") == Path("runs/tiny/skinscore.onnx")
    assert locate("C:/models/skinscore.onnx") == Path("C:/models/skinscore.onnx")
    with pytest.raises(RequestRefused, match=r"knows s3:/; a file, or one of models:/") as refusal:
        locate("s3://bucket/model.onnx")
    assert refusal.value.code == "usage"


def test_a_name_that_names_no_version_is_refused() -> None:
    with pytest.raises(RequestRefused, match="names no version") as refusal:
        locate("models:/skinscore")
    assert refusal.value.exit_code == Exit.REFUSED


@pytest.mark.parametrize("uri", ["models:/skinscore@champion", "models:/skinscore/1"])
@pytest.mark.parametrize("store", [None, "sqlite:///here.db", "here", "file:///{folder}/a%20b"])
def test_a_look_into_a_store_that_nobody_made_is_refused_and_makes_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: str | None, uri: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(tracking.REGISTRY_VARIABLE, raising=False)
    monkeypatch.delenv(tracking.STORE_VARIABLE, raising=False)
    if store is not None:
        monkeypatch.setenv(tracking.STORE_VARIABLE, store.format(folder=tmp_path))
    with pytest.raises(RequestRefused, match="there is no MLflow store") as refusal:
        locate(uri)
    assert refusal.value.code == "registry_unknown"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("registry_", "store", "made"),
    [
        pytest.param(None, "http://127.0.0.1:1", True, id="a server is asked"),
        pytest.param("http://127.0.0.1:1", None, True, id="the registry stands elsewhere"),
        pytest.param("sqlite:///none.db", "sqlite:///made.db", False, id="elsewhere and not made"),
        pytest.param(None, "sqlite:///made.db?timeout=5", True, id="options after the file"),
        pytest.param(None, "sqlite:///:memory:", True, id="in memory"),
        pytest.param(None, "file:a%20folder", True, id="a folder"),
    ],
)
def test_only_a_local_store_that_is_not_there_is_absent(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    registry_: str | None,
    store: str | None,
    made: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made.db").touch()
    (tmp_path / "a folder").mkdir()
    for variable, value in (
        (tracking.REGISTRY_VARIABLE, registry_),
        (tracking.STORE_VARIABLE, store),
    ):
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value)
    assert tracking.registry_exists() is made


def test_without_mlflow_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(RequestRefused, match="pip install 'mlflow") as refusal:
        registry.fetch("models:/skinscore@champion")
    assert refusal.value.code == "missing_extra"

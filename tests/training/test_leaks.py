"""Whoever taught a start is not held out again."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinscore.errors import RequestRefused
from skinscore_training import corpus, presets, rules, runs
from skinscore_training.data import shards
from skinscore_training.data.shards import Source
from skinscore_training.data.splits import Part
from skinscore_training.leaks import held_out_by, require_apart
from skinscore_training.presets import Preset
from skinscore_training.render import render
from skinscore_training.runs import RunFolder
from skinscore_training.start import Labels, Start
from tests.conftest import REPOSITORY
from tests.training import fake_skin
from tests.training.trained_run import trained

PARTS = [part.value for part in (Part.TRAIN, Part.TRAIN, Part.CALIBRATION, Part.TEST)]


def going_on(start: Path, source: Source = Source.GRADED) -> Preset:
    """A preset that goes on from ``start`` and holds out people of ``source``."""
    whole = presets.load("tiny", REPOSITORY / "configs")
    return whole.model_copy(
        update={
            "fit": whole.fit.model_copy(update={"start": str(start)}),
            "calibrate": whole.calibrate.model_copy(update={"source": source.value}),
            "evaluate": whole.evaluate.model_copy(update={"source": source.value}),
        }
    )


def run_of(root: Path, people: list[int], parts: list[str]) -> RunFolder:
    """A run with one photo of each of ``people``, numbered anew; close-ups of one scale, which
    have no tone: nothing but their pixels tells them apart.
    """
    folder = RunFolder(root)
    for number, person in enumerate(people):
        crops = fake_skin.render([person], rules.GEOMETRY, seed=1, views=1)
        photo = dataclasses.replace(
            crops,
            subject=np.full_like(crops.subject, number),
            ita_deg=np.full_like(crops.ita_deg, np.nan),
        )
        shards.write_shard(folder.rendered, number, photo, rules.GEOMETRY, Source.GRADED)
    shards.write_manifest(folder.rendered, len(people))
    runs.write_json(folder.rendered / shards.MADE, {"settings": {"seed": 1}})
    table = pd.DataFrame({"subject": range(len(people)), "part": parts})
    table.to_parquet(folder.splits, index=False)
    return folder


def apart(preset: Preset, folder: RunFolder, labels: Labels) -> None:
    start = Start(weights={}, sha256="", labels=labels, normalised=True, mapped=())
    require_apart(preset, folder, start, held_out_by(preset))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(run_of(tmp_path_factory.mktemp("runs") / "first", [0, 1, 2, 3], PARTS)).root


@pytest.mark.parametrize(
    ("people", "parts"),
    [
        pytest.param([0, 1, 2, 3], PARTS, id="as before"),
        pytest.param([3, 1, 2, 0], [PARTS[i] for i in (3, 1, 2, 0)], id="in another order"),
        pytest.param([0, 1, 2, 3, 4], [*PARTS, Part.TEST.value], id="with somebody new"),
        pytest.param([2, 3, 4, 5], PARTS, id="held out before, teaching now"),
    ],
)
def test_who_did_not_teach_the_start_may_be_held_out(
    first: Path, tmp_path: Path, people: list[int], parts: list[str]
) -> None:
    apart(going_on(first), run_of(tmp_path, people, parts), "graded")


@pytest.mark.parametrize("part", [Part.CALIBRATION, Part.TEST])
def test_who_taught_the_start_may_not(first: Path, tmp_path: Path, part: Part) -> None:
    place = PARTS.index(part.value)
    people = [4, 5, 6, 7]
    people[place] = 1  # taught, and now held out under another number
    folder = run_of(tmp_path, people, PARTS)
    for labels in ("graded", "rendered+graded"):
        crops = len(rules.GEOMETRY.crops)
        with pytest.raises(RequestRefused, match=f"{crops} crops of the {part} part") as refusal:
            apart(going_on(first), folder, labels)
        assert refusal.value.code == "preset_invalid"
    apart(going_on(first), folder, "rendered")  # recalibrated: taught by nobody
    file = tmp_path / "model.onnx"
    file.write_bytes(b"")
    apart(going_on(file), folder, "graded")  # a file names nobody


def test_a_start_without_its_photos_is_refused_by_its_own_name(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "second", [0, 1, 2, 3], PARTS)
    with pytest.raises(RequestRefused, match=r"pruned, which fit\.start names") as refusal:
        apart(going_on(tmp_path / "pruned"), folder, "graded")
    assert refusal.value.code == "stage_input_missing"
    apart(going_on(tmp_path / "pruned"), folder, "rendered")


def rendered_run(root: Path, seed: int, parts: list[str]) -> RunFolder:
    """A run with one rendered person a part."""
    folder = RunFolder(root)
    settings = presets.load("tiny", REPOSITORY / "configs").render.model_copy(
        update={"people": len(parts), "seed": seed, "workers": 1}
    )
    render(settings, None, folder.rendered, fake_skin.render)
    table = pd.DataFrame({"subject": range(len(parts)), "part": parts})
    table.to_parquet(folder.splits, index=False)
    return folder


def test_rendered_people_who_taught_a_start_are_known_by_seed_and_number(tmp_path: Path) -> None:
    before = trained(rendered_run(tmp_path / "before", 5, PARTS)).root
    preset = going_on(before, Source.RENDERED)

    def asked(seed: int, parts: list[str]) -> None:
        folder = rendered_run(tmp_path / "now", seed, parts)
        apart(preset, folder, "rendered")

    asked(5, PARTS)  # everybody as before
    asked(6, PARTS[::-1])  # other people under the same numbers
    with pytest.raises(RequestRefused, match="1 rendered people of the calibration part") as found:
        asked(5, PARTS[::-1])
    assert found.value.code == "preset_invalid"


def test_a_start_that_was_divided_anew_after_its_training_is_refused(tmp_path: Path) -> None:
    before = trained(rendered_run(tmp_path / "before", 5, PARTS)).root
    rendered_run(before, 5, PARTS[::-1])
    with pytest.raises(RequestRefused, match="before were trained while its people were others"):
        apart(
            going_on(before, Source.RENDERED),
            rendered_run(tmp_path / "now", 5, PARTS[::-1]),
            "rendered",
        )


def test_whoever_may_have_taught_the_weights_is_not_held_out(tmp_path: Path) -> None:
    folder = trained(rendered_run(tmp_path, 5, PARTS))
    held_out = corpus.held_out(folder, Part.TEST, Source.RENDERED)
    assert set(held_out["subject"]) == {PARTS.index(Part.TEST.value)}
    for seed, parts in ((6, PARTS), (5, PARTS[::-1]), (5, [*PARTS, Part.TRAIN.value])):
        rendered_run(tmp_path, seed, parts)
        with pytest.raises(RequestRefused, match="its people were others") as refusal:
            corpus.held_out(folder, Part.TEST, Source.RENDERED)
        assert refusal.value.code == "training_mismatch"
    rendered_run(tmp_path, 5, PARTS)  # brought back
    assert corpus.held_out(folder, Part.TEST, Source.RENDERED).equals(held_out)

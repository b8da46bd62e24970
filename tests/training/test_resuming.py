"""A checkpoint belongs to one training: other code, crops or libraries are another."""

from pathlib import Path

import pytest

from skinscore_training import fit, presets, runs
from skinscore_training.data import shards
from skinscore_training.render import render
from skinscore_training.runs import RunFolder
from skinscore_training.split import split
from tests.conftest import REPOSITORY
from tests.training import fake_skin

TORCH = {"torch": "2.0"}


def test_the_key_follows_everything_that_shapes_the_weights_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = presets.load("tiny", REPOSITORY / "configs")
    preset = whole.model_copy(
        update={"render": whole.render.model_copy(update={"people": 8, "workers": 1})}
    )
    folder = RunFolder(tmp_path)
    render(preset.render, None, folder.rendered, fake_skin.render)
    split(preset.split, folder.rendered, folder.splits)
    key = fit._key(preset, folder, None, TORCH)

    threads = preset.fit.model_copy(update={"threads": 7})
    assert fit._key(preset.model_copy(update={"fit": threads}), folder, None, TORCH) == key
    assert fit._key(preset, folder, None, {"torch": "2.1"}) != key
    with monkeypatch.context() as patch:
        patch.setattr(fit, "code_digest", lambda *code: "of another commit")
        assert fit._key(preset, folder, None, TORCH) != key
    for changed in (folder.rendered / shards.MADE, folder.rendered / shards.MANIFEST):
        before = changed.read_bytes()
        runs.write(changed, before + b" ")
        assert fit._key(preset, folder, None, TORCH) != key
        runs.write(changed, before)
    runs.write(folder.rendered / shards.CUT, "{}")
    assert fit._key(preset, folder, None, TORCH) != key

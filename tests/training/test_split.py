"""Stage ``split`` tells who is held out of whom, and who are too few."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from skinscore_training import presets
from skinscore_training.cli import app
from skinscore_training.data import shards
from tests.conftest import REPOSITORY


def divided(graded: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What `skinscore train split --preset finetune` says of 40 rendered people and these."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REPOSITORY / "configs", presets.CONFIGS)
    rendered = presets.RUNS / "finetune" / "rendered"
    rendered.mkdir(parents=True)
    source = np.repeat(["rendered", "graded"], [40, graded])
    table = pd.DataFrame({"source": source, "subject": np.arange(len(source))})
    table.to_parquet(rendered / shards.MANIFEST)
    result = CliRunner().invoke(app, ["split", "--preset", "finetune"])
    assert result.exit_code == 0
    return " ".join(result.stderr.split())


def test_rendered_people_do_not_hide_how_few_graded_ones_calibrate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = divided(24, monkeypatch, tmp_path)
    assert "graded train 12 graded calibration 6 graded test 6" in said
    assert "rendered train 20 rendered calibration 10" in said
    assert "6 graded people calibrate, and coverage 0.9 needs 9" in said
    assert "gate strict withholds every grade" in said


def test_people_enough_are_no_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = divided(36, monkeypatch, tmp_path)
    assert "graded calibration 9 " in said
    assert "withholds" not in said

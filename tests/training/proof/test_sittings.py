"""The folder of photos grows, goes on, and never mixes two settings."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import ZONES
from skinscore.errors import RequestRefused
from skinscore_training import runs
from skinscore_training.proof import sittings
from skinscore_training.proof.sittings import SETTINGS, TRUTH, USUAL, SittingSettings

SMALL = replace(USUAL, photos=3)


def fake_patient(folder: Path, number: int) -> None:
    home = folder / f"patient_{number:04d}"
    runs.write(home / "photo_0.jpg", b"first")
    runs.write(home / "photo_1.jpg", b"second")
    scores = {zone.value: {concern.value: 1.5 for concern in CONCERNS} for zone in ZONES}
    runs.write_json(home / TRUTH, {"ita_deg": 12.0, "scores": scores})


def numbers(folder: Path, patients: int, settings: SittingSettings) -> Sequence[int]:
    return [row.number for row in sittings.render_patients(folder, patients, settings, workers=1)]


def test_patients_that_are_there_are_not_rendered_again(tmp_path: Path) -> None:
    sittings.render_patients(tmp_path, 0, SMALL, workers=1)  # claims the folder
    for number in range(3):
        fake_patient(tmp_path, number)
    rows = sittings.render_patients(tmp_path, 3, SMALL, workers=1)
    assert [row.number for row in rows] == [0, 1, 2]
    assert [path.read_bytes() for path in rows[0].photos] == [b"first", b"second"]
    assert rows[0].truth[ZONES[0]][CONCERNS[0]] == 1.5
    assert numbers(tmp_path, 2, SMALL) == [0, 1]


def test_other_settings_start_an_empty_folder(tmp_path: Path) -> None:
    sittings.render_patients(tmp_path, 0, SMALL, workers=1)
    fake_patient(tmp_path, 0)
    sittings.render_patients(tmp_path, 0, replace(SMALL, seed=1), workers=1)
    assert [path.name for path in tmp_path.iterdir()] == [SETTINGS]


def test_a_folder_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    fake_patient(tmp_path, 1)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RequestRefused) as refusal:
        sittings.render_patients(tmp_path, 0, SMALL, workers=1)
    assert refusal.value.code == "output_not_writable"
    assert sorted(tmp_path.rglob("*")) == before


def test_poses_and_resolution_stay_within_their_limits_and_repeat() -> None:
    scenes = list(sittings._scenes(4, replace(USUAL, photos=40)))
    assert scenes == list(sittings._scenes(4, replace(USUAL, photos=40)))
    yaw = np.array([scene.pose.yaw_deg for scene in scenes])
    assert np.abs(yaw).max() <= USUAL.max_yaw_deg
    assert yaw.min() < -10 < 10 < yaw.max()
    low, high = USUAL.px_per_mm
    assert all(low <= scene.framing.px_per_mm <= high for scene in scenes)
    assert all(abs(scene.camera.exposure_ev) <= 0.6 for scene in scenes)


def test_another_patient_is_photographed_otherwise() -> None:
    assert next(sittings._scenes(4, USUAL)) != next(sittings._scenes(5, USUAL))

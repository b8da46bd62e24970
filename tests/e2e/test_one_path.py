"""The drift test: training, evaluation and grading see bit-equal tensors of the same photo."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore_training.data.manifest import read_manifest
from skinscore_training.data.photos import PhotoCrops
from skinscore_training.data.targets import engine_targets
from tests.training import manifests


@pytest.fixture(scope="module")
def grader() -> Grader:
    return Grader.load()


def seen_by(grader: Grader, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What reaches the model when the grader assesses ``photo``."""
    seen: list[np.ndarray] = []
    run = grader.grade_crops

    def record(crops: np.ndarray, masks: np.ndarray) -> object:
        seen.extend([crops.copy(), masks.copy()])
        return run(crops, masks)

    monkeypatch.setattr(grader, "grade_crops", record)
    grader.assess(photo)
    return seen


def test_the_training_dataset_without_augmentation_and_the_grader_see_the_same_bytes(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in sample_photos():
        shutil.copy(path, tmp_path / path.name)
    rows = [manifests.long(photo=path.name, zone="cheek_right") for path in sample_photos()]
    manifest = read_manifest(manifests.write(tmp_path, *rows))
    dataset = PhotoCrops(manifest, engine_targets(manifest), grader.preparer)
    assert len(dataset) == len(sample_photos())
    for index, path in enumerate(sample_photos()):
        item = dataset[index]
        crops, masks = seen_by(grader, path.read_bytes(), monkeypatch)
        assert np.asarray(item.crops).tobytes() == crops.tobytes()
        assert np.asarray(item.masks).tobytes() == masks.tobytes()
        monkeypatch.undo()


def test_evaluation_answers_what_the_grader_answers(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = sample_photos()[0].read_bytes()
    crops, masks = seen_by(grader, photo, monkeypatch)
    monkeypatch.undo()
    first = grader.grade_crops(crops, masks)
    again = Grader.load().grade_crops(crops, masks)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, again, strict=True))

"""The drift test: training, evaluation and grading see bit-equal tensors of the same photo."""

import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skinscore import Grader
from skinscore.assets.shipped import sample_photos
from skinscore.domain.assessment import Gate
from skinscore.domain.concerns import CONCERNS
from skinscore.imaging.rules import CropPlan
from skinscore_training.data import shards
from skinscore_training.data.manifest import read_manifest
from skinscore_training.data.photos import PhotoCrops
from skinscore_training.data.targets import engine_targets
from skinscore_training.evaluate import tabulate
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


def test_figures_are_measured_on_what_an_assessment_shows(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = sample_photos()[0].read_bytes()
    probabilities, _ = grader.grade_crops(*seen_by(grader, photo, monkeypatch))
    monkeypatch.undo()
    plans = grader.contract.geometry.crops
    slots = grader.contract.geometry.slots
    measured = tabulate(probabilities[:, None], as_rows(plans, slots), grader.contract)
    often = Counter(zone for plan in plans for zone in plan.zones)
    assessment = grader.assess(photo, gate=Gate.OFF)
    compared = 0
    for record in assessment.zones:
        if often[record.zone] > 1:
            continue  # the product takes the mean over its crops
        place, plan = next((i, p) for i, p in enumerate(plans) if record.zone in p.zones)
        here = measured[
            (measured["index"] == place) & (measured["slot"] == plan.zones.index(record.zone))
        ].set_index("concern")
        for grade in record.grades:
            if grade.grade is None:
                continue
            row = here.loc[grade.concern.value]
            assert (row["grade"], row["score"]) == (grade.grade, grade.score)
            assert (row["low"], row["high"]) == grade.likely_range
            assert row["unsure"] == ("low_confidence" in grade.codes)
            compared += 1
    assert compared >= 3 * len(CONCERNS)


def as_rows(plans: Sequence[CropPlan], slots: int) -> pd.DataFrame:
    """Manifest rows of sharp crops, every zone of which somebody graded 0."""
    rows = []
    for plan in plans:
        row: dict[str, object] = {"subject": 0, "ita_deg": 30.0}
        row[f"nuisance_{shards.PIXELS_PER_MM}_0"] = 8.0
        for slot, concern in product(range(slots), CONCERNS):
            used = slot < len(plan.zones)
            row[f"zone_{slot}"] = str(plan.zones[slot]) if used else ""
            row[f"grade_{concern}_{slot}"] = 0 if used else -1
            row[f"score_{concern}_{slot}"] = 0.0 if used else np.nan
        rows.append(row)
    return pd.DataFrame(rows)

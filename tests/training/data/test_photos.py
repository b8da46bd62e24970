"""Graded photos reach the network through the very path that a clinic's photos take."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from skinscore.assets.shipped import sample_photos
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require
from skinscore.imaging.prepare import Preparer
from skinscore_training import rules
from skinscore_training.data.manifest import read_manifest
from skinscore_training.data.photos import PhotoCrops
from skinscore_training.data.targets import engine_targets
from tests.training.manifests import Row, long, write

PHOTO = sample_photos()[0]
WRINKLES = CONCERNS.index(Concern.WRINKLES)


@pytest.fixture(scope="module")
def preparer() -> Preparer:
    finder = FaceFinder(require(), rules.FACE)
    return Preparer(finder, rules.DECODE, rules.FACE, rules.GEOMETRY, rules.GATE)


def dataset(folder: Path, preparer: Preparer, *rows: Row) -> PhotoCrops:
    shutil.copy(PHOTO, folder / "a.jpg")
    manifest = read_manifest(write(folder, *rows))
    return PhotoCrops(manifest, engine_targets(manifest), preparer)


def places(zone: Zone) -> list[tuple[int, int, int]]:
    """Where a wrinkle grade of ``zone`` stands: crop, slot, concern."""
    plans = rules.GEOMETRY.crops
    return [
        (i, plan.zones.index(zone), WRINKLES) for i, plan in enumerate(plans) if zone in plan.zones
    ]


def test_tensors_are_bit_equal_to_what_is_prepared_for_grading(
    preparer: Preparer, tmp_path: Path
) -> None:
    sample = dataset(tmp_path, preparer, long())[0]
    crops = preparer.prepare(PHOTO.read_bytes()).crops
    np.testing.assert_array_equal(sample.crops.numpy(), [crop.pixels for crop in crops])
    np.testing.assert_array_equal(sample.masks.numpy(), [crop.masks for crop in crops])


def test_grades_stand_at_their_zone_and_nothing_elsewhere(
    preparer: Preparer, tmp_path: Path
) -> None:
    sample = dataset(
        tmp_path,
        preparer,
        long(grade="1"),
        long(grade="2", rater="r2"),
        long(zone="nose", concern="pigmentation", grade=""),
    )[0]
    score, target = sample.score.numpy(), sample.target.numpy()
    chin = places(Zone.CHIN)
    assert [tuple(row) for row in np.argwhere(~np.isnan(score))] == chin
    assert [tuple(row) for row in np.argwhere(~np.isnan(target).any(-1))] == chin
    assert all(score[place] == 1.5 for place in chin)
    assert all(target[place].sum() == pytest.approx(1.0) for place in chin)
    assert not sample.allowed.any()


def test_an_interval_is_a_set_and_no_score(preparer: Preparer, tmp_path: Path) -> None:
    sample = dataset(tmp_path, preparer, long(grade="3..4"))[0]
    assert sample.score.isnan().all()
    for place in places(Zone.CHIN):
        assert sample.allowed[place].tolist() == [False, False, False, True, True]
    assert int(sample.allowed.sum()) == 2 * len(places(Zone.CHIN))


def test_a_close_up_gives_its_tiles_with_the_grade_of_its_zone(
    preparer: Preparer, tmp_path: Path
) -> None:
    sample = dataset(tmp_path, preparer, long(zone="nose", view="close_up", px_per_mm="4"))[0]
    crops = preparer.prepare_close_up(PHOTO.read_bytes(), Zone.NOSE, 4.0).crops
    assert len(sample.crops) == len(crops)
    assert sample.score[:, :, WRINKLES].numpy()[:, 0].tolist() == [2.0] * len(crops)


def test_a_photo_that_is_not_there_is_refused_without_its_name(
    preparer: Preparer, tmp_path: Path
) -> None:
    missing = dataset(tmp_path, preparer, long(photo="mrs-smith.jpg"))
    with pytest.raises(RequestRefused, match="photo 1 of the manifest") as refusal:
        missing[0]
    assert "smith" not in str(refusal.value)

"""Graded photos reach the network through the very path that a clinic's photos take."""

import numpy as np
import pandas as pd
import pytest

from skinscore.assets.shipped import sample_photos
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.errors import RequestRefused
from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require
from skinscore.imaging.prepare import Preparer
from skinscore_training import rules
from skinscore_training.data.photos import PhotoCrops

PHOTO = sample_photos()[0]


@pytest.fixture(scope="module")
def preparer() -> Preparer:
    finder = FaceFinder(require(), rules.FACE)
    return Preparer(finder, rules.DECODE, rules.FACE, rules.GEOMETRY, rules.GATE)


def manifest(photo: str) -> pd.DataFrame:
    rows = [
        (photo, "p1", Zone.CHIN.value, Concern.WRINKLES.value, 1.0, "r1"),
        (photo, "p1", Zone.CHIN.value, Concern.WRINKLES.value, 2.0, "r2"),
        (photo, "p1", Zone.NOSE.value, Concern.PIGMENTATION.value, float("nan"), "r1"),
    ]
    return pd.DataFrame(rows, columns=["photo", "subject", "zone", "concern", "grade", "rater"])


def test_tensors_are_bit_equal_to_what_is_prepared_for_grading(preparer: Preparer) -> None:
    sample = PhotoCrops(manifest(PHOTO.name), preparer, PHOTO.parent)[0]
    crops = preparer.prepare(PHOTO.read_bytes()).crops
    np.testing.assert_array_equal(sample.crops.numpy(), [crop.pixels for crop in crops])
    np.testing.assert_array_equal(sample.masks.numpy(), [crop.masks for crop in crops])


def test_the_mean_of_the_raters_stands_at_its_zone_and_nothing_elsewhere(
    preparer: Preparer,
) -> None:
    score = PhotoCrops(manifest(PHOTO.name), preparer, PHOTO.parent)[0].score.numpy()
    known = np.argwhere(~np.isnan(score))
    plans = rules.GEOMETRY.crops
    places = [
        (i, plan.zones.index(Zone.CHIN), CONCERNS.index(Concern.WRINKLES))
        for i, plan in enumerate(plans)
        if Zone.CHIN in plan.zones
    ]
    assert [tuple(row) for row in known] == places
    assert all(score[place] == 1.5 for place in places)


def test_a_photo_that_is_not_there_is_refused_without_its_name(preparer: Preparer) -> None:
    with pytest.raises(RequestRefused, match="photo 1 of the manifest") as refusal:
        PhotoCrops(manifest("mrs-smith.jpg"), preparer, PHOTO.parent)[0]
    assert "smith" not in str(refusal.value)

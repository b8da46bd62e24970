"""A score that rides on the picture fails the controls; one that does not, meets them."""

from dataclasses import replace

import numpy as np
import pytest

from skinscore.imaging.rules import Geometry
from skinscore_training.proof.skins import clear, pixels_of, shoot_each
from skinscore_training.proof.tricks import TRICKS, measure, ordinary, ride_each
from skinscore_training.skin.crops import draw_view
from skinscore_training.skin.subject import make_subject
from tests.training.proof.readers import HabitReader, by_darkness, by_sharpness, unmoved


def test_a_reader_of_sharpness_fails_the_controls_of_sharpness(geometry: Geometry) -> None:
    part = measure(ride_each(HabitReader(by_sharpness), geometry, 2, seed=4), 0)
    failed = {row.group.split(" on ")[0] for row in part.findings if not row.met}
    assert {"defocus", "sharpening", "noise"} <= failed
    assert "warm_light" not in failed


def test_a_reader_of_darkness_fails_in_low_light_and_not_on_sharpness(geometry: Geometry) -> None:
    part = measure(ride_each(HabitReader(by_darkness), geometry, 1, seed=4), 0)
    failed = {row.group.split(" on ")[0] for row in part.findings if not row.met}
    assert "low_light" in failed
    assert not {"defocus", "sharpening", "jpeg", "resolution"} & failed


def test_a_reader_that_nothing_moves_meets_every_control(geometry: Geometry) -> None:
    part = measure(ride_each(HabitReader(unmoved), geometry, 1, seed=4), 0)
    assert len(part.findings) == len(TRICKS) * 2 * 3
    assert all(row.met for row in part.findings)


@pytest.mark.parametrize("name", list(TRICKS))
def test_every_step_of_a_trick_changes_the_picture_and_the_first_is_usual(
    geometry: Geometry, name: str
) -> None:
    trick, plan = TRICKS[name], geometry.crops[0]
    subject = make_subject(4, 0, plan, geometry, clear(geometry, 30.0), frozenset())
    drawn = draw_view(4, 0, 0, subject)
    usual = replace(drawn, camera=ordinary(drawn.camera))
    views = [trick.take(usual, step) for step in trick.steps]
    shown = pixels_of(shoot_each([subject] * len(views), views, 0, geometry, 4))
    for one in range(len(views)):
        for other in range(one):
            assert not np.array_equal(shown[one], shown[other]), (trick.steps[one], name)

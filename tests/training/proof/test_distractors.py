"""Only what a distractor does to the score counts; what it does not touch is left out."""

from dataclasses import replace

import numpy as np
import pytest

from skinscore.imaging.rules import Geometry
from skinscore_training.proof.distractors import (
    GROUNDS,
    Shifts,
    _reaches,
    _visible,
    add_each,
    measure,
)
from skinscore_training.rules import GATE
from skinscore_training.skin.crops import draw_view, shoot
from skinscore_training.skin.subject import DISTRACTORS, make_subject
from tests.training.proof.readers import HabitReader, by_redness, unmoved


@pytest.fixture(scope="module")
def red(geometry: Geometry) -> Shifts:
    return add_each(HabitReader(by_redness), geometry, GATE, 2, seed=3)


def test_every_distractor_shows_on_some_skin(red: Shifts) -> None:
    assert set(red.distractor) == set(DISTRACTORS)
    assert set(red.ground) == set(GROUNDS)


def test_a_reader_of_redness_fails_on_redness(red: Shifts) -> None:
    rows = [row for row in measure(red, 0).findings if row.group == "redness on clear skin"]
    assert {row.name for row in rows} == {"shift", "shift where plain"}
    assert not any(row.met for row in rows)


def test_a_reader_that_nothing_moves_meets_every_line(geometry: Geometry) -> None:
    part = measure(add_each(HabitReader(unmoved), geometry, GATE, 1, seed=3), 0)
    assert all(row.met for row in part.findings)
    assert {row.value for row in part.findings} == {0.0}


def test_opposite_shifts_of_two_skins_are_no_bias_but_show_in_the_table() -> None:
    shifts = Shifts(
        skin=np.array([0, 1]),
        ground=np.array(["clear", "clear"]),
        distractor=np.array(["moles", "moles"]),
        plain=np.array([False, True]),
        without=np.full((2, 3), 2.0),
        with_it=np.array([[3.0] * 3, [1.0] * 3]),
    )
    part = measure(shifts, 0)
    assert [row.value for row in part.findings if row.name == "shift"] == [0.0] * 3
    assert [row.value for row in part.findings if row.name == "shift where plain"] == [1.0] * 3
    assert part.tables[0].rows == (("moles", "2", *("+0.00; 1.00; 100 %",) * 3),)


def test_a_zone_that_nothing_reaches_is_left_out_whatever_the_camera_does(
    geometry: Geometry,
) -> None:
    bare = make_subject(3, 1, geometry.crops[0], geometry, only=frozenset())
    inside = bare.masks[0] > 0
    for mask, reached in ((inside, True), (~inside, False)):
        blood = bare.skin.blood + np.where(mask, np.float32(1), np.float32(0))
        laid_on = replace(bare, skin=replace(bare.skin, blood=blood))
        assert _reaches(bare, laid_on, 0) is reached
    assert not _reaches(bare, bare, 0)


def test_a_distractor_is_plain_once_the_picture_shows_it(geometry: Geometry) -> None:
    made = make_subject(3, 1, geometry.crops[0], geometry, only=frozenset())
    bare = shoot(made, 1, [draw_view(3, 1, 0, made)], geometry, seed=3)
    inside = np.argwhere(bare.masks[0, 0, 0] > 0)
    enough = int(np.ceil(0.005 * len(inside)))
    for count, levels, seen in ((enough, 9, True), (enough - 1, 9, False), (enough, 8, False)):
        pixels = bare.pixels.copy()
        y, x = inside[:count].T
        for places, change in (((y, x), levels), (np.nonzero(bare.masks[0, 0, 0] == 0), 99)):
            before = pixels[0, 0, *places, 0].astype(int)
            pixels[0, 0, *places, 0] = np.where(before > 127, before - change, before + change)
        assert _visible(bare, replace(bare, pixels=pixels), 0) is seen

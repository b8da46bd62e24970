"""What people wear covers skin and moves no label; it changes nothing else."""

import numpy as np
import pytest

from skinscore_training.rules import GEOMETRY
from skinscore_training.skin.subject import DISTRACTORS, make_subject

EYE = next(plan for plan in GEOMETRY.crops if plan.name == "eye_right")


@pytest.mark.parametrize("name", DISTRACTORS)
def test_a_distractor_moves_no_label(name: str) -> None:
    bare = make_subject(4, 7, EYE, GEOMETRY, only=frozenset())
    with_it = make_subject(4, 7, EYE, GEOMETRY, only=frozenset({name}))
    assert np.array_equal(bare.score, with_it.score, equal_nan=True)
    assert np.array_equal(bare.masks, with_it.masks)


@pytest.mark.parametrize("name", ["glasses", "jewellery"])
def test_what_is_worn_covers_some_skin_and_leaves_the_skin_under_it(name: str) -> None:
    bare = make_subject(4, 7, EYE, GEOMETRY, only=frozenset())
    worn = make_subject(4, 7, EYE, GEOMETRY, only=frozenset({name}))
    more = worn.painted.cover - bare.painted.cover
    assert more.min() >= 0
    assert 0.0005 < (more > 0.5).mean() < 0.3
    for field in ("height", "melanin", "blood", "hair"):
        assert np.array_equal(getattr(bare.skin, field), getattr(worn.skin, field))

"""Which view speaks for a zone."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinscore.domain.concerns import CONCERNS
from skinscore.domain.zones import Zone
from skinscore.grading.gather import ZoneEvidence, zone_record
from tests.tiny_model import tiny_contract, tiny_graph

CONTRACT = tiny_contract(tiny_graph())


def seen(
    photo: int, facing: float, limited: tuple[bool, bool, bool] = (False, False, False)
) -> ZoneEvidence:
    return ZoneEvidence(
        zone=Zone.CHIN,
        photo=photo,
        polygon=(),
        visible_fraction=1.0,
        facing=facing,
        hidden=(),
        limits={
            concern: ("zone_glare",) if blocked else ()
            for concern, blocked in zip(CONCERNS, limited, strict=True)
        },
        probabilities=np.tile([0.0, 1.0, 0.0, 0.0, 0.0], (3, 1)),
    )


def grades(views: list[ZoneEvidence], *, strict: bool) -> int:
    record = zone_record(Zone.CHIN, views, CONTRACT, strict=strict)
    return sum(row.assessable for row in record.grades)


@given(
    st.lists(
        st.builds(seen, st.just(0), st.floats(0, 1), st.tuples(*[st.booleans()] * 3)),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_one_more_photo_never_leaves_fewer_grades(views: list[ZoneEvidence], strict: bool) -> None:
    for more in range(1, len(views)):
        assert grades(views[: more + 1], strict=strict) >= grades(views[:more], strict=strict)


@pytest.mark.parametrize("strict", [True, False])
def test_of_equal_views_the_one_that_faces_the_zone_speaks(strict: bool) -> None:
    views = [seen(0, 0.6), seen(1, 0.9), seen(2, 0.9)]
    for order in permutations(views):
        assert zone_record(Zone.CHIN, order, CONTRACT, strict=strict).photo == 1


def test_glare_counts_before_facing_only_where_it_withholds() -> None:
    views = [seen(0, 0.91), seen(1, 0.92, (True, True, True))]
    assert zone_record(Zone.CHIN, views, CONTRACT, strict=True).photo == 0
    assert zone_record(Zone.CHIN, views, CONTRACT, strict=False).photo == 1

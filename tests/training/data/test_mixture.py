"""Batches: every crop gets its turn, photos get their share, and the order can be drawn again."""

import itertools
import threading
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skinscore_training.data.mixture import Mixture
from skinscore_training.data.prefetch import prefetch


def test_without_photos_an_epoch_is_one_pass_over_rendered_crops() -> None:
    order = Mixture(rendered=21, graded=0, batch=4, share=0.5).order(seed=1)
    assert order.shape == (5, 4)
    assert len(set(order.flatten().tolist())) == 20


def test_with_photos_an_epoch_is_one_pass_over_them() -> None:
    mixture = Mixture(rendered=1000, graded=30, batch=10, share=0.3)
    order = mixture.order(seed=1)
    assert order.shape == (10, 10)
    graded = order[order >= 1000]
    assert sorted(graded.tolist()) == list(range(1000, 1030))
    assert ((order >= 1000).sum(dim=1) == 3).all()
    assert len(set(order[order < 1000].tolist())) == 70


def test_few_rendered_crops_come_again_only_after_all_of_them() -> None:
    order = Mixture(rendered=5, graded=12, batch=6, share=0.5).order(seed=3)
    counts = torch.bincount(order[order < 5], minlength=5)
    assert counts.sum() == 12
    assert counts.max() - counts.min() <= 1


@given(
    rendered=st.integers(1, 60),
    graded=st.integers(0, 60),
    batch=st.integers(2, 16),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 9),
)
def test_every_batch_is_full_and_inside_the_data(
    rendered: int, graded: int, batch: int, share: float, seed: int
) -> None:
    mixture = Mixture(rendered, graded, batch, share)
    order = mixture.order(seed)
    assert order.shape == (mixture.steps, batch)
    assert order.min() >= 0
    assert order.max() < rendered + graded
    assert torch.equal(order, mixture.order(seed))
    if graded:
        assert ((order >= rendered).sum(dim=1) == mixture.graded_per_batch).all()
        assert 1 <= mixture.graded_per_batch < batch


def test_photos_alone() -> None:
    order = Mixture(rendered=0, graded=9, batch=4, share=1.0).order(seed=2)
    assert order.shape == (2, 4)
    assert len(set(order.flatten().tolist())) == 8


def test_prefetched_items_come_in_order_and_whole() -> None:
    def slow_at_first(key: int) -> int:
        time.sleep(0.02 if key < 3 else 0)
        return 2 * key

    for readers in (1, 2, 7):
        items = prefetch(slow_at_first, range(50), readers=readers)
        assert list(items) == [2 * key for key in range(50)]
    assert not list(prefetch(slow_at_first, [], readers=1))


def test_a_fault_comes_where_its_item_would_have_come() -> None:
    def broken(key: int) -> int:
        if key == 1:
            raise KeyError("shard")
        return key

    items = prefetch(broken, range(9), readers=2)
    assert next(items) == 0
    with pytest.raises(KeyError, match="shard"):
        next(items)


def test_whoever_stops_early_leaves_no_thread_behind() -> None:
    made: list[int] = []
    items = prefetch(made.append, itertools.count(), readers=2)
    next(items)
    items.close()
    assert not any(thread.name.startswith("prefetch") for thread in threading.enumerate())
    assert len(made) <= 3

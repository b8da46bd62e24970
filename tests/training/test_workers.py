"""Rendering processes end with the one that started them."""

import multiprocessing
import time

import pytest

from skinscore_training.workers import pool


def render_until_stopped() -> None:
    with pool(1) as processes:
        assert processes.submit(abs, -1).result() == 1
        for _ in range(2):
            processes.submit(time.sleep, 600)
        raise KeyboardInterrupt


@pytest.mark.slow
def test_an_interruption_does_not_wait_for_the_workers() -> None:
    others = set(multiprocessing.active_children())  # of tests before, not yet collected
    with pytest.raises(KeyboardInterrupt):
        render_until_stopped()
    assert set(multiprocessing.active_children()) <= others

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
    with pytest.raises(KeyboardInterrupt):
        render_until_stopped()
    # Dead by now, but the pool's own thread may be about to note that of one. Alive, they
    # would sleep for ten minutes.
    until = time.monotonic() + 30
    while multiprocessing.active_children():
        assert time.monotonic() < until, multiprocessing.active_children()
        time.sleep(0.01)

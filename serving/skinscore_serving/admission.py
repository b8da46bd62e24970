"""A bounded number of gradings run, a bounded number wait, the rest hear 503 at once.

Who still sends photos waits already: their bytes are in memory, and only what counts is bounded.
Health and model queries bypass this. A request that timed out keeps its slot until its thread
really ends: a thread cannot be killed, and freeing the slot early would let load past the bound.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from skinscore.errors import NotReady

Result = TypeVar("Result")

_SMOOTHING: Final = 0.1  # weight of the newest service time in the running mean


class Overloaded(NotReady):
    """No slot and no place to wait."""

    def __init__(self, running: int, waiting: int, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(
            "overloaded",
            f"{running} requests running and {waiting} waiting",
            "no more may wait",
            f"Try again in {retry_after_s} s.",
        )


class DeadlineExceeded(NotReady):
    """A body or an answer did not come in time; the work may still finish unseen.

    Args:
        late: what did not come.
    """

    def __init__(self, deadline_s: float, late: str = "answer") -> None:
        super().__init__(
            "deadline_exceeded",
            f"no {late} after {deadline_s:g} s",
            f"a body comes within {deadline_s:g} s, and its answer within as many more",
        )


class Admission:
    """The waiting room in front of the grader.

    Args:
        running: how many calls run at the same time.
        waiting: how many more may wait for a slot.
    """

    def __init__(self, running: int, waiting: int) -> None:
        self._slots = asyncio.Semaphore(running)
        self._pool = ThreadPoolExecutor(running, thread_name_prefix="grader")
        self._limit_running = running
        self._limit_waiting = waiting
        self._mean_s = 0.5
        self.running = 0
        self.waiting = 0

    async def submit(
        self, call: Callable[..., Result], *arguments: Any, deadline_s: float
    ) -> Result:
        """Return ``call(*arguments)``, run in a thread.

        Raises:
            Overloaded: no slot is free and the waiting places are taken.
            DeadlineExceeded: no answer within ``deadline_s``.
        """
        self._require_room()
        started = time.monotonic()
        self.waiting += 1
        try:
            await asyncio.wait_for(self._slots.acquire(), deadline_s)
        except TimeoutError:
            raise DeadlineExceeded(deadline_s) from None
        finally:
            self.waiting -= 1
        self.running += 1
        begun = time.monotonic()
        future = asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

        def free(done: "asyncio.Future[Result]") -> None:
            self.running -= 1
            self._slots.release()
            self._mean_s += _SMOOTHING * (time.monotonic() - begun - self._mean_s)
            if not done.cancelled():
                done.exception()  # an abandoned failure must not warn at shutdown

        future.add_done_callback(free)
        left = deadline_s - (time.monotonic() - started)
        try:
            return await asyncio.wait_for(asyncio.shield(future), max(0.001, left))
        except TimeoutError:
            raise DeadlineExceeded(deadline_s) from None

    @asynccontextmanager
    async def arrival(self, deadline_s: float) -> AsyncIterator[None]:
        """Hold a place while the block reads a request's body.

        Raises:
            Overloaded: the slots and the waiting places are taken.
            DeadlineExceeded: the body did not come within ``deadline_s``.
        """
        self._require_room()
        self.waiting += 1
        try:
            async with asyncio.timeout(deadline_s):
                yield
        except TimeoutError:
            raise DeadlineExceeded(deadline_s, "whole body") from None
        finally:
            self.waiting -= 1

    def _require_room(self) -> None:
        if self.running + self.waiting >= self._limit_running + self._limit_waiting:
            queue = (self.running + self.waiting) / self._limit_running
            raise Overloaded(self.running, self.waiting, max(1, math.ceil(queue * self._mean_s)))

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

"""Whoever still sends is counted: what lies in memory is bounded, and every place comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from skinscore_serving.admission import Admission, DeadlineExceeded, Overloaded

LONG_S = 30.0


def run(check: Callable[[Admission], Awaitable[None]], running: int, waiting: int) -> None:
    admission = Admission(running, waiting)
    try:
        asyncio.run(check(admission))  # type: ignore[arg-type]
    finally:
        admission.close()


@pytest.mark.parametrize(("running", "waiting"), [(1, 0), (1, 2), (3, 1)])
def test_no_more_requests_arrive_than_may_run_and_wait(running: int, waiting: int) -> None:
    async def check(admission: Admission) -> None:
        async with AsyncExitStack() as arrivals:
            for _ in range(running + waiting):
                await arrivals.enter_async_context(admission.arrival(LONG_S))
            with pytest.raises(Overloaded):
                await arrivals.enter_async_context(admission.arrival(LONG_S))
            with pytest.raises(Overloaded):
                await admission.submit(lambda: 1, deadline_s=LONG_S)
        assert admission.waiting == 0
        assert await admission.submit(lambda: 1, deadline_s=LONG_S) == 1

    run(check, running, waiting)


def test_who_has_arrived_is_graded_however_many_came_after() -> None:
    async def check(admission: Admission) -> None:
        async def request(number: int) -> int:
            async with admission.arrival(LONG_S):
                await asyncio.sleep(0)
            return await admission.submit(lambda: number, deadline_s=LONG_S)

        found = await asyncio.gather(*map(request, range(12)), return_exceptions=True)
        assert found[:3] == [0, 1, 2]
        assert all(isinstance(answer, int | Overloaded) for answer in found)
        assert (admission.running, admission.waiting) == (0, 0)

    run(check, running=1, waiting=2)


def test_a_body_that_does_not_come_in_time_gives_its_place_back() -> None:
    async def check(admission: Admission) -> None:
        with pytest.raises(DeadlineExceeded):
            async with admission.arrival(0.01):
                await asyncio.sleep(LONG_S)
        assert admission.waiting == 0

    run(check, running=1, waiting=0)


def test_a_body_that_is_refused_gives_its_place_back() -> None:
    async def check(admission: Admission) -> None:
        with pytest.raises(KeyError):
            async with admission.arrival(LONG_S):
                raise KeyError
        assert admission.waiting == 0

    run(check, running=1, waiting=0)

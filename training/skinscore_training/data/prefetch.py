"""The next batches are read while the present one is computed with."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Key = TypeVar("Key")
T = TypeVar("T")


def prefetch(
    read: Callable[[Key], T], keys: Iterable[Key], *, readers: int
) -> Generator[T, None, None]:
    """Yield ``read(key)`` in the order of the keys, while ``readers`` threads read as many ahead.

    Threads and not processes: reading memory-mapped shards is copying, which frees the
    interpreter. What reading a key raises is raised where its item would have come. Closing the
    iterator ends the threads.
    """
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(readers, "prefetch") as threads:
        try:
            for key in keys:
                waiting.append(threads.submit(read, key))
                if len(waiting) > readers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for unread in waiting:
                unread.cancel()

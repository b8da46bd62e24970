"""The next batch is read while the present one is computed with."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_PATIENCE: Final = 0.1  # seconds between looks at whether anybody still waits


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _End:
    fault: Exception | None


def prefetch(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Yield ``items`` in their order while a thread works up to ``depth`` of them ahead.

    A thread and not processes: reading memory-mapped shards is copying, which frees the
    interpreter. What making an item raises is raised where the item would have come. Closing the
    iterator ends the thread.
    """
    waiting: Queue[_Item[T] | _End] = Queue(depth)
    closed = Event()

    def put(entry: _Item[T] | _End) -> None:
        while not closed.is_set():
            try:
                waiting.put(entry, timeout=_PATIENCE)
            except Full:
                continue
            return

    def fill() -> None:
        fault: Exception | None = None
        try:
            for item in items:
                put(_Item(item))
                if closed.is_set():
                    return
        except Exception as problem:  # handed over: it belongs to whoever asks for the item
            fault = problem
        put(_End(fault))

    thread = Thread(target=fill, name="prefetch", daemon=True)
    thread.start()
    try:
        while isinstance(entry := waiting.get(), _Item):
            yield entry.value
        if entry.fault is not None:
            raise entry.fault
    finally:
        closed.set()
        thread.join()

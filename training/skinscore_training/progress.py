"""Progress on stderr, so that stdout stays for data."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")


def console() -> Console:
    return Console(stderr=True, highlight=False)


@contextmanager
def bars(*, shown: bool = True) -> Iterator[Progress]:
    """A display for several tasks; ``fields[note]`` of a task is shown behind its bar.

    Args:
        shown: False in processes that work beside the one that shows.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console(), disable=not shown) as display:
        yield display


def track(items: Iterable[T], total: int, label: str) -> Iterator[T]:
    """Yield ``items`` while a bar runs."""
    with bars() as display:
        task = display.add_task(label, total=total, note="")
        for item in items:
            yield item
            display.advance(task)

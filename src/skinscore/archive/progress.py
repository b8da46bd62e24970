"""Progress on stderr: a bar for a person at a terminal, sparse JSON lines for a log."""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from skinscore.archive.run import Progress
from skinscore.domain.assessment import Outcome

SECONDS_BETWEEN_LINES: Final = 10.0
WINDOW: Final = 200  # files over which the rate is taken: since the start it would hide a slow-down

Watch = Callable[[Progress], None]


@contextmanager
def shown() -> Iterator[Watch]:
    """Yield what to call after every file."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def watch(progress: Progress) -> None:
            said = ", ".join(f"{progress.outcomes[outcome]} {outcome}" for outcome in Outcome)
            bar.update(task, total=progress.total, completed=progress.done, description=said)

        yield watch


class _Lines:
    """One JSON line every few seconds, and one at the end."""

    def __init__(self) -> None:
        self._said = time.monotonic()
        self._recent: deque[float] = deque([self._said], maxlen=WINDOW)

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        self._recent.append(now)
        if now - self._said < SECONDS_BETWEEN_LINES and progress.done < progress.total:
            return
        self._said = now
        rate = (len(self._recent) - 1) / max(now - self._recent[0], 1e-3)
        line = {
            "done": progress.done,
            "total": progress.total,
            "files_per_s": round(rate, 2),
            "eta_s": round((progress.total - progress.done) / rate),
            **{outcome.value: progress.outcomes[outcome] for outcome in Outcome},
        }
        with suppress(OSError):  # the log's reader is gone; the run is not
            print(json.dumps(line), file=sys.stderr, flush=True)

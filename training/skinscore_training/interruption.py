"""How a stage is stopped: Ctrl-C and SIGTERM end it alike, with one sentence and no half file.

Files are written whole or not at all (:func:`skinscore_training.runs.whole`), so that a stage may
be stopped at any line. Python does so at the next one for Ctrl-C; for SIGTERM, which schedulers and
``kill`` send, only when told to.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from skinscore.errors import RequestRefused


@contextmanager
def stopped_in_words() -> Iterator[None]:
    """Turn an interruption of what runs inside into a refusal.

    Raises:
        RequestRefused: ``interrupted``.
    """
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except KeyboardInterrupt:
        raise RequestRefused(
            "interrupted",
            "the command was stopped",
            "what it had finished stays, and no file is half written",
            "Run it again: render, fit and prove go on where they were, the others begin anew.",
        ) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

"""One worker process: reads files, hashes them, scores their bytes.

The conversation with the parent, per file: a path comes in, a :class:`Reading` goes out; the
parent answers whether these bytes are wanted (they may be known already), then a ``Score`` goes
out. The pipe's end is the end of the work. Whatever a file does to this process, the run lives on.
"""

import faulthandler
import hashlib
import os
import stat
import time
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from skinscore.archive.records import Score
from skinscore.archive.scoring import Loader, Scores
from skinscore.domain.assessment import Outcome
from skinscore.errors import Fault, SkinscoreError, place_of


@dataclass(frozen=True, slots=True)
class Limits:
    """What one photo may cost."""

    seconds: float  # reading and scoring together; then the worker is killed and replaced
    bytes: int  # larger files are refused unread


@dataclass(frozen=True, slots=True)
class Ready:
    """The scorer is loaded."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Which bytes a file holds, or the code why they could not be had."""

    sha256: str | None
    bytes: int | None
    mtime_ns: int | None
    code: str | None
    read_ms: float


def serve(pipe: "Connection[Any, Any]", load: Loader, limits: Limits) -> None:
    """Answer the parent until its end of ``pipe`` closes."""
    warnings.filterwarnings("ignore", module=r"PIL\.")  # remarks on metadata; codes say the rest
    os.dup2(2, 1)  # stdout belongs to the parent's result, also when a library is talkative
    try:
        scores = load()
    except SkinscoreError as problem:
        pipe.send(problem)
        return
    pipe.send(Ready())
    with Path(os.devnull).open("w") as nowhere:
        while True:
            try:
                path = pipe.recv()
                # The parent ends a hung worker; this ends it when the parent itself was killed.
                faulthandler.dump_traceback_later(2 * limits.seconds, exit=True, file=nowhere)
                data = _read(path, limits.bytes, pipe)
                if data is not None and pipe.recv():
                    pipe.send(_score(data, scores))
            except (EOFError, ConnectionError):
                return
            finally:
                faulthandler.cancel_dump_traceback_later()


def _read(path: Path, max_bytes: int, pipe: "Connection[Any, Any]") -> bytes | None:
    """Send the reading of ``path`` and return its bytes; None when they could not be had."""
    start = time.perf_counter()
    code, data, size, mtime_ns = None, None, None, None
    try:
        facts = path.stat()
        size, mtime_ns = facts.st_size, facts.st_mtime_ns
        if not stat.S_ISREG(facts.st_mode):  # opening a pipe would wait for ever
            code = "file_unreadable"
        elif size > max_bytes:
            code = "file_too_large"
        else:
            data = path.read_bytes()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        code = "file_unreadable"
    sha256 = None if data is None else hashlib.sha256(data).hexdigest()
    pipe.send(Reading(sha256, size, mtime_ns, code, _ms_since(start)))
    return data


def _score(data: bytes, scores: Scores) -> Score:
    start = time.perf_counter()
    try:
        assessment = scores(data)
    except SkinscoreError as refusal:
        outcome = Outcome.REFUSED if refusal.info.fault is Fault.CALLER else Outcome.FAILED
        code, detail = refusal.code, None
    except Exception as fault:
        # The one place for it: thousands of photos wait behind this one. Type and place are kept,
        # the exception's own text is not, for it may show what is in the photo or its path.
        outcome, code, detail = Outcome.FAILED, "internal", place_of(fault)
    else:
        return Score.of(assessment, _ms_since(start))
    sha256 = hashlib.sha256(data).hexdigest()
    return Score.without(sha256, outcome, code, detail, _ms_since(start))


def _ms_since(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 3)

"""The local engine: worker processes that may crash or hang without taking the run with them.

Processes are spawned, not forked: the runtime's threads do not survive a fork. Each holds one file
at a time, so memory is bounded by the number of workers, and a dead process costs one photo.
"""

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Final

from skinscore.archive.records import Score
from skinscore.archive.scoring import Loader
from skinscore.archive.sources import SourceFile
from skinscore.archive.worker import Limits, Reading, Ready, serve
from skinscore.domain.assessment import Outcome
from skinscore.errors import InternalFault, SkinscoreError

START_SECONDS: Final = 120.0  # to import the libraries, load the model and pass its self-test
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file was read, or could not be."""

    file: SourceFile
    reading: Reading


@dataclass(frozen=True, slots=True)
class FileLost:
    """The worker was lost while reading the file; its bytes are not known."""

    file: SourceFile
    code: str  # timed_out or worker_died


@dataclass(frozen=True, slots=True)
class PhotoScored:
    """The bytes of a photo got their outcome."""

    sha256: str
    score: Score


Event = FileRead | FileLost | PhotoScored


class LocalEngine:
    """Scores files in ``workers`` processes of this machine.

    Args:
        load: makes the scorer inside each worker.
        workers: most processes at a time.
        limits: what one photo may cost.
    """

    def __init__(self, load: Loader, workers: int, limits: Limits) -> None:
        self._load = load
        self._workers = workers
        self._limits = limits

    def run(
        self,
        files: Iterable[SourceFile],
        wanted: Callable[[str], bool],
        stop: Callable[[], bool],
    ) -> Generator[Event]:
        """Yield what becomes of each file, in the order of completion.

        Args:
            files: what to read.
            wanted: asked once per file that was read, with its sha256: whether to score it.
            stop: asked before each further file; when true, the files at hand are finished.

        Raises:
            NotReady: the scorer cannot be loaded.
            InternalFault: a worker cannot be started, or dies before it is ready for any photo.
        """
        waiting = deque(files)
        crew: list[_Worker] = []
        try:
            while True:
                if stop():
                    waiting.clear()
                for worker in [worker for worker in crew if worker.idle]:
                    if waiting and worker.give(waiting[0]):
                        waiting.popleft()
                    elif waiting:  # it died while it had nothing to do
                        crew.remove(worker)
                        worker.end()
                starting = sum(not worker.ready for worker in crew)
                while len(crew) < self._workers and starting < len(waiting):
                    crew.append(self._start())
                    starting += 1
                active = [worker for worker in crew if worker.file or (waiting and not worker.idle)]
                if not active:
                    return
                yield from self._await(crew, active, wanted)
        finally:
            for worker in crew:
                worker.end()

    def _start(self) -> "_Worker":
        try:
            return _Worker(self._load, self._limits)
        except OSError as problem:  # no memory, processes or open files are left
            raise InternalFault(
                "internal",
                f"a worker process could not be started ({problem.strerror})",
                "every worker needs memory, a process and a few open files",
                "Use fewer --workers, then run the same command again to resume.",
            ) from None

    def _await(
        self, crew: "list[_Worker]", active: "list[_Worker]", wanted: Callable[[str], bool]
    ) -> Iterator[Event]:
        patience = min(worker.deadline for worker in active) - time.monotonic()
        speaking = wait([worker.pipe for worker in active], max(patience, 0))
        for worker in active:
            if worker.pipe in speaking:
                try:
                    message = worker.pipe.recv()
                except (EOFError, OSError):  # OSError: it died in the middle of a message
                    code = "worker_died"
                else:
                    yield from worker.hear(message, wanted)
                    continue
            elif worker.deadline <= time.monotonic():
                code = "timed_out"
            else:
                continue
            crew.remove(worker)
            worker.end()
            yield from worker.loss(code)


class _Worker:
    """One process, seen from the parent: what it is doing, and until when."""

    def __init__(self, load: Loader, limits: Limits) -> None:
        self.ready = False
        self.file: SourceFile | None = None  # at hand
        self.deadline = time.monotonic() + START_SECONDS
        self._sha256: str | None = None  # of the file at hand, once it is being scored
        self._limits = limits
        self._started = 0.0
        self.pipe: Connection[Any, Any]
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, load, limits), daemon=True)
        with _signals_held_back():
            self._process.start()
        theirs.close()

    @property
    def idle(self) -> bool:
        return self.ready and self.file is None

    def give(self, file: SourceFile) -> bool:
        """Hand over ``file``; False when the process is gone."""
        try:
            self.pipe.send(file.path)
        except ConnectionError:
            return False
        self.file, self._sha256 = file, None
        self._started = time.monotonic()
        self.deadline = self._started + self._limits.seconds
        return True

    def hear(self, message: object, wanted: Callable[[str], bool]) -> Iterator[Event]:
        """Take one message of the process."""
        match message:
            case SkinscoreError() as problem:
                raise problem
            case Ready():
                self.ready = True
            case Reading() as reading:
                assert self.file is not None
                yield FileRead(self.file, reading)
                if reading.sha256 is None:
                    self.file = None
                    return
                is_wanted = wanted(reading.sha256)
                self._sha256 = reading.sha256 if is_wanted else None
                self.file = self.file if is_wanted else None
                with contextlib.suppress(ConnectionError):  # gone: its pipe will say so
                    self.pipe.send(is_wanted)
            case Score() as score:
                assert self._sha256 is not None
                sha256, self.file, self._sha256 = self._sha256, None, None
                yield PhotoScored(sha256, score)

    def loss(self, code: str) -> Iterator[Event]:
        """Yield what becomes of the file at hand, if any, now that the process is gone.

        Raises:
            InternalFault: it was not ready yet: the next one would fare no better.
        """
        if not self.ready:
            raise InternalFault(
                code,
                f"a worker process ended, or took {START_SECONDS:.0f} s, before it was ready",
                "workers start and stay",
                "Use fewer --workers; if it happens again, report it with the output of doctor.",
            )
        if self._sha256 is not None:
            taken_ms = round((time.monotonic() - self._started) * 1000, 3)
            score = Score.without(self._sha256, Outcome.FAILED, code, None, taken_ms)
            yield PhotoScored(self._sha256, score)
        elif self.file is not None:
            yield FileLost(self.file, code)

    def end(self) -> None:
        """Kill the process; a worker holds nothing that could be lost."""
        self.pipe.close()
        self._process.kill()
        self._process.join()
        self._process.close()


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Processes started here inherit a mask against Ctrl-C, which reaches the whole group."""
    resource_tracker.ensure_running()  # starting it lifts the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""One worker process, spoken to without an engine."""

import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from skinscore.archive.records import Score
from skinscore.archive.worker import Limits, Reading, Ready, serve
from skinscore.domain.assessment import Outcome
from skinscore.domain.document import sha256_hex
from tests.skinscore.archive.scorers import Scorer

Start = Callable[[float], tuple[BaseProcess, "Connection[Any, Any]"]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker with a limit in seconds; return it and our end of the pipe."""
    processes: list[BaseProcess] = []

    def start(seconds: float) -> tuple[BaseProcess, "Connection[Any, Any]"]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        arguments = (theirs, Scorer(tmp_path), Limits(seconds, 100))
        process = context.Process(target=serve, args=arguments)
        process.start()
        theirs.close()
        processes.append(process)
        assert ours.recv() == Ready()
        return process, ours

    yield start
    for process in processes:
        process.kill()
        process.join()


def test_a_worker_scores_what_is_wanted_and_only_that(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.jpg").write_text("face one")
    process, pipe = start(30)
    for wanted in (False, True, False):
        pipe.send(tmp_path / "a.jpg")
        reading = pipe.recv()
        assert isinstance(reading, Reading)
        assert (reading.sha256, reading.bytes) == (sha256_hex("face one"), 8)
        pipe.send(wanted)
        if wanted:
            score = pipe.recv()
            assert isinstance(score, Score)
            assert score.photo.outcome is Outcome.GRADED
    assert Scorer(tmp_path).calls == [sha256_hex("face one")]
    pipe.close()
    process.join(10)
    assert process.exitcode == 0


def test_a_hung_worker_ends_itself_when_nobody_else_does(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.jpg").write_text("hang")
    process, pipe = start(0.5)
    pipe.send(tmp_path / "a.jpg")
    pipe.recv()
    pipe.send(True)
    process.join(20)
    assert process.exitcode == 1

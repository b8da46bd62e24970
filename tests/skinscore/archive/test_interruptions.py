"""A run that is killed or interrupted loses nothing and resumes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skinscore.errors import Exit
from tests.conftest import REPOSITORY
from tests.skinscore.archive.archives import (
    grade_rows,
    journal_lines,
    make_archive,
    make_batch,
    photo_rows,
    run_quietly,
)
from tests.skinscore.archive.scorers import Scorer

PHOTOS = 8


@pytest.fixture
def source(tmp_path: Path) -> Path:
    photos = {f"p{i}": f"face {i}" for i in range(PHOTOS - 3)}
    return make_archive(tmp_path / "in", **photos, q="refuse", r="face 0", s="bug")


@pytest.fixture
def scorer(tmp_path: Path) -> Scorer:
    (tmp_path / "scorer").mkdir()
    return Scorer(tmp_path / "scorer")


def start(source: Path, out: Path, scorer: Scorer, seconds: float) -> subprocess.Popen[str]:
    """Start a run as a command, at the head of a process group of its own."""
    words = ["-m", "tests.skinscore.archive.driver", str(scorer.folder), str(seconds)]
    return subprocess.Popen(
        [sys.executable, *words, str(source), str(out), "--workers", "2"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_scores(process: subprocess.Popen[str], out: Path, count: int) -> None:
    journal = out / "journal.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b'"kind":"score"') >= count:
            return
        time.sleep(0.02)
    raise AssertionError(f"no {count} scores: {process.communicate(timeout=5)}")


@pytest.mark.parametrize("torn_bytes", [0, 100], ids=["whole line", "half a line"])
def test_a_killed_run_resumes_to_the_tables_of_an_uninterrupted_one(
    tmp_path: Path, source: Path, scorer: Scorer, torn_bytes: int
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(source, killed, scorer, seconds=0.2)
    wait_for_scores(process, killed, 2)
    process.kill()
    process.communicate(timeout=60)
    assert not (killed / "photos.parquet").exists()
    journal = killed / "journal.jsonl"
    os.truncate(journal, journal.stat().st_size - torn_bytes)

    resumed = run_quietly(make_batch(source, killed, scorer))
    run_quietly(make_batch(source, whole, scorer))
    assert resumed.run.resumed > 0
    assert photo_rows(killed) == photo_rows(whole)
    assert len(photo_rows(killed)) == PHOTOS
    assert (killed / "grades.parquet").read_bytes() == (whole / "grades.parquet").read_bytes()
    journal_lines(killed)  # every line is whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_finishes_the_photos_at_hand(
    tmp_path: Path, source: Path, scorer: Scorer, number: signal.Signals
) -> None:
    out = tmp_path / "out"
    process = start(source, out, scorer, seconds=0.5)
    wait_for_scores(process, out, 1)
    os.killpg(process.pid, number)  # the workers get it too, as from a terminal
    said, warned = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    assert "run the same command again to resume" in warned
    assert "Traceback" not in warned
    assert said == f"{out / 'summary.json'}\n"
    rows = photo_rows(out)
    assert 0 < len(rows) < PHOTOS
    assert not {row["code"] for row in rows.values()} & {"worker_died", "interrupted"}
    assert len(scorer.calls) == len({row["sha256"] for row in rows.values()})

    run_quietly(make_batch(source, out, scorer))
    assert len(photo_rows(out)) == PHOTOS
    assert len(scorer.calls) == len(set(scorer.calls)) == PHOTOS - 1  # one is a twin


def test_the_second_signal_stops_at_once_and_the_journal_stays_whole(
    tmp_path: Path, source: Path, scorer: Scorer
) -> None:
    out = tmp_path / "out"
    (source / "a.jpg").write_text("face first")
    (source / "b.jpg").write_text("hang")
    process = start(source, out, scorer, seconds=0.0)
    wait_for_scores(process, out, 1)
    for _ in range(2):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    _, warned = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    assert "Stopped at once" in warned
    assert "Traceback" not in warned
    (source / "b.jpg").unlink()
    run_quietly(make_batch(source, out, scorer))
    assert len(photo_rows(out)) == PHOTOS + 1
    assert grade_rows(out)


def test_a_second_run_into_the_same_output_is_refused(
    tmp_path: Path, source: Path, scorer: Scorer
) -> None:
    out = tmp_path / "out"
    first = start(source, out, scorer, seconds=0.5)
    wait_for_scores(first, out, 1)
    with pytest.raises(Exception, match="another run is writing") as refusal:
        run_quietly(make_batch(source, out, scorer))
    assert refusal.value.exit_code == Exit.REFUSED  # type: ignore[attr-defined]
    first.communicate(timeout=60)
    assert first.returncode == Exit.PARTIAL
    assert len(photo_rows(out)) == PHOTOS

"""The journal: whole lines count, a torn end does not, and one run writes at a time."""

import errno
import os
import resource
from pathlib import Path

import pytest

from skinscore.archive.journal import Journal, read_journal
from skinscore.archive.records import FileLine, Header, Score, ScoreLine
from skinscore.domain.assessment import Outcome
from skinscore.domain.document import sha256_hex
from skinscore.errors import Exit, InternalFault, RequestRefused
from tests.skinscore.archive.archives import make_settings

SETTINGS = make_settings()
HEADER = Header(
    kind="header",
    settings=SETTINGS,
    settings_token=SETTINGS.token,
    source_sha256=sha256_hex("source"),
)


def file_line(name: str) -> FileLine:
    return FileLine(
        kind="file",
        name=name,
        sha256=sha256_hex(name),
        bytes=4,
        mtime_ns=1,
        outcome=None,
        codes=(),
        attempts=1,
        read_ms=0.5,
    )


def score_line(name: str, outcome: Outcome = Outcome.REFUSED, attempts: int = 1) -> ScoreLine:
    score = Score.without(sha256_hex(name), outcome, "no_face", None, 1.5)
    return ScoreLine(kind="score", sha256=sha256_hex(name), attempts=attempts, score=score)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with one photo."""
    with Journal(tmp_path / "journal.jsonl", HEADER) as journal:
        journal.append(file_line("a"))
        journal.append(score_line("a"))
    return tmp_path / "journal.jsonl"


def test_what_was_written_is_read_again(path: Path) -> None:
    known = read_journal(path)
    assert known.header == HEADER
    assert known.files == {"a": file_line("a")}
    assert known.scores[sha256_hex("a")].outcome is Outcome.REFUSED
    assert known.end == path.stat().st_size
    with Journal(path, HEADER) as journal:
        assert journal.score(sha256_hex("a")) == score_line("a")


def test_a_later_line_replaces_an_earlier_one(path: Path) -> None:
    with Journal(path, HEADER) as journal:
        journal.append(score_line("a", Outcome.FAILED, attempts=2))
        assert journal.score(sha256_hex("a")).attempts == 2
    assert read_journal(path).scores[sha256_hex("a")].outcome is Outcome.FAILED


def test_a_line_torn_at_any_byte_is_dropped_and_the_rest_stands(path: Path) -> None:
    whole = path.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    for kept in range(len(last)):
        path.write_bytes(whole[: len(whole) - len(last) + kept])
        with Journal(path, HEADER) as journal:
            assert journal.known.files == {"a": file_line("a")}
            assert journal.known.scores == {}
            journal.append(score_line("a"))
        assert path.read_bytes() == whole


def test_a_header_torn_at_any_byte_starts_afresh(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    text = HEADER.model_dump_json().encode()
    for kept in range(len(text) + 1):
        path.write_bytes(text[:kept])
        with Journal(path, HEADER):
            assert path.read_bytes() == text + b"\n"


def test_a_damaged_line_in_the_middle_is_refused_and_nothing_is_cut(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = b"\0" * 20 + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(RequestRefused, match="line 2 of the journal"):
        Journal(path, HEADER)
    assert path.read_bytes() == b"".join(lines)


@pytest.mark.parametrize("content", [b"hello", b"hello\n", b'{"kind":"file"}\n'])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(RequestRefused, match="line 1"):
        Journal(path, HEADER)
    assert path.read_bytes() == content


def test_one_run_writes_at_a_time(path: Path) -> None:
    with Journal(path, HEADER), pytest.raises(RequestRefused, match="another run is writing"):
        Journal(path, HEADER)
    with Journal(path, HEADER):
        pass


def test_a_full_disk_is_told_and_the_lines_before_stand(path: Path) -> None:
    """The disk takes half a line and no more."""
    whole = path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal(path, HEADER) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, before[1]))
        try:
            with pytest.raises(InternalFault, match="cannot be written any more") as fault:
                journal.append(file_line("b"))
            journal.__exit__(None, None, None)  # as the run ends, with the disk still full
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert fault.value.exit_code == Exit.FAILED
    assert path.read_bytes().startswith(whole)
    with Journal(path, HEADER) as journal:
        assert set(journal.known.files) == {"a"}
        journal.append(file_line("b"))
    assert set(read_journal(path).files) == {"a", "b"}


def test_a_disk_that_gives_up_at_the_last_moment_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    with Journal(path, HEADER) as journal:
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(InternalFault, match="Disk quota exceeded"):
            journal.sync()

"""``journal.jsonl``: the append-only truth of a run.

A line counts once its newline is on disk. A last line without one (the process was killed while
writing) is dropped, and its photo scored again. In memory stand the file lines and, per photo, the
place of its score line: an archive's grades are never held all at once.
"""

import contextlib
import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from pydantic import ValidationError

from skinscore.archive.records import LINE, FileLine, Header, ScoreLine
from skinscore.domain.assessment import Outcome
from skinscore.errors import InternalFault, RequestRefused

FILE_NAME: Final = "journal.jsonl"
_HEADER_START: Final = b'{"kind":"header"'


@dataclass(frozen=True, slots=True)
class ScoreEntry:
    """Where a score line lies, and what a rerun must know of it."""

    offset: int  # bytes from the start of the journal
    outcome: Outcome
    attempts: int


@dataclass(slots=True)
class Known:
    """What the lines so far say; a later line replaces an earlier one."""

    header: Header | None = None
    files: dict[str, FileLine] = field(default_factory=dict)  # by name
    scores: dict[str, ScoreEntry] = field(default_factory=dict)  # by sha256
    end: int = 0  # bytes, of the last whole line

    def add(self, line: Header | FileLine | ScoreLine, length: int) -> None:
        match line:
            case Header():
                self.header = line
            case FileLine():
                self.files[line.name] = line
            case ScoreLine():
                outcome = line.score.photo.outcome
                self.scores[line.sha256] = ScoreEntry(self.end, outcome, line.attempts)
        self.end += length


def read_journal(path: Path) -> Known:
    """Return what the journal at ``path`` says; nothing when there is none.

    Raises:
        RequestRefused: ``journal_mismatch`` when a line other than the last cannot be read,
            ``output_not_writable`` when the file cannot.
    """
    known = Known()
    if not path.exists():
        return known
    try:
        lines = path.open("rb")
    except OSError as problem:
        raise RequestRefused(
            "output_not_writable",
            f"the journal in OUT cannot be read ({problem.strerror})",
            "a folder that may be read and written",
        ) from None
    with lines:
        for number, text in enumerate(lines, start=1):
            if number == 1 and not text.startswith(_HEADER_START[: len(text)]):
                raise _unreadable(number)  # not ours: never to be cut off
            if not text.endswith(b"\n"):
                break
            try:
                line = LINE.validate_json(text)
            except ValidationError:
                if lines.read(1):  # not the last line: more than a torn write
                    raise _unreadable(number) from None
                break
            if isinstance(line, Header) != (number == 1):
                raise _unreadable(number)
            known.add(line, len(text))
    return known


def require_same_run(known: Known, header: Header) -> None:
    """Raise RequestRefused ``journal_mismatch``, saying what differs, unless the run is the same.

    A journal without a single file belongs to nobody: the run before ended before any work.
    """
    if known.header is None or known.header == header or not known.files:
        return
    there, here = known.header, header
    differing = [
        f"{name} is {_short(old)} there and {_short(new)} here"
        for name, new in here.settings.model_dump(mode="json").items()
        if (old := there.settings.model_dump(mode="json")[name]) != new
    ]
    if there.source_sha256 != here.source_sha256:
        differing.append("SOURCE is another folder or file")
    raise RequestRefused(
        "journal_mismatch",
        "OUT holds another run: " + ", ".join(differing),
        "a run resumes only with the same SOURCE, model and gate",
    )


class Journal:
    """The journal of one run, open for appending and locked against a second run.

    Args:
        path: the file; made when missing. Its folder must exist.
        header: of this run.

    Raises:
        RequestRefused: ``output_not_writable``, or ``journal_mismatch`` when the file belongs to
            another run.
    """

    def __init__(self, path: Path, header: Header) -> None:
        try:
            self._file: BinaryIO = path.open("a+b")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            busy = isinstance(problem, BlockingIOError)
            raise RequestRefused(
                "output_not_writable",
                "another run is writing to OUT"
                if busy
                else f"the journal in OUT cannot be written ({problem.strerror})",
                "one run at a time, in a folder that may be written",
            ) from None
        self.known = read_journal(path)
        require_same_run(self.known, header)
        if not self.known.files:
            self.known = Known()
        self._file.truncate(self.known.end)
        if self.known.header is None:
            self.append(header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # a full disk was reported when the line was written
            self._file.close()

    def append(self, line: Header | FileLine | ScoreLine) -> None:
        """Write ``line`` and hand it to the operating system: a killed process loses nothing.

        Raises:
            InternalFault: ``internal`` when the disk is full or gone.
        """
        text = line.model_dump_json().encode() + b"\n"
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as problem:
            raise _unwritten(problem) from None
        self.known.add(line, len(text))

    def sync(self) -> None:
        """Wait until every line is on the disk itself.

        Raises:
            InternalFault: ``internal`` when it is not: a network disk says so only now.
        """
        try:
            os.fsync(self._file.fileno())
        except OSError as problem:
            raise _unwritten(problem) from None

    def score(self, sha256: str) -> ScoreLine:
        """Return the score line of these bytes; KeyError when they have none."""
        self._file.seek(self.known.scores[sha256].offset)
        line = LINE.validate_json(self._file.readline())
        assert isinstance(line, ScoreLine)  # the offset was noted from one
        return line


def _unreadable(number: int) -> RequestRefused:
    return RequestRefused(
        "journal_mismatch",
        f"line {number} of the journal in OUT cannot be read",
        "only the last line may be incomplete",
        "Restore the journal, or use another output folder.",
    )


def _unwritten(problem: OSError) -> InternalFault:
    return InternalFault(
        "internal",
        f"the journal cannot be written any more ({problem.strerror})",
        "every outcome must be kept",
        "Free some space, then run the same command again to resume.",
    )


def _short(value: str) -> str:
    return value[:12]

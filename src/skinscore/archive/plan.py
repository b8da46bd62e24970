"""What a run has to do: the input files, less those whose outcome is known."""

from dataclasses import dataclass
from pathlib import Path

from skinscore.archive.journal import FILE_NAME, Known, read_journal, require_same_run
from skinscore.archive.out import require_usable
from skinscore.archive.records import Header, Settings
from skinscore.archive.scoring import Loader
from skinscore.archive.sources import Listing, SourceFile, list_photos
from skinscore.archive.worker import Limits
from skinscore.domain.assessment import Outcome
from skinscore.domain.document import sha256_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What to score, with what, and how far to go."""

    source: Path
    out: Path
    settings: Settings
    load: Loader
    workers: int
    limits: Limits
    retry_failed: bool
    limit: int | None  # only the first so many files, by name
    max_errors: int | None  # stop once so many photos failed in this run

    @property
    def header(self) -> Header:
        return Header(
            kind="header",
            settings=self.settings,
            settings_token=self.settings.token,
            source_sha256=sha256_hex(str(self.source.resolve()).encode(errors="surrogateescape")),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do."""

    listing: Listing
    chosen: int  # files of the listing, after the limit
    todo: tuple[SourceFile, ...]
    retried: int  # of todo, because they failed before

    @property
    def done(self) -> int:
        return self.chosen - len(self.todo)


def preview(batch: Batch) -> Plan:
    """Return what a run over ``batch`` would do, and touch nothing.

    Raises:
        RequestRefused: ``source_invalid``, ``output_not_writable`` or ``journal_mismatch``.
    """
    require_usable(batch.out)
    listing = list_photos(batch.source, batch.out)
    known = read_journal(batch.out / FILE_NAME)
    require_same_run(known, batch.header)
    return make_plan(batch, listing, known)


def make_plan(batch: Batch, listing: Listing, known: Known) -> Plan:
    """Return the work that is left, given what the journal knows."""
    chosen = listing.files[: batch.limit]
    todo: list[SourceFile] = []
    retried = 0
    for file in chosen:
        before = _outcome_before(known, file)
        again = batch.retry_failed and before is Outcome.FAILED
        if before is None or again:
            todo.append(file)
            retried += again
    return Plan(listing, len(chosen), tuple(todo), retried)


def _outcome_before(known: Known, file: SourceFile) -> Outcome | None:
    """Return the outcome that still holds for ``file``; None when it must be looked at."""
    line = known.files.get(file.name)
    if line is None:
        return None
    if line.sha256 is None:
        # Without bytes there is no key: a refused file is cheap to look at again, and may by now
        # be readable. One that cost a worker waits for --retry-failed.
        return Outcome.FAILED if line.outcome is Outcome.FAILED else None
    entry = known.scores.get(line.sha256)
    try:
        facts = file.path.stat()
    except OSError:
        return None
    unchanged = (facts.st_size, facts.st_mtime_ns) == (line.bytes, line.mtime_ns)
    return entry.outcome if entry is not None and unchanged else None

"""One run over an archive: score what is left, keep it, and build the tables, whatever ends it."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from skinscore.archive import out
from skinscore.archive.engine import Event, FileLost, FileRead, LocalEngine, PhotoScored
from skinscore.archive.journal import FILE_NAME, Journal
from skinscore.archive.plan import Batch, Plan, make_plan
from skinscore.archive.records import FileLine, ScoreLine
from skinscore.archive.sources import SourceFile, list_photos
from skinscore.archive.summary import FILE_NAME as SUMMARY
from skinscore.archive.summary import Ending, RunFigures, Summary, versions
from skinscore.archive.tables import write_tables
from skinscore.archive.worker import Reading
from skinscore.domain.assessment import Outcome
from skinscore.errors import InternalFault, SkinscoreError


@dataclass(slots=True)
class Progress:
    """How far this run has come."""

    total: int  # files of this run
    done: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)  # of files that are done


def run(
    batch: Batch, *, interrupted: Callable[[], bool], watch: Callable[[Progress], None]
) -> Summary:
    """Score what is not scored yet; leave journal, tables and summary in OUT.

    Args:
        batch: what to do.
        interrupted: asked before each file; when true, the files at hand are finished.
        watch: told of the progress after every file.

    Raises:
        RequestRefused: ``source_invalid``, ``output_not_writable`` or ``journal_mismatch``,
            before any work.
        NotReady: the model is not fit to grade anything; before any work.
        InternalFault: a disk, a worker or the model gave up on the way; journal and tables hold
            every outcome so far, tables unless the disk refused them too.
    """
    started_at, start = datetime.now(UTC), time.monotonic()
    out.require_usable(batch.out)
    listing = list_photos(batch.source, batch.out)
    out.make(batch.out)
    with Journal(batch.out / FILE_NAME, batch.header) as journal:
        plan = make_plan(batch, listing, journal.known)
        keeper = _Keeper(journal, batch, Progress(len(plan.todo)), watch)
        engine = LocalEngine(batch.load, batch.workers, batch.limits)
        events = engine.run(plan.todo, keeper.wants, lambda: interrupted() or keeper.has_enough)
        broke: SkinscoreError | None = None
        try:
            with contextlib.closing(events):
                keeper.keep(events)
        except SkinscoreError as problem:
            if not keeper.progress.done:
                raise
            broke = problem
        journal.sync()
        names = {file.name for file in listing.files}
        counts = write_tables(journal, batch.out, batch.settings, names)
        summary = Summary(
            schema="skinscore.batch/1",
            settings=batch.settings,
            settings_token=batch.settings.token,
            files=counts.outcomes.total(),
            photos=counts.photos,
            grade_rows=counts.grade_rows,
            outcomes=dict(counts.outcomes),
            codes=dict(sorted(counts.codes.items())),
            versions=versions(),
            run=RunFigures(
                ended=_ending(keeper, plan, broke),
                started_at=started_at,
                seconds=round(seconds := time.monotonic() - start, 3),
                files=keeper.progress.done,
                scored=keeper.scored,
                photos_per_s=round(keeper.scored / seconds, 3) if keeper.scored else None,
                resumed=plan.done,
                hidden=listing.hidden,
                linked_folders=listing.linked_folders,
                repeated=listing.repeated,
                gone=len(journal.known.files.keys() - names),
            ),
        )
        out.replace_file(batch.out / SUMMARY, lambda path: path.write_text(summary.to_json()))
    if broke is not None:
        raise InternalFault(
            "internal",
            f"the run broke off after {keeper.progress.done} files ({broke.code}: {broke.found})",
            broke.allowed,
            "Mend that, then run the same command again: it resumes.",
        ) from broke
    return summary


class _Keeper:
    """Writes what the engine reports into the journal and decides what is worth scoring."""

    def __init__(
        self,
        journal: Journal,
        batch: Batch,
        progress: Progress,
        watch: Callable[[Progress], None],
    ) -> None:
        self.progress = progress
        self.scored = 0
        self.failed = 0  # in this run
        self._journal = journal
        self._batch = batch
        self._watch = watch
        self._claimed: set[str] = set()  # sha256 of what this run scores

    @property
    def has_enough(self) -> bool:
        """Whether ``max_errors`` is reached."""
        return self._batch.max_errors is not None and self.failed >= self._batch.max_errors

    def wants(self, sha256: str) -> bool:
        """Return whether to score these bytes: once per run, and only when a score is missing."""
        entry = self._journal.known.scores.get(sha256)
        again = entry is not None and entry.outcome is Outcome.FAILED and self._batch.retry_failed
        if sha256 not in self._claimed and (entry is None or again):
            self._claimed.add(sha256)
            return True
        self._done(None if entry is None else entry.outcome)
        return False

    def keep(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case FileRead(file, reading):
                    self._file_read(file, reading)
                case FileLost(file, code):
                    lost = Reading(None, None, None, code, 0.0)
                    self._append(file, lost, Outcome.FAILED)
                    self.failed += 1
                    self._done(Outcome.FAILED)
                case PhotoScored(sha256, score):
                    self._journal.append(
                        ScoreLine(
                            kind="score",
                            sha256=sha256,
                            attempts=self._attempts_at(sha256),
                            score=score,
                        )
                    )
                    self.scored += 1
                    self.failed += score.photo.outcome is Outcome.FAILED
                    self._done(score.photo.outcome)

    def _file_read(self, file: SourceFile, reading: Reading) -> None:
        if reading.sha256 is not None:
            self._append(file, reading, None)  # and the engine asks whether it is wanted
        else:
            self._append(file, reading, Outcome.REFUSED)
            self._done(Outcome.REFUSED)

    def _append(
        self,
        file: SourceFile,
        reading: Reading,
        outcome: Literal[Outcome.REFUSED, Outcome.FAILED] | None,
    ) -> None:
        before = self._journal.known.files.get(file.name)
        failed_before = before is not None and before.outcome is Outcome.FAILED
        self._journal.append(
            FileLine(
                kind="file",
                name=file.name,
                sha256=reading.sha256,
                bytes=reading.bytes,
                mtime_ns=reading.mtime_ns,
                outcome=outcome,
                codes=() if reading.code is None else (reading.code,),
                attempts=before.attempts + 1 if before is not None and failed_before else 1,
                read_ms=reading.read_ms,
            )
        )

    def _attempts_at(self, sha256: str) -> int:
        before = self._journal.known.scores.get(sha256)
        return 1 if before is None else before.attempts + 1

    def _done(self, outcome: Outcome | None) -> None:
        """Count a file; ``outcome`` None when a twin of it is still at hand."""
        self.progress.done += 1
        if outcome is not None:
            self.progress.outcomes[outcome] += 1
        self._watch(self.progress)


def _ending(keeper: _Keeper, plan: Plan, broke: SkinscoreError | None) -> Ending:
    if broke is not None:
        return "broken_off"
    if keeper.has_enough:
        return "too_many_errors"
    return "finished" if keeper.progress.done == len(plan.todo) else "interrupted"

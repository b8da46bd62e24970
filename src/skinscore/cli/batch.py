"""``skinscore batch``: score an archive; a rerun resumes."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skinscore.cli.options import GateOption, ModelOption
from skinscore.domain.assessment import Gate
from skinscore.errors import Exit

if TYPE_CHECKING:
    from skinscore.archive.plan import Batch, Plan
    from skinscore.archive.summary import Summary

SECONDS_PER_PHOTO: Final = 60.0


class Engine(StrEnum):
    """What scores the photos."""

    LOCAL = "local"  # processes of this machine


def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder (with its subfolders), one photo, or a list: .txt with a path per line, "
            ".csv or .parquet with a `path` column; relative to the list.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="A new folder, or the one of the run to resume."),
    ],
    engine: Annotated[
        Engine, typer.Option("--engine", help="local: processes of this machine.")
    ] = Engine.LOCAL,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Processes; as many as usable CPUs when left out."),
    ] = None,
    gate: GateOption = Gate.STRICT,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also score what failed before (not refusals).")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first N files, by name.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and touch nothing.")
    ] = False,
    max_errors: Annotated[
        int | None,
        typer.Option(
            "--max-errors", min=1, help="Stop once N photos failed in this run (not refusals)."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the summary instead of its path.")
    ] = False,
    model: ModelOption = None,
) -> None:
    """Score thousands of photos into OUT/photos.parquet and OUT/grades.parquet.

    Every file gets exactly one outcome: graded, refused (the photo's fault) or failed (ours).
    The same command resumes after any interruption; equal bytes are scored once.

        skinscore batch photos/ results/
        skinscore batch visits.csv results/ --gate warn --workers 8
    """
    from skinscore.archive.plan import Batch, preview
    from skinscore.archive.records import Settings
    from skinscore.archive.scoring import GraderLoader
    from skinscore.archive.worker import Limits
    from skinscore.contract.locate import locate
    from skinscore.contract.release import read_model
    from skinscore.grading.session import usable_cpus

    file = locate(model)  # once: an alias may move while the run goes on
    contract = read_model(file).contract
    job = Batch(
        source=source,
        out=out,
        settings=Settings(
            model_name=contract.identity.name,
            model_version=contract.identity.version,
            contract_digest=contract.digest,
            gate=gate,
            assessment_schema="skinscore.assessment/1",
            journal_schema="skinscore.journal/1",
        ),
        load=GraderLoader(file, contract.digest, gate),
        workers=workers or usable_cpus(),
        limits=Limits(SECONDS_PER_PHOTO, contract.decode.max_bytes),
        retry_failed=retry_failed,
        limit=limit,
        max_errors=max_errors,
    )
    if dry_run:
        _say_plan(preview(job), as_json)
        return
    summary = _run(job)
    # The path as its bytes: a name that is not UTF-8 cannot be printed as text.
    typer.echo(summary.to_json() if as_json else os.fsencode(out / "summary.json"))
    raise typer.Exit(summary.exit_code)


def _run(job: "Batch") -> "Summary":
    from skinscore.archive.progress import shown
    from skinscore.archive.run import run

    try:
        with _first_signal_waits() as interrupted, shown() as watch:
            summary = run(job, interrupted=interrupted, watch=watch)
    except KeyboardInterrupt:
        _say("Stopped at once. Run the same command again: it resumes; the tables follow then.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    _say(_ending(summary))
    return summary


@contextmanager
def _first_signal_waits() -> Iterator[Callable[[], bool]]:
    """Yield whether SIGINT or SIGTERM came; a second one raises KeyboardInterrupt."""
    seen: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            raise KeyboardInterrupt
        _say("Finishing the photos at hand. Once more to stop at once.")

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, note) for number in numbers]
    try:
        yield lambda: bool(seen)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _ending(summary: "Summary") -> str:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in summary.outcomes.items())
    said = f"{summary.files} files: {counts}; {summary.run.resumed} known before."
    run = summary.run
    if left_out := run.hidden + run.linked_folders + run.repeated:
        said += (
            f" {left_out} left out: {run.hidden} hidden, {run.linked_folders} linked folders, "
            f"{run.repeated} named twice in the list."
        )
    if run.gone:
        said += f" {run.gone} known before are no longer in SOURCE: not in the tables."
    if summary.files == 0 and run.ended == "finished":
        said += " SOURCE holds no photos."
    if run.ended == "interrupted":
        said += " Interrupted: run the same command again to resume."
    if run.ended == "too_many_errors":
        said += " Stopped at --max-errors: see the codes in summary.json, then run it again."
    return said


def _say_plan(plan: "Plan", as_json: bool) -> None:
    figures = {
        "files": plan.chosen,
        "to_do": len(plan.todo),
        "retried": plan.retried,
        "known_before": plan.done,
        "beyond_limit": len(plan.listing.files) - plan.chosen,
        "hidden": plan.listing.hidden,
        "linked_folders": plan.listing.linked_folders,
        "repeated": plan.listing.repeated,
    }
    if as_json:
        import json

        print(json.dumps(figures, indent=2))
    _say(
        f"Would look at {len(plan.todo)} of {plan.chosen} files ({plan.retried} that failed "
        f"before); {plan.done} are known. Nothing was touched."
    )


def _say(sentence: str) -> None:
    with suppress(OSError):  # nobody reads it any more; the run's result stands
        print(sentence, file=sys.stderr, flush=True)

"""A run over an archive: one outcome per file, whatever the files do to the workers."""

import errno
import json
import os
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from skinscore.archive.plan import preview
from skinscore.archive.run import Progress, run
from skinscore.archive.worker import Limits
from skinscore.domain.assessment import Gate, Outcome
from skinscore.domain.concerns import CONCERNS
from skinscore.domain.document import sha256_hex
from skinscore.domain.zones import ZONES
from skinscore.errors import Exit, InternalFault, NotReady, RequestRefused
from tests.skinscore.archive.archives import (
    grade_rows,
    journal_lines,
    make_archive,
    make_batch,
    make_settings,
    photo_rows,
    run_quietly,
)
from tests.skinscore.archive.scorers import Scorer, Spoilt, Stillborn, Unfit


@pytest.fixture
def scorer(tmp_path: Path) -> Scorer:
    (tmp_path / "scorer").mkdir()
    return Scorer(tmp_path / "scorer")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_every_file_gets_exactly_one_outcome(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(
        tmp_path / "in",
        a="face one",
        b__c="refuse",
        d="raise",
        e="bug",
        f="crash",
        g="hang",
        h="face two",
    )
    (source / "large.jpg").write_bytes(bytes(10_001))
    (source / "gone.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(source / "pipe")
    summary = run_quietly(make_batch(source, out, scorer, limits=Limits(4.0, 10_000), workers=2))
    rows = photo_rows(out)
    assert {path: (row["outcome"], row["code"]) for path, row in rows.items()} == {
        "a.jpg": ("graded", None),
        "b/c.jpg": ("refused", "blurred"),
        "d.jpg": ("refused", "no_face"),
        "e.jpg": ("failed", "internal"),
        "f.jpg": ("failed", "worker_died"),
        "g.jpg": ("failed", "timed_out"),
        "gone.jpg": ("refused", "file_unreadable"),
        "h.jpg": ("graded", None),
        "large.jpg": ("refused", "file_too_large"),
        "pipe": ("refused", "file_unreadable"),
    }
    assert list(rows) == sorted(rows)
    assert rows["b/c.jpg"]["codes"] == ["blurred", "too_dark"]
    assert rows["e.jpg"]["detail"].startswith("ValueError at archive/worker.py:")
    assert summary.outcomes == {"graded": 2, "refused": 5, "failed": 3}
    assert summary.codes["file_unreadable"] == 2
    assert summary.files == 10
    assert summary.exit_code == Exit.PARTIAL
    assert "shows what is in the photo" not in (out / "journal.jsonl").read_text()


def test_a_graded_photo_has_one_row_per_zone_and_concern(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="refuse")
    summary = run_quietly(make_batch(source, out, scorer))
    rows = grade_rows(out)
    assert {row["sha256"] for row in rows} == {sha256_hex("face one")}
    assert [(row["zone"], row["concern"]) for row in rows] == [
        (zone.value, concern.value) for zone in ZONES for concern in CONCERNS
    ]
    assert summary.grade_rows == len(rows)
    for row in rows:
        assert row["assessable"]
        assert row["lo"] <= row["grade"] <= row["hi"]
        shares = [row[f"p{value}"] for value in range(5)]
        assert sum(shares) == pytest.approx(1)
        expected = sum(value * share for value, share in enumerate(shares))
        assert row["score"] == pytest.approx(expected)


def test_equal_bytes_under_two_names_are_scored_once(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="face one", c="face two", d="face one")
    summary = run_quietly(make_batch(source, out, scorer, workers=2))
    assert sorted(scorer.calls) == sorted([sha256_hex("face one"), sha256_hex("face two")])
    rows = photo_rows(out)
    assert {path: row["duplicate_of"] for path, row in rows.items()} == {
        "a.jpg": None,
        "b.jpg": "a.jpg",
        "c.jpg": None,
        "d.jpg": "a.jpg",
    }
    assert {row["outcome"] for row in rows.values()} == {"graded"}
    assert len(grade_rows(out)) == 2 * len(ZONES) * len(CONCERNS)
    assert (summary.files, summary.photos, summary.exit_code) == (4, 2, Exit.OK)


def test_a_rerun_scores_nothing_twice(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="refuse", c="bug")
    run_quietly(make_batch(source, out, scorer))
    before = photo_rows(out), (out / "grades.parquet").read_bytes()
    summary = run_quietly(make_batch(source, out, scorer))
    assert len(scorer.calls) == 3
    assert (photo_rows(out), (out / "grades.parquet").read_bytes()) == before
    assert (summary.run.resumed, summary.run.scored) == (3, 0)


def test_a_rerun_scores_what_is_new_or_changed(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="face two")
    run_quietly(make_batch(source, out, scorer))
    make_archive(source, b="face other", c="face three", d="face one")
    run_quietly(make_batch(source, out, scorer))
    expected = ["face one", "face two", "face other", "face three"]
    assert sorted(scorer.calls) == sorted(map(sha256_hex, expected))
    assert {row["sha256"] for row in grade_rows(out)} == {
        sha256_hex(content) for content in ("face one", "face other", "face three")
    }


def test_a_file_that_became_readable_is_scored_by_the_next_run(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in")
    (source / "a.jpg").symlink_to(tmp_path / "late.jpg")
    run_quietly(make_batch(source, out, scorer))
    assert photo_rows(out)["a.jpg"]["code"] == "file_unreadable"
    (tmp_path / "late.jpg").write_text("face one")
    run_quietly(make_batch(source, out, scorer))
    assert photo_rows(out)["a.jpg"]["outcome"] == "graded"
    assert photo_rows(out)["a.jpg"]["attempts"] == 1


def test_retry_failed_scores_failures_again_and_counts(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", a="bug", b="crash", c="refuse", d="face one")
    run_quietly(make_batch(source, out, scorer))
    run_quietly(make_batch(source, out, scorer))
    assert photo_rows(out)["a.jpg"]["attempts"] == 1
    (scorer.folder / "mended").touch()
    summary = run_quietly(make_batch(source, out, scorer, retry_failed=True))
    rows = photo_rows(out)
    assert {path: (row["outcome"], row["attempts"]) for path, row in rows.items()} == {
        "a.jpg": ("graded", 2),
        "b.jpg": ("graded", 2),
        "c.jpg": ("refused", 1),
        "d.jpg": ("graded", 1),
    }
    assert summary.run.scored == 2
    assert len(scorer.calls) == 4 + 2


def test_two_runs_over_one_archive_give_the_same_tables(tmp_path: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", **{f"p{i}": f"face {i % 7}" for i in range(12)})
    for name, workers in (("one", 1), ("two", 2)):
        run_quietly(make_batch(source, tmp_path / name, scorer, workers=workers))
    one, two = tmp_path / "one", tmp_path / "two"
    assert photo_rows(one) == photo_rows(two)
    assert (one / "grades.parquet").read_bytes() == (two / "grades.parquet").read_bytes()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"settings": make_settings(Gate.WARN)}, "gate is strict there and warn here", id="gate"
        ),
        pytest.param(
            {"settings": make_settings(contract="other")}, "contract_digest is", id="model"
        ),
        pytest.param({"source": "elsewhere"}, "SOURCE is another", id="source"),
    ],
)
def test_another_run_in_the_same_place_is_refused(
    tmp_path: Path, out: Path, scorer: Scorer, changes: dict[str, object], said: str
) -> None:
    source = make_archive(tmp_path / "in", a="face one")
    run_quietly(make_batch(source, out, scorer))
    before = (out / "journal.jsonl").read_bytes()
    if "source" in changes:
        changes = {"source": make_archive(tmp_path / "elsewhere", a="face one")}
    other = make_batch(**({"source": source, "out": out, "load": scorer} | changes))  # type: ignore[arg-type]
    for attempt in (run_quietly, preview):
        with pytest.raises(RequestRefused, match=said) as refusal:
            attempt(other)
        assert (refusal.value.code, refusal.value.exit_code) == ("journal_mismatch", Exit.REFUSED)
        assert str(tmp_path) not in str(refusal.value)
    assert (out / "journal.jsonl").read_bytes() == before


def test_limit_takes_the_first_files_by_name(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", b="face two", a="face one", c="face three")
    run_quietly(make_batch(source, out, scorer, limit=2))
    assert list(photo_rows(out)) == ["a.jpg", "b.jpg"]
    run_quietly(make_batch(source, out, scorer))
    assert list(photo_rows(out)) == ["a.jpg", "b.jpg", "c.jpg"]
    assert len(scorer.calls) == 3


def test_a_preview_touches_nothing(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="bug", c="face two")
    plan = preview(make_batch(source, out, scorer))
    assert ([file.name for file in plan.todo], plan.done) == (["a.jpg", "b.jpg", "c.jpg"], 0)
    assert not out.exists()
    run_quietly(make_batch(source, out, scorer, limit=2))
    before = {path: path.read_bytes() for path in out.iterdir()}
    plan = preview(make_batch(source, out, scorer, retry_failed=True))
    assert [file.name for file in plan.todo] == ["b.jpg", "c.jpg"]
    assert (plan.done, plan.retried) == (1, 1)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_too_many_failures_stop_the_run_and_keep_what_was_done(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="bug 1", c="bug 2", d="face two")
    summary = run_quietly(make_batch(source, out, scorer, max_errors=2))
    assert summary.exit_code == Exit.TOO_MANY_ERRORS
    assert list(photo_rows(out)) == ["a.jpg", "b.jpg", "c.jpg"]
    summary = run_quietly(make_batch(source, out, scorer, max_errors=2))
    assert summary.exit_code == Exit.PARTIAL  # failures of the run before are not counted again
    assert len(photo_rows(out)) == 4


def test_refusals_never_stop_a_run(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="refuse 1", b="refuse 2", c="face one")
    assert run_quietly(make_batch(source, out, scorer, max_errors=1)).run.ended == "finished"


def test_an_interruption_finishes_the_photo_at_hand_and_resumes(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="face two", c="face three")
    seen: list[int] = []

    def watch(progress: Progress) -> None:
        seen.append(progress.done)

    summary = run(make_batch(source, out, scorer), interrupted=lambda: bool(seen), watch=watch)
    assert summary.exit_code == Exit.INTERRUPTED
    assert list(photo_rows(out)) == ["a.jpg"]
    assert run_quietly(make_batch(source, out, scorer)).exit_code == Exit.OK
    assert len(scorer.calls) == 3


def test_an_empty_archive_is_fine(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    summary = run_quietly(make_batch(make_archive(tmp_path / "in"), out, scorer))
    assert (summary.files, summary.exit_code) == (0, Exit.OK)
    assert photo_rows(out) == {}
    assert grade_rows(out) == []


def test_progress_counts_every_file_once(tmp_path: Path, out: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="face one", c="refuse", d="crash")
    done: list[int] = []
    last: list[dict[Outcome, int]] = []

    def watch(progress: Progress) -> None:
        done.append(progress.done)
        last[:] = [dict(progress.outcomes)]

    run(make_batch(source, out, scorer), interrupted=lambda: False, watch=watch)
    assert done == [1, 2, 3, 4]
    assert last == [{Outcome.GRADED: 2, Outcome.REFUSED: 1, Outcome.FAILED: 1}]


def test_a_model_that_is_not_fit_ends_the_run_before_any_work(tmp_path: Path, out: Path) -> None:
    source = make_archive(tmp_path / "in", a="face one")
    with pytest.raises(NotReady, match="no face models") as refusal:
        run_quietly(make_batch(source, out, Unfit()))
    assert refusal.value.exit_code == Exit.REFUSED
    assert [line["kind"] for line in journal_lines(out)] == ["header"]


def test_a_model_that_is_exchanged_on_the_way_breaks_the_run_off_with_its_tables(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    """A worker dies, and the one that takes its place finds a model that does not load."""
    source = make_archive(tmp_path / "in", a="face one", b="crash", c="face two")
    with pytest.raises(InternalFault, match="broke off after 2 files") as fault:
        run_quietly(make_batch(source, out, Spoilt(scorer.folder)))
    assert fault.value.exit_code == Exit.FAILED
    assert {path: row["outcome"] for path, row in photo_rows(out).items()} == {
        "a.jpg": "graded",
        "b.jpg": "failed",
    }
    assert json.loads((out / "summary.json").read_text())["run"]["ended"] == "broken_off"
    assert run_quietly(make_batch(source, out, scorer)).files == 3


def test_a_worker_that_cannot_be_replaced_breaks_the_run_off_with_its_tables(
    tmp_path: Path, out: Path, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine is out of memory: one process died of it, and no other can be started."""
    source = make_archive(tmp_path / "in", a="face one", b="crash", c="face two")
    start, started = SpawnProcess.start, list[SpawnProcess]()

    def start_once(process: SpawnProcess) -> None:
        if started:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        started.append(process)
        start(process)

    with monkeypatch.context() as patch:
        patch.setattr(SpawnProcess, "start", start_once)
        with pytest.raises(InternalFault, match="could not be started") as fault:
            run_quietly(make_batch(source, out, scorer))
    assert fault.value.exit_code == Exit.FAILED
    assert list(photo_rows(out)) == ["a.jpg", "b.jpg"]
    assert run_quietly(make_batch(source, out, scorer)).files == 3


def test_what_is_no_longer_in_the_source_leaves_the_tables(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", anna="face one", bob="face two", withdrawn="refuse")
    assert run_quietly(make_batch(source, out, scorer)).exit_code == Exit.PARTIAL
    (source / "anna.jpg").rename(source / "zoe.jpg")
    (source / "withdrawn.jpg").unlink()
    summary = run_quietly(make_batch(source, out, scorer))
    assert (summary.exit_code, summary.files, summary.run.gone) == (Exit.OK, 2, 2)
    rows = photo_rows(out)
    assert {path: row["duplicate_of"] for path, row in rows.items()} == {
        "bob.jpg": None,
        "zoe.jpg": None,
    }
    assert {row["sha256"] for row in grade_rows(out)} == {row["sha256"] for row in rows.values()}
    limited = run_quietly(make_batch(source, out, scorer, limit=1))
    assert (limited.files, limited.run.gone) == (2, 2)
    assert len(scorer.calls) == 3


def test_a_watch_that_fails_is_not_taken_for_a_dead_worker(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    def watch(_: Progress) -> None:
        raise BrokenPipeError

    source = make_archive(tmp_path / "in", a="face one", b="face one")
    with pytest.raises(BrokenPipeError):
        run(make_batch(source, out, scorer), interrupted=lambda: False, watch=watch)
    assert not any(line.get("outcome") == "failed" for line in journal_lines(out))


def test_an_output_without_a_single_file_belongs_to_nobody(
    tmp_path: Path, out: Path, scorer: Scorer
) -> None:
    source = make_archive(tmp_path / "in", a="face one")
    with pytest.raises(NotReady):
        run_quietly(make_batch(source, out, Unfit(), settings=make_settings(Gate.OFF)))
    assert run_quietly(make_batch(source, out, scorer)).exit_code == Exit.OK
    assert journal_lines(out)[0]["settings"]["gate"] == "strict"


def test_workers_that_die_before_they_are_ready_end_the_run(tmp_path: Path, out: Path) -> None:
    source = make_archive(tmp_path / "in", a="face one")
    with pytest.raises(InternalFault, match="before it was ready"):
        run_quietly(make_batch(source, out, Stillborn()))

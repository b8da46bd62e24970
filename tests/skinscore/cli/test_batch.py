"""``skinscore batch``: what it prints where, and how it ends."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from skinscore.errors import Exit, RequestRefused
from tests.skinscore.archive import driver
from tests.skinscore.archive.archives import make_archive, photo_rows
from tests.skinscore.archive.scorers import Scorer


@pytest.fixture
def scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scorer:
    (tmp_path / "scorer").mkdir()
    scorer = Scorer(tmp_path / "scorer")
    driver.stand_in(monkeypatch, scorer)
    return scorer


def batch(*arguments: object) -> Result:
    return CliRunner().invoke(driver.app(), [*map(str, arguments), "--workers", "1"])


@pytest.mark.parametrize(
    ("photos", "options", "exit_code"),
    [
        pytest.param({"a": "face one", "b": "face two"}, (), Exit.OK, id="all graded"),
        pytest.param({"a": "face one", "b": "refuse"}, (), Exit.PARTIAL, id="one refused"),
        pytest.param({"a": "face one", "b": "bug"}, (), Exit.PARTIAL, id="one failed"),
        pytest.param(
            {"a": "bug", "b": "face"}, ("--max-errors", "1"), Exit.TOO_MANY_ERRORS, id="stopped"
        ),
    ],
)
def test_the_exit_code_says_how_it_went_and_stdout_where_it_is(
    tmp_path: Path,
    scorer: Scorer,
    photos: dict[str, str],
    options: tuple[str, ...],
    exit_code: int,
) -> None:
    result = batch(make_archive(tmp_path / "in", **photos), tmp_path / "out", *options)
    assert result.exit_code == exit_code, result.output
    assert result.stdout == f"{tmp_path / 'out' / 'summary.json'}\n"
    assert str(tmp_path) not in result.stderr
    assert (tmp_path / "out" / "photos.parquet").is_file()


def test_json_prints_the_summary_that_is_in_the_folder(tmp_path: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="refuse")
    result = batch(source, tmp_path / "out", "--json")
    summary = json.loads(result.stdout)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["outcomes"] == {"graded": 1, "refused": 1, "failed": 0}
    assert summary["codes"] == {"blurred": 1}
    assert summary["settings"]["gate"] == "strict"


def test_progress_off_a_terminal_is_json_lines_on_stderr(tmp_path: Path, scorer: Scorer) -> None:
    result = batch(make_archive(tmp_path / "in", a="face one", b="refuse"), tmp_path / "out")
    *_, progress, last = result.stderr.splitlines()
    assert (
        json.loads(progress).items() >= {"done": 2, "total": 2, "graded": 1, "refused": 1}.items()
    )
    assert last == "2 files: 1 graded, 1 refused, 0 failed; 0 known before."


def test_an_empty_archive_ends_well_with_a_notice(tmp_path: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in")
    (source / ".DS_Store").touch()
    result = batch(source, tmp_path / "out")
    assert result.exit_code == Exit.OK
    assert "SOURCE holds no photos" in result.stderr
    assert "1 hidden" in result.stderr


def test_an_output_whose_name_is_not_utf_8_is_told_as_it_is(tmp_path: Path, scorer: Scorer) -> None:
    out = tmp_path / os.fsdecode(b"caf\xe9")
    result = batch(make_archive(tmp_path / "in"), out)
    assert result.exit_code == Exit.OK
    assert (out / "grades.parquet").is_file()
    assert result.stdout_bytes == os.fsencode(out) + b"/summary.json\n"


def test_a_dry_run_says_what_would_be_done(tmp_path: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one", b="bug", c="refuse")
    result = batch(source, tmp_path / "out", "--dry-run", "--limit", "2")
    assert (result.exit_code, result.stdout) == (Exit.OK, "")
    assert "Would look at 2 of 2 files" in result.stderr
    batch(source, tmp_path / "out")
    result = batch(source, tmp_path / "out", "--dry-run", "--retry-failed", "--json")
    figures = json.loads(result.stdout)
    assert (figures["to_do"], figures["retried"], figures["known_before"]) == (1, 1, 2)
    assert len(scorer.calls) == 3


def test_the_output_inside_the_source_is_not_scored(tmp_path: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one")
    for _ in range(2):
        assert batch(source, source / "out").exit_code == Exit.OK
    assert list(photo_rows(source / "out")) == ["a.jpg"]


def test_another_gate_is_refused(tmp_path: Path, scorer: Scorer) -> None:
    source = make_archive(tmp_path / "in", a="face one")
    batch(source, tmp_path / "out")
    result = batch(source, tmp_path / "out", "--gate", "off")
    assert isinstance(result.exception, RequestRefused)
    assert result.exception.exit_code == Exit.REFUSED
    assert "gate is strict there and off here" in str(result.exception)


@pytest.mark.parametrize(
    "options", [("--engine", "ray"), ("--limit", "0"), ("--max-errors", "0"), ("--gate", "lax")]
)
def test_what_is_not_offered_is_refused(
    tmp_path: Path, scorer: Scorer, options: tuple[str, ...]
) -> None:
    result = batch(make_archive(tmp_path / "in", a="face"), tmp_path / "out", *options)
    assert result.exit_code == Exit.REFUSED
    assert not (tmp_path / "out").exists()

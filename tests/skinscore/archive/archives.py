"""Archives and runs for tests."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from skinscore.archive.plan import Batch
from skinscore.archive.records import Settings
from skinscore.archive.run import run
from skinscore.archive.scoring import Loader
from skinscore.archive.summary import Summary
from skinscore.archive.worker import Limits
from skinscore.domain.assessment import Gate
from skinscore.domain.document import sha256_hex

TIMINGS = ("read_ms", "score_ms")


def make_settings(gate: Gate = Gate.STRICT, contract: str = "contract") -> Settings:
    return Settings(
        model_name="skinscore-face",
        model_version="0.1.0",
        contract_digest=sha256_hex(contract),
        gate=gate,
        assessment_schema="skinscore.assessment/1",
        journal_schema="skinscore.journal/1",
    )


def make_archive(folder: Path, **photos: str) -> Path:
    """Write one file per argument; two underscores in a name make a subfolder."""
    for name, content in photos.items():
        path = folder / (name.replace("__", "/") + ".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    folder.mkdir(exist_ok=True)
    return folder


def make_batch(source: Path, out: Path, load: Loader, **changes: Any) -> Batch:
    given: dict[str, Any] = {
        "source": source,
        "out": out,
        "settings": make_settings(),
        "load": load,
        "workers": 1,
        "limits": Limits(seconds=30.0, bytes=10_000),
        "retry_failed": False,
        "limit": None,
        "max_errors": None,
    }
    return Batch(**(given | changes))


def run_quietly(batch: Batch) -> Summary:
    return run(batch, interrupted=lambda: False, watch=lambda _: None)


def photo_rows(out: Path) -> dict[str, dict[str, Any]]:
    """The rows of photos.parquet by path, without timings."""
    rows = parquet.read_table(out / "photos.parquet").drop_columns(list(TIMINGS)).to_pylist()
    assert len({row["path"] for row in rows}) == len(rows), "a file has two rows"
    return {row["path"]: row for row in rows}


def grade_rows(out: Path) -> list[dict[str, Any]]:
    return list(parquet.read_table(out / "grades.parquet").to_pylist())


def journal_lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "journal.jsonl").read_text().splitlines()]

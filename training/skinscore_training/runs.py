"""Where the stages of one preset keep their work: ``runs/<preset>/``."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skinscore.domain.concerns import Concern
from skinscore.errors import RequestRefused


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one preset. Naming them creates nothing."""

    root: Path

    @property
    def rendered(self) -> Path:
        return self.root / "rendered"

    @property
    def splits(self) -> Path:
        return self.root / "splits.parquet"

    @property
    def weights(self) -> Path:
        """Smoothed weights after the last epoch, a state_dict."""
        return self.root / "fit" / "weights.pt"

    @property
    def curves(self) -> Path:
        return self.root / "fit" / "curves.csv"

    @property
    def fit_record(self) -> Path:
        """Who and what trained; see :mod:`skinscore_training.fit_record`."""
        return self.root / "fit" / "fit.json"

    @property
    def checkpoint(self) -> Path:
        """For resuming; no output of a stage, so that DVC leaves it alone."""
        return self.root / "checkpoint" / "last.pt"

    @property
    def lock(self) -> Path:
        """Held by whoever trains or renders here; empty."""
        return self.root / ".lock"

    @property
    def calibration(self) -> Path:
        return self.root / "calibration.json"

    @property
    def exported(self) -> Path:
        """The sealed file that evaluation measures; its contract holds no figures yet."""
        return self.root / "export" / "skinscore.onnx"

    @property
    def export_record(self) -> Path:
        """Parity, size and speed."""
        return self.root / "export" / "export.json"

    def quantized(self, variant: str) -> Path:
        """An int8 candidate: sealed, not yet measured."""
        return self.exported.with_name(f"skinscore-{variant}.onnx")

    @property
    def int8(self) -> Path:
        """The int8 files that kept their margins; an empty folder when none did."""
        return self.root / "int8"

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    def metrics(self, concern: Concern) -> Path:
        """The headline figures of one concern, for `dvc metrics`."""
        return self.evaluation / "metrics" / f"{concern}.json"

    @property
    def report(self) -> Path:
        """The evaluation as one page."""
        return self.evaluation / "report.html"

    @property
    def worst(self) -> Path:
        """The largest errors as pictures."""
        return self.evaluation / "worst.png"

    @property
    def int8_verdicts(self) -> Path:
        """What each int8 candidate costs and gains, and whether it is released."""
        return self.evaluation / "int8.json"

    @property
    def tables(self) -> Path:
        """Every figure by concern, zone kind and tone bin, for the card."""
        return self.evaluation / "tables.csv"

    @property
    def proof(self) -> Path:
        """What `skinscore train prove` measured on the release file; no stage of the pipeline."""
        return self.root / "proof" / "proof.json"

    @property
    def release(self) -> Path:
        """The model file to ship: the exported graph, figures in its contract."""
        return self.root / "skinscore.onnx"

    @property
    def card(self) -> Path:
        return self.root / "MODEL_CARD.md"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a place beside ``path`` to write to; it becomes ``path`` when all of it is written.

    A failure or an interruption leaves what was there before, and nothing beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Let nobody else work in ``folder`` meanwhile.

    A killed ``dvc repro`` leaves its stage running, and the next one would start a second. The
    lock goes with the process, however it ends.

    Raises:
        RequestRefused: ``output_not_writable`` when another process works there.
    """
    folder.root.mkdir(parents=True, exist_ok=True)
    with folder.lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RequestRefused(
                "output_not_writable",
                f"another process is working in {folder.root.as_posix()}",
                "one stage of a preset at a time",
                "Wait for it, or stop it (a killed `dvc repro` leaves its stage running), then "
                "run the same command again.",
            ) from None
        yield


def write(path: Path, content: bytes | str) -> None:
    """Write a whole file or none. Text ends lines with \\n."""
    with whole(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, content: Any) -> None:
    write(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, stage: str) -> Any:
    """Return the JSON that ``stage`` wrote.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    require(path, stage)
    return json.loads(path.read_text(encoding="utf-8"))


def require(path: Path, stage: str) -> Path:
    """Return ``path``, which ``stage`` writes.

    Raises:
        RequestRefused: ``stage_input_missing``.
    """
    if not path.exists():
        raise RequestRefused(
            "stage_input_missing",
            f"stage {stage} has left no {path.name} for this preset",
            "stages run in the order of dvc.yaml",
            f"Run `dvc repro`, or `skinscore train {stage}` first.",
        )
    return path

"""Where the stages of one preset keep their work: ``runs/<preset>/``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skinscore.errors import RequestRefused


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one preset. Only :meth:`write` creates anything."""

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
        """MLflow run id, digest of the training manifest, throughput."""
        return self.root / "fit" / "fit.json"

    @property
    def checkpoint(self) -> Path:
        """For resuming; no output of a stage, so that DVC leaves it alone."""
        return self.root / "checkpoint" / "last.pt"

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

    @property
    def evaluation(self) -> Path:
        return self.root / "evaluation"

    @property
    def metrics(self) -> Path:
        return self.evaluation / "metrics.json"

    @property
    def figures(self) -> Path:
        return self.evaluation / "figures.json"

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


def write(path: Path, content: bytes | str) -> None:
    """Write a whole file or none: beside it first, then moved over. Text ends lines with \\n."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(path)


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

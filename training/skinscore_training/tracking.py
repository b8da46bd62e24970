"""MLflow: one run per fit, reopened by the stages that follow.

The store is ``MLFLOW_TRACKING_URI`` when set, else ``sqlite:///mlflow.db`` in the working folder.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

EXPERIMENT: Final = "skinscore"
STORE_VARIABLE: Final = "MLFLOW_TRACKING_URI"
DEFAULT_STORE: Final = "sqlite:///mlflow.db"
_DIGEST_DIGITS: Final = 36


def connect() -> None:
    """Point MLflow at the store."""
    import mlflow

    mlflow.set_tracking_uri(os.environ.get(STORE_VARIABLE, DEFAULT_STORE))


@contextmanager
def run(name: str, run_id: str | None = None, *, system_metrics: bool = False) -> Iterator[str]:
    """Open a run and yield its id; everything logged inside goes to it.

    Args:
        name: shown in the list of runs; the preset's.
        run_id: continue this run. When the store does not know it (another machine, a deleted
            database), a new run is opened that carries the tag ``continues`` with that id.
        system_metrics: also log what processor, memory and GPU do meanwhile.
    """
    import mlflow  # two seconds and a database: only when something is logged
    from mlflow.exceptions import MlflowException

    connect()
    mlflow.set_experiment(EXPERIMENT)
    tags = {}
    if run_id is not None:
        try:
            mlflow.get_run(run_id)
        except MlflowException:
            tags, run_id = {"continues": run_id}, None
    with mlflow.start_run(
        run_id=run_id, run_name=name, tags=tags, log_system_metrics=system_metrics
    ) as active:
        yield active.info.run_id


def log_params(values: Mapping[str, Any]) -> None:
    """Log nested settings as ``section.key``."""
    import mlflow

    mlflow.log_params(_flatten(values))


def log_metrics(values: Mapping[str, float], step: int | None = None) -> None:
    import mlflow

    mlflow.log_metrics(dict(values), step=step)


def log_file(path: Path, folder: str) -> None:
    import mlflow

    mlflow.log_artifact(str(path), folder)


def log_dataset(sha256: str, name: str) -> None:
    """Name the crops that the run trains on as its input.

    Args:
        sha256: of their manifest; MLflow keeps the first 36 digits, the contract all of them.
        name: of the preset.
    """
    import mlflow
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    source = CodeDatasetSource(tags={"stage": f"skinscore train render --preset {name}"})
    dataset = MetaDataset(source, name=f"{name} crops", digest=sha256[:_DIGEST_DIGITS])
    mlflow.log_input(dataset, context="training")


def log_text(text: str, place: str) -> None:
    """Keep ``text`` as the artefact ``place`` (folder and file name)."""
    import mlflow

    mlflow.log_text(text, place)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat

"""MLflow: one run per fit, reopened by the stages that follow.

The store is ``MLFLOW_TRACKING_URI`` when set, else ``sqlite:///mlflow.db`` in the working folder.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

EXPERIMENT: Final = "skinscore"
DEFAULT_STORE: Final = "sqlite:///mlflow.db"


@contextmanager
def run(name: str, run_id: str | None = None) -> Iterator[str]:
    """Open a run and yield its id; everything logged inside goes to it.

    Args:
        name: shown in the list of runs; the preset's.
        run_id: continue this run. When the store does not know it (another machine, a deleted
            database), a new run is opened that carries the tag ``continues`` with that id.
    """
    import mlflow  # two seconds and a database: only when something is logged
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", DEFAULT_STORE))
    mlflow.set_experiment(EXPERIMENT)
    tags = {}
    if run_id is not None:
        try:
            mlflow.get_run(run_id)
        except MlflowException:
            tags, run_id = {"continues": run_id}, None
    with mlflow.start_run(run_id=run_id, run_name=name, tags=tags) as active:
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


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat

"""MLflow: one run per fit, reopened by the stages that follow.

The store is ``MLFLOW_TRACKING_URI`` when set, else ``sqlite:///mlflow.db`` in the working folder.
A store that cannot be used is refused at once: MLflow itself would try for minutes without a word,
and a pipeline would have rendered for an hour by then.
"""

import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import urlopen

from skinscore.errors import NotReady

EXPERIMENT: Final = "skinscore"
STORE_VARIABLE: Final = "MLFLOW_TRACKING_URI"
REGISTRY_VARIABLE: Final = "MLFLOW_REGISTRY_URI"  # MLflow's own: the registry may stand elsewhere
DEFAULT_STORE: Final = "sqlite:///mlflow.db"
_DIGEST_DIGITS: Final = 36
_PATIENCE: Final = 5.0  # seconds for a server's first answer
_KIND: Final = ("mlflow.experimentKind", "custom_model_development")  # its page opens on trainings


def require() -> None:
    """Make sure that the store can be used; nothing is imported, made or sent.

    Raises:
        NotReady: ``store_unreachable``.
    """
    store = os.environ.get(STORE_VARIABLE, DEFAULT_STORE)
    scheme = urlsplit(store).scheme
    if scheme in ("http", "https"):
        _require_answer(store)
    elif scheme == "sqlite" and (file := _database(store)) is not None:
        _require_writable(file)


def connect() -> None:
    """Point MLflow at the store.

    Raises:
        NotReady: ``store_unreachable``.
    """
    require()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a bar per small file
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # our own lines say what is done
    mlflow.set_tracking_uri(os.environ.get(STORE_VARIABLE, DEFAULT_STORE))


def registry_exists() -> bool:
    """Return False when the model registry is a local database or folder that nobody has made.

    MLflow makes an empty one as soon as it is asked; a look must leave nothing behind.
    """
    store = os.environ.get(REGISTRY_VARIABLE) or os.environ.get(STORE_VARIABLE, DEFAULT_STORE)
    parts = urlsplit(store)
    if parts.scheme == "sqlite":
        place = _database(store)
        return place is None or place.exists()
    if parts.scheme in ("", "file"):
        return Path(unquote(parts.path)).exists()
    return True


@contextmanager
def run(name: str, run_id: str | None = None, *, system_metrics: bool = False) -> Iterator[str]:
    """Open a run and yield its id; everything logged inside goes to it.

    Args:
        name: shown in the list of runs; the preset's.
        run_id: continue this run. When the store does not know it (another machine, a deleted
            database) or it was deleted there, a new run is opened that carries the tag
            ``continues`` with that id.
        system_metrics: also log what processor, memory and GPU do meanwhile, every ten seconds.

    Raises:
        NotReady: ``store_unreachable``, now or when the store goes away meanwhile.
    """
    connect()
    from mlflow.exceptions import MlflowException  # two seconds: only when something is logged

    try:
        with _opened(name, run_id, system_metrics=system_metrics) as opened:
            yield opened
    except MlflowException:
        require()  # the better reason, when it is the store's
        raise


@contextmanager
def _opened(name: str, run_id: str | None, *, system_metrics: bool) -> Iterator[str]:
    import mlflow

    mlflow.set_experiment(EXPERIMENT)
    mlflow.set_experiment_tag(*_KIND)
    tags = {}
    if run_id is not None and not _known(run_id):
        tags, run_id = {"continues": run_id}, None
    with mlflow.start_run(
        run_id=run_id, run_name=name, tags=tags, log_system_metrics=system_metrics
    ) as active:
        yield active.info.run_id


def _known(run_id: str) -> bool:
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        found = mlflow.get_run(run_id)
    except MlflowException:
        return False
    return bool(found.info.lifecycle_stage == "active")  # a deleted run can still be read


def log_params(values: Mapping[str, Any]) -> None:
    """Log nested settings as ``section.key``."""
    import mlflow

    mlflow.log_params(_flatten(values))


def log_metrics(values: Mapping[str, float], group: str, step: int | None = None) -> None:
    """Log figures.

    Args:
        group: MLflow's page shows the figures of a group together, ``concern.figure`` in a group
            of the concern's own.
    """
    import mlflow

    named = {f"{group}/{name.replace('.', '/')}": value for name, value in values.items()}
    mlflow.log_metrics(named, step=step)


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


def _require_answer(store: str) -> None:
    """Any answer but a server's failure is one: what it then allows is between it and MLflow."""
    place = urlsplit(store)
    where = place.netloc.rpartition("@")[2]  # a name and a password may stand before it
    address = urlunsplit((place.scheme, where, f"{place.path.rstrip('/')}/health", "", ""))
    try:
        with urlopen(address, timeout=_PATIENCE):
            return
    except HTTPError as answer:
        if answer.code < 500:
            return
        reason = f"answers {answer.code}"
    except OSError as problem:
        cause = getattr(problem, "reason", problem)
        if isinstance(cause, ssl.SSLError):  # MLflow may be told to trust it
            return
        reason = f"does not answer ({cause})"
    raise _unreachable(f"the MLflow server at {where} {reason}", "a server that answers is needed")


def _database(store: str) -> Path | None:
    """Return the file of an ``sqlite:`` address, None for one in memory."""
    name = store.partition(":///")[2].partition("?")[0]
    return Path(name) if name not in ("", ":memory:") else None


def _require_writable(file: Path) -> None:
    place = file if file.exists() else file.parent
    if not os.access(place, os.W_OK):
        raise _unreachable(
            f"the MLflow database {file.name} cannot be written",
            "it stands in a folder that may be written",
        )


def _unreachable(found: str, allowed: str) -> NotReady:
    return NotReady(
        "store_unreachable",
        found,
        allowed,
        f"Mend that or {STORE_VARIABLE}, or unset it to use mlflow.db here; then run the same "
        "command again.",
    )

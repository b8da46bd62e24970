"""The model registry: releases as versions of one MLflow model, and the alias of the best.

The store is that of :mod:`skinscore_training.tracking`. A version holds the model file as a pyfunc
(:mod:`skinscore_training.served_model`) and carries the file's contract digest as a tag, by which
a file is kept in the user's cache: a clinic that grades by ``models:/skinscore@champion`` fetches
each release once.
"""

import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from skinscore import __version__
from skinscore.contract.release import ModelFile, read_model
from skinscore.errors import RequestRefused
from skinscore_training import runs, tracking

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

NAME: Final = "skinscore"
CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
DIGEST: Final = "contract_digest"
_ARTIFACT: Final = "model"
_ABSENT: Final = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # the latter for aliases
_URI: Final = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


@dataclass(frozen=True, slots=True)
class Version:
    """One release in the registry."""

    name: str
    number: int
    digest: str  # of its contract


def fetch(uri: str) -> Path:
    """Return a local copy of the model file that ``uri`` names.

    Args:
        uri: ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.

    Raises:
        RequestRefused: ``missing_extra`` without mlflow; ``registry_unknown`` when the registry
            has no such version, or the version holds no skinscore model, or there is no registry:
            MLflow would make an empty one to look into.
        NotReady: the fetched file breaks a rule of skinscore.contract.release.
    """
    named = _URI.fullmatch(uri)
    if named is None:
        raise _unknown(f"{uri!r} names no version", "models:/NAME@ALIAS or models:/NAME/VERSION")
    _require_mlflow()
    if not tracking.registry_exists():
        raise _unknown(
            "there is no MLflow store",
            f"the one that {tracking.STORE_VARIABLE} names, or mlflow.db here",
            f"Run it in the folder of the store, or set {tracking.STORE_VARIABLE}.",
        )
    client = _client()
    if named["alias"] is not None:
        version = holder(named["alias"], named["name"])
    else:
        version = _found(
            named["name"], lambda: client.get_model_version(named["name"], named["version"])
        )
    if version is None:
        raise _unknown(
            f"the registry has no {uri}",
            f"what `mlflow ui` shows for the store, {tracking.STORE_VARIABLE} or mlflow.db here",
        )
    kept = cache() / f"{version.digest}.onnx"
    if not kept.exists():
        runs.write(kept, _download(version).data)
    return kept


def holder(alias: str, name: str = NAME) -> Version | None:
    """Return the version that holds ``alias``, None when nobody does."""
    client = _client()
    return _found(name, lambda: client.get_model_version_by_alias(name, alias))


def register(file: Path, about: dict[str, str]) -> Version:
    """Return the version that holds the model ``file``; made when the registry has none.

    To be called inside a tracking run, to which the version then belongs.

    Args:
        about: tags of a new version.
    """
    model = read_model(file)
    client = _client()
    for found in client.search_model_versions(f"name='{NAME}'"):
        if found.tags.get(DIGEST) == model.digest:
            return Version(NAME, int(found.version), model.digest)
    # It asks for an example of the input, which would be somebody's face.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example", category=UserWarning)
        logged = _log(file)
    number = int(logged.registered_model_version)
    identity = model.contract.identity
    tags = {
        DIGEST: model.digest,
        "release": f"{identity.name} {identity.version} {identity.precision}",
    }
    for key, value in (tags | about).items():
        client.set_model_version_tag(NAME, str(number), key, value)
    return Version(NAME, number, model.digest)


def give(alias: str, version: Version) -> None:
    """Move ``alias`` to ``version``."""
    _client().set_registered_model_alias(version.name, alias, str(version.number))


def cache() -> Path:
    """Where fetched files are kept, by contract digest; ``SKINSCORE_MODEL_CACHE`` moves it."""
    moved = os.environ.get("SKINSCORE_MODEL_CACHE")
    return Path(moved) if moved else platformdirs.user_cache_path("skinscore") / "models"


def _log(file: Path) -> "ModelInfo":
    """Log the model file as a pyfunc and register it."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    return mlflow.pyfunc.log_model(
        name=NAME,
        python_model=str(Path(__file__).with_name("served_model.py")),
        artifacts={_ARTIFACT: str(file)},
        signature=ModelSignature(
            inputs=Schema(
                [
                    ColSpec(DataType.binary, "photo", required=False),
                    ColSpec(DataType.string, "path", required=False),
                ]
            ),
            outputs=Schema([ColSpec(DataType.string, "assessment")]),
            params=ParamSchema([ParamSpec("gate", DataType.string, "strict")]),
        ),
        registered_model_name=NAME,
        pip_requirements=[f"skinscore=={__version__}", f"mlflow=={mlflow.__version__}"],
    )


def _download(version: Version) -> ModelFile:
    """Return the model file of ``version`` after the checks of opening it."""
    import mlflow

    folder = Path(tempfile.mkdtemp(prefix="skinscore-"))
    try:
        place = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{version.name}/{version.number}", dst_path=str(folder)
        )
        files = sorted((Path(place) / "artifacts").glob("*.onnx"))
        if len(files) != 1:
            raise _unknown(
                f"version {version.number} of {version.name} holds {len(files)} ONNX files",
                "one, as `skinscore train promote` registers it",
            )
        model = read_model(files[0])
    finally:
        shutil.rmtree(folder)
    if model.digest != version.digest:
        raise _unknown(
            f"version {version.number} holds contract {model.digest[:12]}",
            f"its tag says {version.digest[:12]}",
        )
    return model


def _found(name: str, ask: Callable[[], object]) -> Version | None:
    """Return the version that ``ask`` answers, None when the registry has none.

    Only absence is None: a store that does not answer must not look like a missing champion.
    """
    from mlflow.exceptions import MlflowException

    try:
        return _version(name, ask())
    except MlflowException as problem:
        if problem.error_code in _ABSENT:
            return None
        raise


def _version(name: str, found: object) -> Version:
    tags: dict[str, str] = getattr(found, "tags", {})
    number = int(getattr(found, "version", 0))
    if DIGEST not in tags:
        raise _unknown(
            f"version {number} of {name} carries no {DIGEST}",
            "a version that `skinscore train promote` registered",
        )
    return Version(name, number, tags[DIGEST])


def _client() -> "MlflowClient":
    _require_mlflow()
    from mlflow import MlflowClient

    tracking.connect()
    return MlflowClient()


def _require_mlflow() -> None:
    try:
        import mlflow  # noqa: F401
    except ModuleNotFoundError:
        raise RequestRefused(
            "missing_extra",
            "a model from a registry needs mlflow",
            "it is not installed",
            "Run: pip install 'mlflow>=3.7' (part of skinscore[train]), or give a file.",
        ) from None


def _unknown(found: str, allowed: str, remedy: str | None = None) -> RequestRefused:
    return RequestRefused("registry_unknown", found, allowed, remedy)

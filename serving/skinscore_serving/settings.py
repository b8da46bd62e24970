"""Every setting of the service: one strict table, read from the environment once."""

import os
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from skinscore.domain.assessment import Gate
from skinscore.domain.document import field_problems
from skinscore.errors import RequestRefused

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Settings(BaseSettings):
    """Settings with the prefix ``SKINSCORE_SERVE_``; an unknown one is an error."""

    model_config = SettingsConfigDict(
        env_prefix="SKINSCORE_SERVE_", extra="forbid", frozen=True, env_ignore_empty=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    keys: Path | None = Field(
        None,
        description="File of access keys (skinscore.keys/1); when not set, whoever reaches the "
        "service may use it.",
    )
    unauthenticated: bool = Field(
        False,
        description="Allow an address beyond this machine without keys: a proxy in front of the "
        "service lets nobody else in.",
    )
    model: str | None = Field(
        None,
        description="Model file, or a version in an MLflow registry such as "
        "models:/skinscore@champion; the shipped one when not set.",
    )
    overlay: Path | None = Field(
        None, description="The clinic's own, stricter rules for suggestions: a YAML or JSON file."
    )
    gate: Gate = Field(Gate.STRICT, description="Gate for requests that name none.")
    running: int = Field(2, ge=1, le=64, description="Photos graded at the same time.")
    waiting: int = Field(
        6, ge=0, le=1000, description="Requests that may wait or still send; more get 503."
    )
    deadline_s: float = Field(
        30.0, gt=0, le=600, description="Longest wait for a body, and then for an answer."
    )
    max_photos: int = Field(5, ge=1, le=20, description="Photos in one request.")
    max_body_mb: int = Field(64, ge=1, le=1024, description="Largest request body.")


def read_settings(**given: object) -> Settings:
    """Return the settings: what is ``given``, then the environment, then the defaults.

    Raises:
        RequestRefused: ``usage``, naming each unknown or wrong setting, never its value.
    """
    prefix = Settings.model_config["env_prefix"]
    known = {f"{prefix}{name}".upper() for name in Settings.model_fields}
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(prefix) and name.upper() not in known
    )
    if unknown:
        raise RequestRefused(
            "usage",
            f"unknown settings {', '.join(unknown)}",
            f"known are {', '.join(sorted(known))}",
        )
    # Elsewhere empty means the default; here that is looser than what somebody meant to name.
    guards = {f"{prefix}overlay".upper(), f"{prefix}keys".upper()}
    for name in sorted(guards & {name.upper() for name, value in os.environ.items() if not value}):
        raise RequestRefused(
            "usage",
            f"{name} is empty",
            "a file, or no such variable where none is meant",
            "Name the file, or remove the variable.",
        )
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as problem:
        raise RequestRefused(
            "usage", f"settings: {field_problems(problem)}", "see serving/README.md"
        ) from None

"""``skinscore serve``: bring up the service. Cheap to import; the web stack comes when it runs."""

from typing import Annotated, Any

import typer

from skinscore.errors import RequestRefused


def serve(
    host: Annotated[str | None, typer.Option(help="Address; SKINSCORE_SERVE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; SKINSCORE_SERVE_PORT.")] = None,
    new_key: Annotated[
        str | None,
        typer.Option(
            "--new-key",
            metavar="NAME",
            help="Print a new access key, once, and its record for the file of "
            "SKINSCORE_SERVE_KEYS, and stop.",
        ),
    ] = None,
) -> None:
    """Serve grades and suggestions over HTTP: a page at /, POST /v1/assessments, POST
    /v1/suggestions, GET /v1/model, /v2, /metrics, /health/live, /health/ready; reference at /docs.

    Every setting is an environment variable SKINSCORE_SERVE_*; see serving/README.md.
    """
    if new_key is not None:
        _print_key(new_key)
        return
    import uvicorn

    from skinscore_serving.app import create_app
    from skinscore_serving.loading import load_grader
    from skinscore_serving.settings import LOOPBACK, read_settings

    given: dict[str, Any] = {
        name: value for name, value in (("host", host), ("port", port)) if value is not None
    }
    settings = read_settings(**given)
    if settings.host not in LOOPBACK and settings.keys is None and not settings.unauthenticated:
        raise RequestRefused(
            "usage",
            f"host {settings.host} can be reached from other machines",
            f"without access control only {', '.join(LOOPBACK)}",
            "Set SKINSCORE_SERVE_KEYS (`skinscore serve --new-key NAME`), or put a proxy with "
            "access control in front and set SKINSCORE_SERVE_UNAUTHENTICATED=true.",
        )
    uvicorn.run(
        create_app(settings, load_grader),
        host=settings.host,
        port=settings.port,
        # Access lines would hold client_ref; the app logs codes and request ids itself.
        access_log=False,
        log_config=_logging(),
        ws="none",  # there is none, and a refused one would stand in the log with its address
        timeout_graceful_shutdown=int(2 * settings.deadline_s) + 1,
    )


def _print_key(name: str) -> None:
    """The record on stdout, the key on stderr: a redirected file never holds the key."""
    from datetime import date

    from skinscore_serving.keys import Keys
    from skinscore_serving.keys import new_key as make

    key, record = make(name, date.today())
    typer.echo(Keys(schema="skinscore.keys/1", keys=(record,)).to_json())
    typer.echo(f"The key of {name}, shown this once: {key}", err=True)


def _logging() -> dict[str, Any]:
    """Return uvicorn's own logging with ours beside it; by default it would drop every INFO."""
    from uvicorn.config import LOGGING_CONFIG

    ours = {"handlers": ["default"], "level": "INFO", "propagate": False}
    return LOGGING_CONFIG | {"loggers": LOGGING_CONFIG["loggers"] | {"skinscore": ours}}

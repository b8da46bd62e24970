"""The one command line; other rooms hang their commands on it by entry point.

Every command module is cheap to import and brings its libraries when it runs, so that
``skinscore --help`` answers at once on an installation without extras.
"""

import os
import sys
import warnings
from importlib.metadata import entry_points
from typing import Annotated, Final

import typer

from skinscore import __version__
from skinscore.cli.batch import batch
from skinscore.cli.doctor import doctor
from skinscore.cli.fhir import fhir
from skinscore.cli.model import app as model_app
from skinscore.cli.score import score
from skinscore.cli.suggest import suggest
from skinscore.errors import CODES, Exit, RequestRefused, SkinscoreError

COMMANDS_GROUP: Final = "skinscore.commands"
OWN_COMMANDS: Final = ("score", "suggest", "batch", "fhir", "model", "doctor")

# Top-level modules that only an extra brings, so that a missing one is named, not a traceback.
EXTRAS: Final = {
    "fastapi": "serve",
    "multipart": "serve",
    "prometheus_client": "serve",
    "pydantic_settings": "serve",
    "uvicorn": "serve",
    "lightning_fabric": "train",
    "matplotlib": "train",
    "mlflow": "train",
    "onnx": "train",
    "onnxscript": "train",
    "pandas": "train",
    "torch": "train",
    "torchvision": "train",
}

EPILOG: Final = (
    "Exit codes: 0 all well, 1 failed, 2 refused before any work, 3 finished with some photos "
    "refused or failed, 4 stopped at --max-errors, 130 interrupted and resumable."
)


def build_app(wanted: str | None = None) -> typer.Typer:
    """Return the command tree.

    Args:
        wanted: the command about to run; the other rooms' commands are brought only when it is
            none of the library's own, because grading one photo must not wait for them.
    """
    app = typer.Typer(
        help="Grade acne scarring, wrinkles and pigmentation per zone of a face photo. "
        "Decision support for clinicians, not a diagnosis, not validated against graders.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_options)
    app.command()(score)
    app.command()(suggest)
    app.command()(batch)
    app.command()(fhir)
    app.add_typer(model_app, name="model")
    app.command()(doctor)
    if wanted in OWN_COMMANDS:
        return app
    for point in entry_points(group=COMMANDS_GROUP):
        command = point.load()
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=point.name)
        else:
            app.command(name=point.name)(command)
    return app


def main() -> None:
    """Run the command; every refusal becomes one line on stderr and its exit code."""
    # Damaged metadata costs no photo its grade and is not worth a line; codes say what matters.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        build_app(sys.argv[1] if len(sys.argv) > 1 else None)()
    except SkinscoreError as refusal:
        _say(refusal)
    except ModuleNotFoundError as missing:
        extra = EXTRAS.get((missing.name or "").partition(".")[0])
        if extra is None:
            raise
        _say(
            RequestRefused(
                "missing_extra",
                f"this command needs the extra `{extra}`",
                "it is not installed",
                f"Run: pip install 'skinscore[{extra}]'",
            )
        )
    except Exception as fault:
        if os.environ.get("SKINSCORE_TRACEBACK"):
            raise
        # The exception's own text may name a file or show data; its type does not.
        info = CODES["internal"]
        print(
            f"internal: {type(fault).__name__}. {info.hint} "
            "Set SKINSCORE_TRACEBACK=1 to see the traceback.",
            file=sys.stderr,
        )
        sys.exit(info.exit_code)


def _say(refusal: SkinscoreError) -> None:
    print(refusal, file=sys.stderr)
    sys.exit(refusal.exit_code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"skinscore {__version__}")
        raise typer.Exit(Exit.OK)


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command itself."""

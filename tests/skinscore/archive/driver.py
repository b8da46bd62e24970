"""``skinscore batch`` with a test scorer in place of the grader; a process that can be killed.

python -m tests.skinscore.archive.driver SCORER_FOLDER SECONDS_PER_PHOTO [BATCH ARGUMENTS...]
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from skinscore.archive import scoring
from skinscore.cli.batch import batch
from skinscore.contract import release
from skinscore.domain.document import sha256_hex
from tests.skinscore.archive.scorers import Scorer

# All that the command reads of a contract; the digest is what the settings of archives.py name.
CONTRACT = SimpleNamespace(
    identity=SimpleNamespace(name="skinscore-face", version="0.1.0"),
    digest=sha256_hex("contract"),
    decode=SimpleNamespace(max_bytes=10_000),
)


def stand_in(patch: pytest.MonkeyPatch, scorer: Scorer) -> None:
    """Let the command score with ``scorer``, under the contract above."""
    patch.setattr(release, "read_model", lambda _: SimpleNamespace(contract=CONTRACT))
    patch.setattr(scoring, "GraderLoader", lambda *_: scorer)


def app() -> typer.Typer:
    command = typer.Typer()
    command.command()(batch)
    return command


if __name__ == "__main__":
    folder, seconds, *arguments = sys.argv[1:]
    stand_in(pytest.MonkeyPatch(), Scorer(Path(folder), float(seconds)))
    app()(arguments)

"""Where a model comes from: commit and library versions."""

import importlib.metadata
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

TRAINING: Final = (
    "lightning-fabric",
    "numpy",
    "opencv-python-headless",
    "torch",
    "torchvision",
)  # they shape the weights
EXPORTING: Final = ("onnx", "onnxruntime", "onnxscript")  # they shape the file


def git_commit() -> str:
    """Return the commit of the checkout, with ``-dirty`` when tracked files differ from it.

    Outside a checkout (an installed wheel) the answer is ``unknown``.
    """
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()


def versions(libraries: Iterable[str]) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in libraries}

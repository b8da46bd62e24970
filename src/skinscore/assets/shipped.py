"""Where the shipped files are."""

from importlib.resources import files
from pathlib import Path

_FOLDER = Path(str(files("skinscore.assets")))


def model_path() -> Path:
    """Return the path of the default model file of this release."""
    return _FOLDER / "skinscore.onnx"


def sample_photos() -> tuple[Path, ...]:
    """Return the sample photos of one rendered patient, frontal first. No real person is shown."""
    return tuple(
        _FOLDER / "samples" / f"patient_{view}.jpg" for view in ("frontal", "right", "left")
    )


def sample_questionnaire() -> Path:
    """Return a filled-in questionnaire that fits the sample photos."""
    return _FOLDER / "questionnaire.json"

"""The face models and the portraits, loaded once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skinscore.imaging.face import FaceFinder
from skinscore.imaging.face_models import require
from skinscore.imaging.types import Photo
from skinscore_training.rules import FACE
from tests.skinscore.imaging.faces import photo_of

Portrait = Callable[[str], Photo]


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    """Needs the face models; ``make test`` brings them."""
    return FaceFinder(require(), FACE)


@pytest.fixture(scope="session")
def portraits(shared: Path) -> list[Path]:
    """The synthetic portraits (no real person), large ones first."""
    folder = shared / "photos" / "sfhq"
    return [*sorted(folder.glob("*.jpg")), *sorted(folder.glob("lowres/*.jpg"))]


@pytest.fixture(scope="session")
def portrait(shared: Path) -> Portrait:
    """Load one portrait by its number."""

    def load(number: str) -> Photo:
        with Image.open(shared / "photos" / "sfhq" / f"sfhq_{number}.jpg") as image:
            return photo_of(np.asarray(image.convert("RGB")))

    return load

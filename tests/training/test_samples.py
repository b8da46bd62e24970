"""The sample photos that ship: small, bare of metadata, and exactly what the module renders."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skinscore.assets.shipped import sample_photos
from skinscore_training import samples

MAX_BYTES = 250_000


@pytest.mark.parametrize("path", sample_photos(), ids=lambda path: path.stem)
def test_a_sample_photo_carries_pixels_and_nothing_else(path: Path) -> None:
    data = path.read_bytes()
    with Image.open(BytesIO(data)) as photo:
        assert photo.format == "JPEG"
        assert set(photo.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not photo.getexif()
    assert len(data) <= MAX_BYTES


@pytest.mark.slow
def test_the_shipped_photos_are_what_the_module_renders(tmp_path: Path) -> None:
    """Pixels within the spread that another processor's arithmetic may cause."""
    for path in samples.write(tmp_path):
        shipped = Image.open(samples.folder() / path.name)
        again = np.asarray(Image.open(path), np.int16)
        apart = np.abs(again - np.asarray(shipped, np.int16))
        assert np.quantile(apart, 0.999) <= 8

"""Files that fuzzers made and cameras turned: a photo or a refusal, quickly, and nothing else."""

import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from skinscore.errors import PhotoRefused
from skinscore.imaging.decode import decode
from skinscore_training.rules import DECODE
from tests.pictures import Pixels

SECONDS_PER_FILE = 5.0
TURNS = range(9)  # value 0 is outside EXIF and means: leave it


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and (file := tar.extractfile(member)):
                yield member.name, file.read()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "gif"])
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_malformed_file_gives_a_photo_or_a_refusal(shared: Path, kind: str) -> None:
    outcomes: dict[str, int] = {}
    for name, data in members(shared / "corpora" / "go-fuzz-corpus" / f"{kind}.tar"):
        start = time.perf_counter()
        try:
            decode(data, DECODE)
            outcome = "read"
        except PhotoRefused as refusal:
            outcome = refusal.code
        assert time.perf_counter() - start < SECONDS_PER_FILE, name
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    if kind == "gif":
        assert set(outcomes) == {"unsupported_type", "file_empty"}
    else:
        assert {"read", "truncated", "image_too_small", "file_empty"} <= set(outcomes)


@pytest.fixture(scope="module")
def upright(shared: Path) -> dict[tuple[str, int], Pixels]:
    folder = shared / "corpora" / "exif-orientation"
    return {
        (series, turn): decode((folder / f"{series}_{turn}.jpg").read_bytes(), DECODE).pixels
        for series in ("Landscape", "Portrait")
        for turn in TURNS
    }


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(
    ("series", "shape"), [("Landscape", (1200, 1800, 3)), ("Portrait", (1800, 1200, 3))]
)
def test_a_camera_photo_comes_out_upright_and_unmirrored(
    upright: dict[tuple[str, int], Pixels], series: str, shape: tuple[int, ...], turn: int
) -> None:
    photo = upright[series, turn]
    assert photo.shape == shape
    assert difference(photo, upright[series, 1]) < 2  # grey levels: JPEG loss, a burnt-in digit
    assert difference(photo[:, ::-1], upright[series, 1]) > 30  # so the line above can fail


def difference(one: Pixels, other: Pixels) -> float:
    """Mean absolute difference at 150 x 150 px."""
    small = [
        cv2.resize(np.ascontiguousarray(picture), (150, 150), interpolation=cv2.INTER_AREA)
        for picture in (one, other)
    ]
    return float(cv2.absdiff(*small).mean())

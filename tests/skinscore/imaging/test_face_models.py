import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest

from skinscore.errors import NotReady, RequestRefused
from skinscore.imaging.face_models import (
    FOLDER_VARIABLE,
    WHEEL,
    PinnedFile,
    PinnedWheel,
    folder,
    place_files,
    pull,
    require,
)
from skinscore_training.rules import FACE

CONTENT = {"detector.tflite": b"detector", "mesh.tflite": b"mesh", "LICENSE": b"Apache"}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pins(archive: Path) -> PinnedWheel:
    """The pins of a made-up wheel."""
    data = archive.read_bytes()
    detector, mesh, licence = (
        PinnedFile(name, f"somewhere/{name}", sha256(content)) for name, content in CONTENT.items()
    )
    return PinnedWheel("nothing==0", (), len(data), sha256(data), detector, mesh, licence)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "nothing-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as container:
        container.writestr("somewhere/else.bin", b"not wanted")
        for name, content in CONTENT.items():
            container.writestr(f"somewhere/{name}", content)
    return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "models"
    monkeypatch.setenv(FOLDER_VARIABLE, str(place))
    return place


def no_progress(done: int, total: int) -> None:
    """For calls that must not download."""
    raise AssertionError


def pip_that(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Let ``python -m pip`` run ``script``; ``dest`` is the folder that pip was told."""
    python = tmp_path / "python"
    told = "dest = next(a for a in sys.argv if a.startswith('--dest=')).removeprefix('--dest=')"
    python.write_text(f"#!{sys.executable}\nimport shutil, sys\n{told}\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


def test_the_pins_are_the_ones_that_models_are_trained_with() -> None:
    assert (FACE.detector_sha256, FACE.mesh_sha256) == (WHEEL.detector.sha256, WHEEL.mesh.sha256)


def test_the_named_folder_wins_over_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    cache = folder()
    assert WHEEL.sha256[:12] in cache.name
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert folder() == tmp_path != cache


def test_missing_models_name_the_command_that_brings_them(place: Path) -> None:
    with pytest.raises(NotReady, match="skinscore model pull-face") as refused:
        require()
    assert refused.value.code == "face_models_missing"
    assert str(place) not in str(refused.value)


def test_a_placed_wheel_gives_its_files_and_its_licence_and_nothing_else(
    archive: Path, place: Path
) -> None:
    place_files(archive, pins(archive))
    files = require(pins(archive))
    assert files.detector.read_bytes() == CONTENT["detector.tflite"]
    assert files.mesh.read_bytes() == CONTENT["mesh.tflite"]
    assert {path.name: path.read_bytes() for path in place.iterdir()} == CONTENT


@pytest.mark.parametrize("name", ["detector.tflite", "mesh.tflite"])
def test_one_changed_byte_is_told(archive: Path, place: Path, name: str) -> None:
    place_files(archive, pins(archive))
    (place / name).write_bytes(CONTENT[name][:-1] + b"?")
    with pytest.raises(NotReady) as refused:
        require(pins(archive))
    assert refused.value.code == "face_models_changed"


def test_a_wheel_of_other_bytes_places_nothing(archive: Path, place: Path) -> None:
    expected = pins(archive)
    archive.write_bytes(archive.read_bytes() + b"\0")
    with pytest.raises(NotReady) as refused:
        place_files(archive, expected)
    assert refused.value.code == "download_failed"
    assert not place.exists()


def test_a_pull_downloads_once_and_then_does_nothing(
    archive: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_that(monkeypatch, tmp_path, f"shutil.copy({str(archive)!r}, dest)")
    told: list[tuple[int, int]] = []
    files = pull(lambda done, total: told.append((done, total)), pins(archive))
    size = archive.stat().st_size
    assert told[-1] == (size, size)
    assert all(done <= total == size for done, total in told)
    assert pull(no_progress, pins(archive)) == files == require(pins(archive))


def test_a_pull_mends_a_changed_file(
    archive: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_files(archive, pins(archive))
    (place / "mesh.tflite").write_bytes(b"changed")
    pip_that(monkeypatch, tmp_path, f"shutil.copy({str(archive)!r}, dest)")
    files = pull(lambda done, total: None, pins(archive))
    assert files.mesh.read_bytes() == CONTENT["mesh.tflite"]


@pytest.mark.parametrize(
    ("script", "remedy"),
    [
        ("sys.exit('/bin/python: No module named pip')", "ensurepip"),
        ("sys.exit('ERROR: No matching distribution found for nothing')", "index settings"),
        ("sys.exit('https://user:secret@index.example refused')", "index settings"),
        ("pass", "index settings"),
    ],
    ids=["no pip", "no wheel", "no access", "nothing came"],
)
def test_a_failed_download_says_what_to_do_and_no_address(
    script: str,
    remedy: str,
    archive: Path,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pip_that(monkeypatch, tmp_path, script)
    with pytest.raises(NotReady, match=remedy) as refused:
        pull(lambda done, total: None, pins(archive))
    assert refused.value.code == "download_failed"
    assert FOLDER_VARIABLE in str(refused.value) or remedy == "index settings"
    assert "secret" not in str(refused.value)
    assert not place.exists()


@pytest.mark.skipif(os.name == "nt", reason="a file where a folder should be is told otherwise")
def test_a_folder_that_cannot_be_made_is_told(
    archive: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write_bytes(b"a file")
    monkeypatch.setenv(FOLDER_VARIABLE, str(place / "below"))
    with pytest.raises(RequestRefused) as refused:
        place_files(archive, pins(archive))
    assert refused.value.code == "output_not_writable"

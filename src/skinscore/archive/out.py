"""The output folder: fit to be written before any work, and never half written."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from skinscore.archive.journal import FILE_NAME
from skinscore.errors import InternalFault, RequestRefused

PROBE_BYTES: Final = 4096  # a block of most disks; the journal's first line is shorter


def require_usable(out: Path) -> None:
    """Check that ``out`` is missing, empty or an earlier run's, and may be written; touch nothing.

    Raises:
        RequestRefused: ``output_not_writable``.
    """
    try:
        if out.exists() and not out.is_dir():
            raise _not_writable("OUT is a file")
        if out.is_dir() and any(out.iterdir()) and not (out / FILE_NAME).is_file():
            raise _not_writable("OUT is a folder with other things in it")
        nearest = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    except OSError as problem:  # a folder that may not be read, a name that is too long
        raise _not_writable(f"OUT cannot be looked at ({problem.strerror})") from None
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise _not_writable("the place of OUT cannot be written")


def make(out: Path) -> None:
    """Make the folder and really write in it, for permission bits may lie.

    Raises:
        RequestRefused: ``output_not_writable``.
    """
    probe = out / ".skinscore.draft"
    try:
        out.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(bytes(PROBE_BYTES))  # an empty file fits on a full disk
        finally:
            probe.unlink(missing_ok=True)  # or OUT would be a folder with other things in it
    except OSError as problem:
        raise _not_writable(f"OUT cannot be written ({problem.strerror})") from None


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` make a file, then put it at ``path`` in one step: readers see old or new.

    Raises:
        InternalFault: ``internal`` when the disk refuses; what stood at ``path`` still stands.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        write(draft)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as problem:
        # The text of a library's own error may name the folder; the system's never does.
        why = type(problem).__name__ if problem.errno is None else os.strerror(problem.errno)
        raise InternalFault(
            "internal",
            f"{path.name} cannot be written ({why})",
            "the journal holds every outcome so far",
            "Free some space, then run the same command again.",
        ) from None
    finally:
        draft.unlink(missing_ok=True)  # it holds names, also when a second Ctrl-C came


def _not_writable(found: str) -> RequestRefused:
    return RequestRefused(
        "output_not_writable",
        found,
        "a new or empty folder, or the OUT of the run to resume",
        "Mend that, or give another OUT.",
    )

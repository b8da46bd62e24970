"""Where a command may write: looked at before any work, so that nothing is half done."""

import os
from collections.abc import Iterable
from pathlib import Path

from skinscore.errors import InternalFault, RequestRefused


def require_free(option: str, target: Path, taken: Iterable[Path]) -> None:
    """Refuse a file that cannot be written, or that another argument names too.

    Args:
        option: that names ``target``, as the user wrote it.
        taken: every other file of the command, read or written.

    Raises:
        RequestRefused: ``usage`` or ``output_not_writable``.
    """
    if any(_same(target, other) for other in taken):
        raise RequestRefused(
            "usage",
            f"{option} names a file that another argument names too",
            "a file of its own",
        )
    place = target if target.exists() else target.absolute().parent
    if target.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        raise RequestRefused(
            "output_not_writable",
            f"the place that {option} names cannot be written",
            "a file in an existing folder that may be written",
        )


def write_text(option: str, target: Path, text: str) -> None:
    """Write what :func:`require_free` allowed.

    Raises:
        InternalFault: ``internal``; the disk refuses after all, with the work done.
    """
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise InternalFault(
            "internal",
            f"what {option} asks for could not be written ({problem.strerror})",
            "a disk that takes it",
            "Free some space, then run the same command again.",
        ) from None


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.absolute() == other.absolute()

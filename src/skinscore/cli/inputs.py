"""Documents that a command is given as files."""

import codecs
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from skinscore.errors import RequestRefused

if TYPE_CHECKING:
    from skinscore.domain.document import Document

    DocumentT = TypeVar("DocumentT", bound=Document)

LARGEST_BYTES = 16 * 1024 * 1024  # an assessment with all its outlines stays far below


def read_document(kind: "type[DocumentT]", path: Path, what: str) -> "DocumentT":
    """Return the document in the file.

    Raises:
        RequestRefused: ``document_invalid``; the file cannot be read, is too large, is a list, or
            does not hold a document of this kind.
    """
    text = read_bytes(path, what)
    if text.lstrip()[:1] == b"[":
        raise RequestRefused(
            "document_invalid",
            f"{what} is a list of documents",
            "exactly one document is allowed",
            "Take one entry of the list, or score the views of one visit with --visit.",
        )
    return kind.parse(text)


def read_bytes(path: Path, what: str) -> bytes:
    """Return the file's content, less a byte order mark.

    Raises:
        RequestRefused: ``document_invalid``; it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_BYTES + 1)
    except OSError as problem:
        raise RequestRefused(
            "document_invalid",
            f"{what} cannot be read ({type(problem).__name__})",
            "a JSON file that exists and may be read",
            "Check the path.",
        ) from None
    if len(text) > LARGEST_BYTES:
        raise RequestRefused(
            "document_invalid", f"{what} has more than {LARGEST_BYTES} bytes", "a smaller file"
        )
    return text.removeprefix(codecs.BOM_UTF8)  # some shells write one before redirected output

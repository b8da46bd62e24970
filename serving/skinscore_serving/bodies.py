"""What every request's body must be before anybody reads it: of its kind, and sent to its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect, Request

from skinscore.errors import RequestRefused


def require_kind(request: Request, kind: str) -> None:
    """Refuse a body that does not say that it is of ``kind``.

    Raises:
        RequestRefused: ``bad_request``.
    """
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found != kind:
        raise RequestRefused("bad_request", f"a body of the type {found or 'none'}", kind)


@contextmanager
def sent_whole() -> Iterator[None]:
    """Read a body inside this block.

    Raises:
        RequestRefused: ``bad_request``; the sender hung up before its end.
    """
    try:
        yield
    except ClientDisconnect:
        raise RequestRefused(
            "bad_request", "the sender hung up before the end of the body", "a whole body"
        ) from None

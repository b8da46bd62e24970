"""What every request's body must be before anybody reads it: of its kind, and sent to its end."""

from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Final

from starlette.requests import ClientDisconnect, Request

from skinscore.errors import RequestRefused

# Five times the assessment of three photos. Every wrong value is told apart while a document is
# read, before anything is cut: half a megabyte of `{},{},...` would take gigabytes and seconds.
MOST_VALUES: Final = 10_000


def require_kind(request: Request, *kinds: str) -> None:
    """Refuse a body that does not say that it is of one of ``kinds``; "" is none said.

    Raises:
        RequestRefused: ``bad_request``.
    """
    found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found not in kinds:
        raise RequestRefused("bad_request", f"a body of the type {found or 'none'}", kinds[0])


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


async def read_whole(request: Request, *kinds: str, largest: int) -> bytes:
    """Return the whole body.

    Raises:
        RequestRefused: ``bad_request``; another kind of body, or the sender hung up.
            ``document_invalid``; more than ``largest`` bytes.
    """
    require_kind(request, *kinds)
    body = bytearray()
    with sent_whole():
        async with aclosing(request.stream()) as stream:
            async for part in stream:
                body += part
                if len(body) > largest:
                    raise RequestRefused(
                        "document_invalid",
                        f"a body of more than {largest} bytes",
                        "a smaller one",
                    )
    return bytes(body)


def require_few_values(document: bytes | str) -> None:
    """Refuse a JSON text with more values than any of our documents has, before it is read.

    Raises:
        RequestRefused: ``document_invalid``.
    """
    text = document if isinstance(document, bytes) else document.encode()
    # Each value but the first of a list follows a comma; lists within lists need none.
    if sum(map(text.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise RequestRefused(
            "document_invalid",
            f"a document of more than {MOST_VALUES} values",
            "a document with fewer: none of ours has a fifth of that",
        )

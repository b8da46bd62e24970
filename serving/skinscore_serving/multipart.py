"""The photos of one multipart body: all of them, in memory, or a refusal."""

from contextlib import aclosing
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from skinscore.errors import RequestRefused
from skinscore_serving.bodies import require_kind, sent_whole

FIELD: Final = "photos"


class _Parser(MultiPartParser):
    # Patient photos must not touch the disk: parts stay in memory, the body limit bounds them.
    spool_max_size = 2**31
    ended = False

    def on_end(self) -> None:
        """The last boundary was read; without it the parser drops the part at hand in silence."""
        self.ended = True
        super().on_end()


async def read_photos(request: Request, most: int) -> list[bytes]:
    """Return the files of the field ``photos`` in their order.

    Raises:
        RequestRefused: ``bad_request``; no multipart body, one that is damaged or ends early, or
            other parts than 1 to ``most`` files named ``photos``.
    """
    require_kind(request, "multipart/form-data")
    try:
        with sent_whole():
            async with aclosing(request.stream()) as stream:
                parser = _Parser(request.headers, stream, max_files=most + 1, max_fields=4)
                form = await parser.parse()
    except MultiPartException as problem:
        raise _refused(f"multipart: {problem.message}", "a well-formed multipart body") from None
    try:
        if not parser.ended:
            raise _refused("the body ends before its last boundary", "a whole multipart body")
        parts = form.getlist(FIELD)
        files = [part for part in parts if isinstance(part, UploadFile)]
        others = [key for key in form if key != FIELD]
        if others or len(files) != len(parts) or not 1 <= len(files) <= most:
            raise _refused(
                f"{len(files)} files named {FIELD} and {len(others)} other fields",
                f"1 to {most} files in the multipart field `{FIELD}` and nothing else",
            )
        return [await part.read() for part in files]
    finally:
        await form.close()


def _refused(found: str, allowed: str) -> RequestRefused:
    return RequestRefused("bad_request", found, allowed)

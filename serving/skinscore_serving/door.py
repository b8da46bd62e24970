"""What every request passes before its route: a name of its own, its key, its size; and what is
told of it when it leaves.
"""

import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from skinscore.errors import PhotoRefused, RequestRefused, SkinscoreError
from skinscore_serving import problems
from skinscore_serving.keys import CHALLENGE, Keys
from skinscore_serving.metrics import NO_ROUTE

log = logging.getLogger("skinscore.serve")

# Whoever probes has no key.
PROBES: Final = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})

Next = Callable[[Request], Awaitable[Response]]


def install(app: FastAPI, keys: Keys | None, largest_body: int) -> None:
    """Let nothing into ``app`` by another way.

    Args:
        keys: None lets everybody in.
        largest_body: bytes.
    """
    for sentence in () if keys is None else keys.ending(date.today()):
        log.warning("%s", sentence)
    # Cuts off a chunked body. Added first, so that it lies inside the middleware below, which
    # answers a declared size with our own error body before a byte is read.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=largest_body)

    @app.middleware("http")
    async def pass_through(request: Request, call_next: Next) -> Response:
        begun = time.monotonic()
        state = request.state
        state.request_id, state.code, state.holder = secrets.token_hex(8), "", None
        try:
            _require_key(request, keys)
            _require_size(request, largest_body)
            response = await call_next(request)
        except SkinscoreError as refusal:
            challenge = {"WWW-Authenticate": CHALLENGE} if refusal.http_status == 401 else {}
            response = problems.problem(request, refusal, headers=challenge)
        except Exception as error:
            response = problems.unexpected(request, error)
        response.headers["X-Request-ID"] = state.request_id
        # The template of the route: a path may hold what the caller wrote.
        route = getattr(request.scope.get("route"), "path", NO_ROUTE)
        if state.holder is not None:
            log.info(
                "%s %d by %s request_id=%s",
                *(route, response.status_code, state.holder, state.request_id),
            )
        seconds = time.monotonic() - begun
        app.state.metrics.answered(route, response.status_code, state.code, seconds)
        return response


def _require_key(request: Request, keys: Keys | None) -> None:
    # Not request.url: it is put together from the Host header, which the caller writes.
    if keys is None or request.scope["path"] in PROBES:
        return
    holder = keys.holder(request.headers.get("authorization"), date.today())
    if holder is None:
        raise RequestRefused("unauthenticated", "no valid access key", "a live key")
    request.state.holder = holder


def _require_size(request: Request, largest: int) -> None:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > largest:
        raise PhotoRefused(
            "file_too_large",
            f"the request has {int(declared)} bytes",
            f"at most {largest} are allowed",
        )

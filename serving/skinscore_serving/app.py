"""The application: settings in, an ASGI app out that is ready only after the self-test."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from skinscore import Grader, __version__
from skinscore.domain.document import DISCLAIMER
from skinscore.errors import PhotoRefused, RequestRefused
from skinscore.protocol.overlay import rules_with
from skinscore_serving import metrics, openapi, problems, suggestions
from skinscore_serving.admission import Admission
from skinscore_serving.loading import tell
from skinscore_serving.metrics import Metrics
from skinscore_serving.page import clinic, reference
from skinscore_serving.routes import router
from skinscore_serving.settings import Settings

Next = Callable[[Request], Awaitable[Response]]


def create_app(settings: Settings, load: Callable[[Settings], Grader]) -> FastAPI:
    """Return the service.

    Args:
        settings: see :class:`Settings`.
        load: makes the grader; runs in a thread while ``/health/live`` already answers.

    Raises:
        RequestRefused: ``usage``, ``document_invalid``, ``overlay_loosens``: the clinic's overlay.
            Looser rules than the clinic's own must not answer in their place, so nothing starts.
    """
    limit = settings.max_body_mb * 1024 * 1024

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.admission = Admission(settings.running, settings.waiting)
        app.state.metrics = Metrics(app.state.admission)
        app.state.loading = asyncio.create_task(asyncio.to_thread(load, settings))
        app.state.loading.add_done_callback(partial(tell, metrics=app.state.metrics))
        try:
            yield
        finally:
            app.state.admission.close()

    app = FastAPI(
        title="skinscore",
        version=__version__,
        description=DISCLAIMER,
        lifespan=lifespan,
        docs_url=None,  # ours is in page/reference.py
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.rulebook = rules_with(_overlay(settings))
    problems.register(app)
    app.include_router(router)
    app.include_router(suggestions.router)
    app.include_router(metrics.router)
    app.include_router(clinic.router)
    app.include_router(reference.router)
    openapi.install(app, bodies=(suggestions.SuggestionRequest,))
    # Cuts off a chunked body. Added first, so that it lies inside the middleware below, which
    # answers a declared size with our own error body before a byte is read.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=limit)

    @app.middleware("http")
    async def identify(request: Request, call_next: Next) -> Response:
        begun = time.monotonic()
        request.state.request_id, request.state.code = secrets.token_hex(8), ""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > limit:
            response: Response = problems.problem(
                request,
                PhotoRefused(
                    "file_too_large",
                    f"the request has {int(declared)} bytes",
                    f"at most {limit} are allowed",
                ),
            )
        else:
            try:
                response = await call_next(request)
            except Exception as error:
                response = problems.unexpected(request, error)
        response.headers["X-Request-ID"] = request.state.request_id
        route = getattr(request.scope.get("route"), "path", None)
        app.state.metrics.answered(
            route, response.status_code, request.state.code, time.monotonic() - begun
        )
        return response

    return app


def _overlay(settings: Settings) -> bytes | None:
    if settings.overlay is None:
        return None
    try:
        return settings.overlay.read_bytes()
    except OSError as problem:
        raise RequestRefused(
            "usage",
            f"the file of SKINSCORE_SERVE_OVERLAY cannot be read ({type(problem).__name__})",
            "an overlay file that exists and may be read",
        ) from None

"""The application: settings in, an ASGI app out that is ready only after the self-test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from skinscore import Grader, __version__
from skinscore.domain.document import DISCLAIMER
from skinscore.errors import RequestRefused
from skinscore.protocol.overlay import rules_with
from skinscore_serving import door, metrics, openapi, problems, suggestions
from skinscore_serving.admission import Admission
from skinscore_serving.inference import routes as inference
from skinscore_serving.inference.protocol import InferenceError, InferenceRequest
from skinscore_serving.keys import read_keys
from skinscore_serving.loading import tell
from skinscore_serving.metrics import Metrics
from skinscore_serving.page import clinic, reference
from skinscore_serving.routes import router
from skinscore_serving.settings import Settings


def create_app(settings: Settings, load: Callable[[Settings], Grader]) -> FastAPI:
    """Return the service.

    Args:
        settings: see :class:`Settings`.
        load: makes the grader; runs in a thread while ``/health/live`` already answers.

    Raises:
        RequestRefused: ``usage``, ``document_invalid``, ``overlay_loosens``: the clinic's overlay
            or the keys. Looser rules than the clinic's own must not answer in their place, nor an
            open door in place of a closed one, so nothing starts.
    """

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
        redirect_slashes=False,  # they would lead to whatever host the caller names
    )
    app.state.settings = settings
    app.state.rulebook = rules_with(_overlay(settings))
    keys = None if settings.keys is None else read_keys(settings.keys)
    problems.register(app)
    app.include_router(router)
    app.include_router(suggestions.router)
    app.include_router(inference.router)
    app.include_router(metrics.router)
    app.include_router(clinic.router)
    app.include_router(reference.router)
    bodies = (suggestions.SuggestionRequest, InferenceRequest, InferenceError)
    openapi.install(app, bodies=bodies)
    door.install(app, keys, settings.max_body_mb * 1024 * 1024)
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

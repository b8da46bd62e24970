"""One error body for every refusal and failure: application/problem+json (RFC 9457), a page where a
form was sent, or the inference protocol's own under ``/v2``.
"""

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from skinscore.errors import CODES, InternalFault, RequestRefused, SkinscoreError, place_of
from skinscore_serving.admission import Overloaded
from skinscore_serving.inference.protocol import InferenceError
from skinscore_serving.openapi import MEDIA_TYPE, Problem
from skinscore_serving.page.refused import FORMS, refused

log = logging.getLogger("skinscore.serve")

# Statuses that the framework raises by itself, and the code each one is called by.
_FRAMEWORK_CODES = {404: "not_found", 405: "method_not_allowed", 413: "file_too_large"}


def problem(
    request: Request, error: SkinscoreError, headers: dict[str, str] | None = None
) -> Response:
    """Return the answer for ``error``, in the manner of its path; log and count its code.

    ``Retry-After`` comes with every 503.
    """
    request_id = request.state.request_id
    request.state.code = error.code
    log.info("%s %d request_id=%s", error.code, error.http_status, request_id)
    headers = dict(headers or {})
    if error.http_status == 503:
        seconds = error.retry_after_s if isinstance(error, Overloaded) else 5
        headers["Retry-After"] = str(seconds)
    if request.scope["path"] in FORMS:
        return refused(error, request_id, headers)
    if f"{request.scope['path']}/".startswith("/v2/"):
        told = InferenceError(error=f"{error.code}: {error.found}; {error.allowed}. {error.hint}")
        return JSONResponse(told.model_dump(), error.http_status, headers=headers)
    body = Problem(
        type=f"urn:skinscore:problem:{error.code}",
        title=error.info.title,
        status=error.http_status,
        code=error.code,
        detail=f"{error.found}; {error.allowed}.",
        hint=error.hint,
        request_id=request_id,
    )
    return JSONResponse(
        body.model_dump(), error.http_status, headers=headers, media_type=MEDIA_TYPE
    )


def register(app: FastAPI) -> None:
    """Turn every known exception of ``app`` into a problem; see :func:`unexpected` for others."""

    @app.exception_handler(SkinscoreError)
    async def known(request: Request, error: SkinscoreError) -> Response:
        return problem(request, error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        places = "; ".join(
            f"{'.'.join(map(str, row['loc']))}: {row['msg']}" for row in error.errors()
        )
        return problem(
            request, RequestRefused("bad_request", places, "the parameters of the API reference")
        )

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        code = _FRAMEWORK_CODES.get(error.status_code, "bad_request")
        refusal = RequestRefused(code, CODES[code].title.lower(), "see the API reference at /docs")
        return problem(request, refusal, headers=dict(error.headers or {}))


def unexpected(request: Request, error: Exception) -> Response:
    """Return the answer for an unknown exception, whose text may hold pixels or names.

    Called from the middleware, not registered as a handler: the framework raises again after a
    handler of Exception, and the server would log the text after all.
    """
    log.error("internal: %s request_id=%s", place_of(error), request.state.request_id)
    return problem(request, InternalFault("internal", "an unexpected failure", "none is expected"))

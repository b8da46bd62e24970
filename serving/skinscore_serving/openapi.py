"""The OpenAPI document: what each operation can answer, derived from the table of codes.

The framework would declare a 422 with a body of its own, which this service never sends, and none
of the problems that it does send.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field

from skinscore.errors import CODES

MEDIA_TYPE: Final = "application/problem+json"
_PLACE: Final = "#/components/schemas/{model}"
CODES_KEY: Final = "x-codes"  # of a declared response: every code that may come with its status

# Probes: a declared size is refused before the route is known, and nothing is perfect.
OPEN: Final = ("file_too_large", "internal")
ALWAYS: Final = ("unauthenticated", *OPEN)  # everything else: keys may be asked for
# Whatever ended the loading of the model is told by its own code.
NO_MODEL: Final = tuple(
    code for code, info in CODES.items() if info.http_status == 503 and code != "overloaded"
)


class Problem(BaseModel):
    """Every refusal and failure (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="urn:skinscore:problem: and the code.")
    title: str = Field(description="What the code means.")
    status: int = Field(description="The HTTP status again.")
    code: str = Field(description="Stable and safe to branch on.")
    detail: str = Field(description="What was found, and what is allowed.")
    hint: str = Field(description="What to do.")
    request_id: str | None = Field(description="As in X-Request-ID and in the service's log.")


def problems(
    *codes: str, body: type[BaseModel] = Problem, media_type: str = MEDIA_TYPE
) -> dict[int | str, dict[str, Any]]:
    """Return the declaration of a route's refusals and failures, one response per status.

    Args:
        body: that they have, of ``media_type``.
    """
    content = {media_type: {"schema": reference(body)}}
    statuses = sorted({CODES[code].http_status for code in codes})
    return {
        status: _response(status, [code for code in codes if CODES[code].http_status == status])
        | {"content": content}
        for status in statuses
    }


def reference(model: type[BaseModel]) -> dict[str, str]:
    """Return where :func:`install` puts the schema of a body."""
    return {"$ref": _PLACE.format(model=model.__name__)}


def install(app: FastAPI, bodies: Iterable[type[BaseModel]]) -> None:
    """Make ``app`` answer ``/openapi.json`` without the framework's 422.

    Args:
        bodies: what routes read by themselves, and the framework therefore knows nothing of.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _mended(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                ),
                bodies,
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _response(status: int, codes: Sequence[str]) -> dict[str, Any]:
    headers = {"X-Request-ID": _header("string", "Names this request in the service's log.")}
    if status == 503:
        headers["Retry-After"] = _header("integer", "Seconds to wait.")
    if status == 401:
        headers["WWW-Authenticate"] = _header("string", "How a key is sent.")
    return {
        "description": "; ".join(f"`{code}`: {CODES[code].title}" for code in codes),
        CODES_KEY: list(codes),
        "headers": headers,
    }


def _header(kind: str, meaning: str) -> dict[str, Any]:
    return {"schema": {"type": kind}, "description": meaning}


def _mended(document: dict[str, Any], bodies: Iterable[type[BaseModel]]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    ours: list[type[BaseModel]] = [Problem, *bodies]
    for model in ours:
        schema = model.model_json_schema(ref_template=_PLACE)
        for name, part in schema.pop("$defs", {}).items():
            schemas.setdefault(name, part)
        schemas[model.__name__] = schema
    document["components"]["securitySchemes"] = {
        "program": {"type": "http", "scheme": "bearer", "description": "The key as a token."},
        "browser": {"type": "http", "scheme": "basic", "description": "The key as the password."},
    }
    # The last: a service without keys asks for none.
    document["security"] = [{"program": []}, {"browser": []}, {}]
    for operation in _operations(document):
        if CODES_KEY not in operation["responses"].get("422", {CODES_KEY: []}):
            del operation["responses"]["422"]
    return document


def _operations(document: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()

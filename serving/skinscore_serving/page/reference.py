"""The API reference at ``/docs``, made from the OpenAPI document.

The framework's own pages load a script and an icon from other hosts: they tell a third party who
looks at the service, and stay empty in a clinic without internet. This one loads and runs nothing.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup, escape

from skinscore.errors import CODES
from skinscore_serving.page import frame

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def reference(request: Request) -> HTMLResponse:
    """Answer with the API reference as one page."""
    return frame.page(
        "reference.html.j2",
        "reference.css",
        api=request.app.openapi(),
        most_photos=request.app.state.settings.max_photos,
        most_mb=request.app.state.settings.max_body_mb,
        base=str(request.base_url).rstrip("/"),
        closed=request.app.state.settings.keys is not None,
        kind=kind,
        prose=prose,
        codes=CODES,
    )


# Relative, so that it holds behind a proxy that puts the service under a path of its own.
@router.get("/redoc")
async def to_reference() -> RedirectResponse:
    return RedirectResponse("docs")


def kind(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Return in words what a parameter may be: its values, or its type and limits."""
    if "$ref" in schema:
        return kind(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:  # optional ones are "this or null"; null cannot be written in a query
        some = [part for part in schema["anyOf"] if part.get("type") != "null"]
        return " or ".join(kind(part, schemas) for part in some)
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    words = [str(schema.get("type", "value"))]
    if "minimum" in schema:
        words.append(f"from {schema['minimum']:g}")
    if "maximum" in schema:
        words.append(f"to {schema['maximum']:g}")
    if "maxLength" in schema:
        words.append(f"of at most {schema['maxLength']} characters")
    return " ".join(words)


def prose(text: str) -> Markup:
    """Return a docstring as HTML: what stands in double backquotes becomes code."""
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(text.split("``"))
    )

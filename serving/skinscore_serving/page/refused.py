"""What a browser gets that sent a form which is refused: a page, where a program gets a problem."""

from typing import Final

from fastapi.responses import HTMLResponse

from skinscore.errors import SkinscoreError
from skinscore_serving.page import frame

FORMS: Final = frozenset({"/report", "/suggestion", "/patient-sheet"})  # paths of the page's forms


def refused(error: SkinscoreError, request_id: str, headers: dict[str, str]) -> HTMLResponse:
    """Return the page that says what was found, what is allowed and what to do."""
    return frame.page(
        "refused.html.j2",
        "clinic.css",
        status=error.http_status,
        headers=headers,
        error=error,
        request_id=request_id,
    )

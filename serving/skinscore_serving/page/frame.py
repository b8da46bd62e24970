"""What every page is sent with: nothing is loaded, nothing runs, no other site frames it."""

from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, PackageLoader
from markupsafe import Markup

from skinscore.report import base

_TEMPLATES: Final = base.environment()
_TEMPLATES.loader = ChoiceLoader([PackageLoader("skinscore_serving"), PackageLoader(base.PACKAGE)])


def page(
    template: str,
    sheet: str,
    css: str = "",
    *,
    forms: bool = False,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **content: Any,
) -> HTMLResponse:
    """Return the page of ``template`` as the answer to a browser.

    Args:
        sheet: the template of its own style sheet, laid over the one of every report.
        css: laid over both.
        forms: the page may send forms to this service.
    """
    style = "".join(_TEMPLATES.get_template(name).render() for name in ("report.css", sheet)) + css
    policy = base.policy(style, forms=forms)
    drawn = _TEMPLATES.get_template(template).render(
        css=Markup(style),  # our own files, never input
        policy=policy,
        **content,
    )
    return _sent(drawn, status, f"{policy}; frame-ancestors 'none'", headers or {})


def finished(drawn: str) -> HTMLResponse:
    """Return a page of the library, which names its own policy in itself."""
    return _sent(drawn, 200, "frame-ancestors 'none'", {})


def _sent(drawn: str, status: int, policy: str, headers: dict[str, str]) -> HTMLResponse:
    return HTMLResponse(
        drawn,
        status,
        headers={
            # A header also keeps the page out of foreign frames, which a meta element cannot.
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            # A page may show a patient: neither a cache on the way nor the browser's disk keeps it.
            "Cache-Control": "no-store",
            **headers,
        },
    )

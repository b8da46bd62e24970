"""What every page shares: one self-contained file that loads nothing and runs nothing."""

import base64
import hashlib
from datetime import UTC, date, datetime
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skinscore.domain.concerns import CONCERNS, GRADES
from skinscore.report import wording

PACKAGE: Final = "skinscore.report"


def environment() -> Environment:
    """Return the templates with everything escaped and nothing undefined."""
    made = Environment(
        loader=PackageLoader(PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(CONCERNS=CONCERNS, GRADES=GRADES, words=wording)
    made.filters.update(date=_moment, day=_day, number=_number)
    return made


def render(template: str, templates: Environment, css: str = "", **content: Any) -> str:
    """Return the page of ``template`` with the one style sheet, and ``css`` after it."""
    style = templates.get_template("report.css").render() + css
    return templates.get_template(template).render(
        css=Markup(style),  # our own file, never input
        policy=policy(style),
        **content,
    )


def policy(css: str, *, forms: bool = False) -> str:
    """Return the page's Content-Security-Policy: nothing may be loaded, nothing may run.

    Args:
        forms: it may send forms to where it came from; a file on a disk sends none.
    """
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    target = "self" if forms else "none"
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        f"base-uri 'none'; form-action '{target}'"
    )


def _moment(moment: datetime) -> str:
    """Return a moment as a reader writes it, in UTC, e.g. "14 March 2026, 09:26 UTC"."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def _day(day: date) -> str:
    """Return a day as a reader writes it, e.g. "14 March 2026"."""
    return f"{day.day} {day:%B %Y}"


def _number(value: float, digits: int = 1) -> str:
    """Return a number with at most ``digits`` decimals and a true minus sign."""
    rounded = round(value, digits) + 0.0  # + 0.0: no minus before a zero
    return f"{rounded:g}".replace("-", "\N{MINUS SIGN}")

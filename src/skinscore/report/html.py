"""The page: one self-contained HTML file that needs no server, no network and no script.

Everything it shows is inside it, and its Content-Security-Policy lets the browser load nothing
else: one style sheet named by its hash, and pictures from data URIs. Switching between concerns is
done by style sheet alone. The same examination gives the same bytes.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from skinscore import __version__
from skinscore.domain.assessment import Assessment, QualityNote, ZoneRecord
from skinscore.domain.concerns import CONCERNS, GRADES, Concern
from skinscore.domain.suggestion import Reason, Status, Suggestion, ZoneSuggestion
from skinscore.domain.zones import Side, TreatmentZone
from skinscore.errors import RequestRefused
from skinscore.grading.examination import Examination
from skinscore.grading.overlays import COLOURS, Polygon
from skinscore.report import dial, wording
from skinscore.report.pictures import pictures

_PACKAGE: Final = "skinscore.report"
_Why = tuple[Status, tuple[Reason, ...], tuple[str, ...], tuple[str, ...]]  # see SilentZones


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why something was not graded, and everywhere it applied."""

    title: str
    hint: str
    places: tuple[str, ...]  # "Nose (wrinkles)"


@dataclass(frozen=True, slots=True)
class Range:
    """A range to review, and every treatment zone that it holds for word by word."""

    zone: ZoneSuggestion  # the first of them
    places: str


@dataclass(frozen=True, slots=True)
class SilentZones:
    """Treatment zones without a range that share status, reasons, notes and referrals."""

    status: Status
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]
    referrals: tuple[str, ...]
    places: str


def render_report(examination: Examination, suggestion: Suggestion | None) -> str:
    """Return the report of one examination as a complete HTML document.

    Args:
        examination: the assessment with its decoded photos and maps. Photos are shown cut to the
            face and re-encoded, so that no metadata reaches the page.
        suggestion: the protocol suggestion for this assessment; None leaves the section out.

    Raises:
        RequestRefused: ``document_invalid`` when the suggestion belongs to another assessment.
    """
    assessment = examination.assessment
    if suggestion is not None and suggestion.assessment != assessment.id:
        raise RequestRefused(
            "document_invalid",
            "the suggestion was made from another assessment",
            "a report shows one assessment and the suggestion made from it",
        )
    environment = _environment()
    css = environment.get_template("report.css").render() + _layer_rules()
    return environment.get_template("report.html.j2").render(
        css=Markup(css),  # our own file, never input
        policy=_policy(css),
        assessment=assessment,
        pictures=pictures(examination),
        suggestion=suggestion,
        obstacles=_obstacles(assessment.zones),
        ranges=() if suggestion is None else _ranges(suggestion.zones),
        silent=() if suggestion is None else _silent(suggestion.zones),
        reservations=_reservations(assessment),
        library_version=__version__,
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        CONCERNS=CONCERNS, GRADES=GRADES, words=wording, dial=dial, points=_points
    )
    environment.filters.update(date=_date, number=_number)
    return environment


def _policy(css: str) -> str:
    """Return the page's Content-Security-Policy: nothing may be loaded, nothing may run."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _layer_rules() -> str:
    """Return the rules that colour and switch the concerns, from the overlays' own colours."""
    rules = []
    for concern in CONCERNS:
        red, green, blue = COLOURS[concern]
        rules.append(f".ink-{concern}{{--ink:rgb({red} {green} {blue})}}")
        rules.append(f"#show-{concern}:checked~.photos .layer-{concern}{{display:inline}}")
    return "\n".join(rules) + "\n"


def _obstacles(zones: Sequence[ZoneRecord]) -> tuple[Obstacle, ...]:
    """Return the reasons of everything that was not graded, in the order they first appear."""
    found: dict[str, dict[ZoneRecord, set[Concern]]] = {}
    for record in zones:
        for grade in record.grades:
            for code in grade.codes if not grade.assessable else ():
                found.setdefault(code, {}).setdefault(record, set()).add(grade.concern)
    return tuple(
        Obstacle(
            title=wording.code_title(code),
            hint=wording.code_hint(code),
            places=tuple(
                f"{wording.zone_name(record.zone)} ({wording.concern_list(concerns)})"
                for record, concerns in places.items()
            ),
        )
        for code, places in found.items()
    )


def _ranges(zones: Sequence[ZoneSuggestion]) -> tuple[Range, ...]:
    """Return the zones with a range; zones that differ in nothing but their place share one."""
    anywhere = {"zone": TreatmentZone.FOREHEAD, "side": Side.MIDLINE, "graded_zones": ()}
    groups: dict[str, list[ZoneSuggestion]] = {}
    for zone in zones:
        if zone.status is Status.SUGGESTED:
            groups.setdefault(zone.model_copy(update=anywhere).to_json(), []).append(zone)
    return tuple(
        Range(group[0], wording.treatment_places([(zone.zone, zone.side) for zone in group]))
        for group in groups.values()
    )


def _silent(zones: Sequence[ZoneSuggestion]) -> tuple[SilentZones, ...]:
    """Return the zones without a range, gathered by why, in the order they first appear."""
    groups: dict[_Why, list[tuple[TreatmentZone, Side]]] = {}
    for zone in zones:
        if zone.status is not Status.SUGGESTED:
            why = (zone.status, zone.reasons, zone.notes, zone.referrals)
            groups.setdefault(why, []).append((zone.zone, zone.side))
    return tuple(
        SilentZones(*why, wording.treatment_places(places)) for why, places in groups.items()
    )


def _reservations(assessment: Assessment) -> tuple[QualityNote, ...]:
    """Return the notes that touch a grade: whole photos first, then zones, by photo.

    A zone that one photo turns away and another one shows is no reservation: the other counts.
    """
    chosen = {record.zone: record.photo for record in assessment.zones}
    notes = [
        note
        for note in assessment.quality
        if note.zone is None or chosen.get(note.zone, note.photo) == note.photo
    ]
    return tuple(sorted(notes, key=lambda note: (note.zone is not None, note.photo)))


def _points(polygon: Polygon) -> str:
    """Return a polygon as the ``points`` attribute of SVG."""
    return " ".join(f"{x:g},{y:g}" for x, y in polygon)


def _date(moment: datetime) -> str:
    """Return a moment as a reader writes it, in UTC, e.g. "14 March 2026, 09:26 UTC"."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {utc:%B %Y, %H:%M} UTC"


def _number(value: float, digits: int = 1) -> str:
    """Return a number with at most ``digits`` decimals and a true minus sign."""
    return f"{round(value, digits):g}".replace("-", "\N{MINUS SIGN}")

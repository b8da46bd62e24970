"""The page: one self-contained HTML file that needs no server, no network and no script.

Everything it shows is inside it, and its Content-Security-Policy lets the browser load nothing
else: one style sheet named by its hash, and pictures from data URIs. Switching between concerns is
done by style sheet alone. The same examination gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skinscore import __version__
from skinscore.domain.assessment import Assessment, QualityNote, ZoneRecord
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.suggestion import Suggestion
from skinscore.errors import RequestRefused
from skinscore.grading.examination import Examination
from skinscore.grading.overlays import COLOURS, Polygon
from skinscore.report import dial, wording
from skinscore.report.base import environment, render
from skinscore.report.headline import headlines
from skinscore.report.pictures import pictures
from skinscore.report.promise import model_limits, range_promise
from skinscore.report.ranges import shown


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why something was not graded, and everywhere it applied."""

    title: str
    hint: str
    places: tuple[str, ...]  # "Nose (wrinkles)"


def render_report(examination: Examination, suggestion: Suggestion | None) -> str:
    """Return the report of one examination as a complete HTML document.

    Args:
        examination: the assessment with its decoded photos and maps. Photos are shown cut to the
            face and re-encoded, so that no metadata reaches the page.
        suggestion: the protocol suggestion for this assessment; None leaves the section out.

    Raises:
        RequestRefused: ``document_invalid`` when the suggestion belongs to another assessment.
    """
    content = report_content(examination, suggestion)
    return render("report.html.j2", environment(), css=layer_rules(), **content)


def report_content(examination: Examination, suggestion: Suggestion | None) -> dict[str, Any]:
    """Return what ``report.html.j2``, or a page that extends it, shows.

    Raises:
        RequestRefused: see :func:`render_report`.
    """
    assessment = examination.assessment
    if suggestion is not None and suggestion.assessment != assessment.id:
        raise RequestRefused(
            "document_invalid",
            "the suggestion was made from another assessment",
            "a report shows one assessment and the suggestion made from it",
        )
    return {
        "dial": dial,
        "points": _points,
        "assessment": assessment,
        "headlines": headlines(assessment),
        "range_promise": range_promise(examination.contract),
        "model_limits": model_limits(examination.contract),
        "pictures": pictures(examination),
        "obstacles": _obstacles(assessment.zones),
        "reservations": _reservations(assessment),
        "library_version": __version__,
        **shown(suggestion),
    }


def layer_rules() -> str:
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

"""The evaluation as one HTML page that needs no other file: figures, plots, int8, CLEAR Derm."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from skinscore.contract.contract import Contract
from skinscore.domain.concerns import CONCERNS
from skinscore_training.clear_derm import Answer
from skinscore_training.figures import Measured
from skinscore_training.int8 import Verdict

LEAST: Final = 5  # people in a tone whose figure may set the largest gap
_GAPS: Final = ("quadratic_weighted_kappa", "mean_absolute_error", "coverage", "bias")
_MEANINGS: Final = {
    "confusion": ("Confusion", "Rows are true grades, columns grades found; counts."),
    "reliability": (
        "Reliability",
        "On the line, a probability means what it says. Ten bins of equal mass, all thresholds.",
    ),
    "risk_coverage": (
        "Risk and coverage",
        "Error of the grades that are kept when the least sure are left out.",
    ),
    "bland_altman": (
        "Bland-Altman",
        "Two views of the same skin: mean difference and the limits that hold 95 % of them.",
    ),
    "tone": ("Error by tone", "Mean absolute error with its interval."),
    "worst": (
        "Worst errors",
        "Largest errors, one per person; the zone is outlined, the severity map lies over it.",
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, a cell per concern."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one tone or zone kind."""

    name: str
    people: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    title: str
    meaning: str
    data: str  # base64 of a PNG


def render(
    contract: Contract,
    digest: str,
    dataset: str,
    measured: Sequence[Measured],
    files: Iterable[Path],
    verdicts: Sequence[Verdict],
    clear_derm: Sequence[Answer],
) -> str:
    """Return the page.

    Args:
        dataset: what everything was measured on, e.g. "rendered skin, test split".
        files: of the plots; PNG files with a meaning above are shown, others are left out.
    """
    environment = Environment(
        loader=PackageLoader("skinscore_training"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
    )
    overall = [figure for figure in measured if figure.by == "all"]
    return environment.get_template("evaluation.html").render(
        title=f"{contract.identity.name} {contract.identity.version}",
        digest=digest,
        dataset=dataset,
        people=max(figure.people for figure in overall),
        disclaimer=contract.intended_use.disclaimer,
        concerns=[concern.replace("_", " ") for concern in CONCERNS],
        overall=rows_of(overall),
        tones=_groups(measured, "tone"),
        zones=_groups(measured, "zone_kind"),
        gaps=gaps(measured),
        least=LEAST,
        pictures=[
            _picture(path) for path in files if path.suffix == ".png" and path.stem in _MEANINGS
        ],
        int8=verdicts,
        clear_derm=clear_derm,
    )


def rows_of(measured: Sequence[Measured]) -> tuple[Row, ...]:
    """Return one row per metric."""
    found = {(figure.metric, figure.concern): figure for figure in measured}
    names = dict.fromkeys(figure.metric for figure in measured)
    return tuple(
        Row(
            name.replace("_", " "),
            tuple(_cell(found.get((name, concern))) for concern in CONCERNS),
        )
        for name in names
    )


def gaps(measured: Sequence[Measured]) -> tuple[Row, ...]:
    """Return the largest difference between two tones of at least ``LEAST`` people."""
    rows = []
    for name in _GAPS:
        cells = []
        for concern in CONCERNS:
            values = [
                figure.value
                for figure in measured
                if figure.by == "tone"
                and (figure.metric, figure.concern) == (name, concern)
                and figure.people >= LEAST
                and figure.defined
            ]
            cells.append(f"{max(values) - min(values):.3f}" if len(values) > 1 else "-")
        rows.append(Row(name.replace("_", " "), tuple(cells)))
    return tuple(rows)


def _groups(measured: Sequence[Measured], by: str) -> list[Group]:
    mine = [figure for figure in measured if figure.by == by]
    groups = []
    for name in dict.fromkeys(figure.group for figure in mine):
        rows = [figure for figure in mine if figure.group == name]
        groups.append(Group(name, max(figure.people for figure in rows), rows_of(rows)))
    return groups


def _cell(figure: Measured | None) -> str:
    if figure is None or not figure.defined:
        return "not defined"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def _picture(path: Path) -> _Picture:
    title, meaning = _MEANINGS[path.stem]
    return _Picture(title, meaning, base64.b64encode(path.read_bytes()).decode())

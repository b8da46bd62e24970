"""The dial of a grade: five cells of a half ring, as SVG paths, grade 0 on the left."""

from math import cos, pi, sin
from typing import Final

from skinscore.domain.concerns import GRADES

WIDTH: Final = 200  # of the view box, px
HEIGHT: Final = 112
_CENTRE: Final = (100.0, 100.0)
_OUTER: Final = 92.0
_INNER: Final = 58.0
_GAP: Final = 0.018  # rad, on each side of a cell


def cell_path(grade: int) -> str:
    """Return the path of one grade's cell."""
    start, end = _edge(grade) + _GAP, _edge(grade + 1) - _GAP
    (x0, y0), (x1, y1) = _point(_OUTER, start), _point(_OUTER, end)
    (x2, y2), (x3, y3) = _point(_INNER, end), _point(_INNER, start)
    return (
        f"M{x0} {y0}A{_OUTER} {_OUTER} 0 0 1 {x1} {y1}L{x2} {y2}A{_INNER} {_INNER} 0 0 0 {x3} {y3}Z"
    )


def cell_centre(grade: int) -> tuple[float, float]:
    """Return where the number of one grade's cell stands."""
    return _point((_OUTER + _INNER) / 2, (_edge(grade) + _edge(grade + 1)) / 2)


def _edge(grade: int) -> float:
    return pi * grade / len(GRADES)


def _point(radius: float, angle: float) -> tuple[float, float]:
    return (
        round(_CENTRE[0] - radius * cos(angle), 2),
        round(_CENTRE[1] - radius * sin(angle), 2),
    )

"""Brown marks as melanosome excess (% of the epidermis): freckles, lentigines, melasma, PIH.

Sizes and borders after methods c.7. The excess is absolute, so that the same lesion has the same
optical density on every tone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from skinscore_training.skin.sheet import Discs, Map, Sheet, blur, lay_discs, sample, smooth_noise

KINDS: Final = ("freckles", "lentigines", "melasma", "post_inflammatory")


@dataclass(frozen=True, slots=True)
class _Marks:
    """Ranges of round marks of one kind."""

    radius_mm: tuple[float, float]
    edge_mm: tuple[float, float]
    ragged: float
    excess: tuple[float, float]  # % melanosomes above the skin around


_MARKS: Final = {
    "freckles": _Marks((0.5, 1.7), (0.5, 1.1), 0.12, (1.0, 5.0)),
    "lentigines": _Marks((1.5, 7.0), (0.5, 1.2), 0.16, (2.0, 9.0)),
    "post_inflammatory": _Marks((1.0, 4.5), (1.0, 2.5), 0.08, (1.5, 8.0)),
}
_MELASMA_EXCESS: Final = (1.0, 6.0)


def draw_pigment(
    rng: np.random.Generator, sheet: Sheet, region: Map, kind: str, mean_excess: float
) -> Map:
    """Return the (H,W) excess of one kind of lesion whose mean comes near ``mean_excess`` (%).

    Marks are drawn where they touch ``region`` (H,W; 0..1) only.

    Severe pigment is drawn as more area first and as darker second, as scales read it.
    """
    if kind == "melasma":
        return _melasma(rng, sheet, mean_excess)
    marks = _MARKS[kind]
    excess = _excess(rng, marks.excess, mean_excess)
    share = min(mean_excess / (0.7 * excess), 0.8)  # 0.7: the mean of the marks' own strengths
    return _round_marks(rng, sheet, region, marks, excess, share)


def _excess(rng: np.random.Generator, limits: tuple[float, float], mean_excess: float) -> float:
    low, high = np.log(limits)
    lift = np.clip(mean_excess / 4, 0, 1)
    return float(np.exp(low + (high - low) * rng.beta(1.2 + 2 * lift, 2)))


def _round_marks(
    rng: np.random.Generator, sheet: Sheet, region: Map, marks: _Marks, excess: float, share: float
) -> Map:
    mean_radius = marks.radius_mm[0] + 0.29 * (marks.radius_mm[1] - marks.radius_mm[0])
    area = sheet.height * sheet.width * sheet.mm_per_px**2
    number = -np.log(1 - share) * area / (1.3 * np.pi * mean_radius**2)  # overlaps allowed for
    count = max(1, min(int(rng.poisson(number)), 1500))
    patchy = smooth_noise(rng, sheet, 40.0)
    xy = rng.uniform((0, 0), (sheet.width, sheet.height), (2 * count, 2))
    density = patchy[xy[:, 1].astype(int), xy[:, 0].astype(int)]
    xy = xy[np.argsort(-density - rng.normal(0, 0.8, 2 * count), kind="stable")[:count]]
    xy = xy[sample(blur(region, marks.radius_mm[1] / sheet.mm_per_px) > 0.02, xy)]
    count = len(xy)
    low, high = marks.radius_mm
    discs = Discs(
        x=xy[:, 0],
        y=xy[:, 1],
        radius_mm=low + (high - low) * rng.beta(1.2, 3.0, count),
        edge_mm=rng.uniform(*marks.edge_mm, count),
        aspect=rng.uniform(1.0, 1.8, count),
        angle=rng.uniform(0, np.pi, count),
        ragged=np.full(count, marks.ragged),
        phase=rng.uniform(0, 2 * np.pi, count),
        value=rng.uniform(0.4, 1.0, count),
    )
    laid = lay_discs(sheet, discs)
    # Overlapping marks do not add up without end; inside a mark the pigment is uneven.
    uneven = 1 + np.float32(0.15) * smooth_noise(rng, sheet, 2.5)
    out: Map = np.float32(excess) * np.tanh(laid * uneven)
    return out


def _melasma(rng: np.random.Generator, sheet: Sheet, mean_excess: float) -> Map:
    excess = _excess(rng, _MELASMA_EXCESS, mean_excess)
    field = smooth_noise(rng, sheet, rng.uniform(25, 70), 0.45)
    share = np.clip(mean_excess / (0.8 * excess), 0.05, 0.9)
    cut = np.quantile(field, 1 - share)
    border = rng.uniform(0.2, 0.7)
    cover = np.clip((field - cut) / border + 0.5, 0, 1).astype(np.float32)
    net = np.clip(0.8 + 0.2 * smooth_noise(rng, sheet, rng.uniform(3, 8), 0.7), 0.2, 1.4)
    out: Map = (excess * blur(cover, 1.5 / sheet.mm_per_px) * net).astype(np.float32)
    return out


def scaled_to(mean_excess: float, target: float, factor: tuple[float, float]) -> float:
    """Return the factor that brings ``mean_excess`` to ``target``, within the plausible range."""
    if mean_excess <= 0:
        return 0.0
    return float(np.clip(target / mean_excess, *factor))

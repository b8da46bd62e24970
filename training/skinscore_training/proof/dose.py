"""Figure 3: each condition swept alone from none to severe on the same skin.

Dose and score are compared on the mean curve over skins: one skin's curve also holds the luck of
where its lines and scars fell. Light, camera, tone, texture and distractors of a skin stay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.imaging.rules import GateLimits, Geometry
from skinscore_training.progress import track
from skinscore_training.proof.answers import CropReader
from skinscore_training.proof.findings import Finding, Part, Table, Target, at_least, at_most, found
from skinscore_training.proof.intervals import Floats, Index, over_subjects, spearman
from skinscore_training.proof.skins import (
    clear,
    gradable_view,
    mean_over_zones,
    plan_of,
    read,
    shoot_each,
    tone_of,
)
from skinscore_training.skin.conditions import Wanted
from skinscore_training.skin.subject import make_subject

DOSES: Final = tuple(float(dose) for dose in np.arange(0, 4.01, 0.25))
# Methods f.4: rank correlation of the curve, and the largest fall on the way up.
CURVE_SPEARMAN: Final = at_least(0.98)
REVERSAL: Final = at_most(0.1)
CROSS_TALK: Final = at_most(0.15)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Curves of P skins under D doses: (P, 3 swept, D, 3 read), mean over a crop's zones."""

    doses: tuple[float, ...]
    scores: NDArray[np.float64]  # found
    truth: NDArray[np.float64]  # measured on the skin


def sweep(
    reader: CropReader,
    geometry: Geometry,
    limits: GateLimits,
    skins: int,
    seed: int,
    doses: tuple[float, ...] = DOSES,
) -> Sweep:
    """Render and read every curve; skins without a gradable zone are left out."""
    scores, truth = [], []
    for number in track(range(skins), skins, "dose response"):
        found_here, true_here = zip(
            *(_curve(reader, geometry, limits, number, place, seed, doses) for place in range(3)),
            strict=True,
        )
        scores.append(np.stack(found_here))
        truth.append(np.stack(true_here))
    every, true = np.stack(scores), np.stack(truth)
    gradable = ~np.isnan(every).any(axis=(1, 2, 3))
    return Sweep(doses, every[gradable], true[gradable])


def measure(curves: Sweep, seed: int) -> Part:
    """Judge monotony, slope and cross-talk of the mean curves."""
    doses = np.array(curves.doses)

    def ordered(curve: Floats) -> float:
        return spearman(doses, curve)

    findings = []
    for place, concern in enumerate(CONCERNS):
        own = curves.scores[:, place, :, place]
        findings += [
            _of_curve("curve_spearman", ordered, own, concern, seed, CURVE_SPEARMAN),
            _of_curve("largest_reversal", largest_reversal, own, concern, seed, REVERSAL),
            _of_curve("rising_steps", rising_share, own, concern, seed),
            _slope(curves, place, seed),
        ]
    findings += [
        _cross_talk(curves, swept, other, seed)
        for swept in range(3)
        for other in range(3)
        if swept != other
    ]
    return Part(
        name="dose",
        title="Dose response and cross-talk (rendered skin)",
        method=(
            f"Each condition alone from 0 to 4 in {len(curves.doses)} doses on the same rendered "
            "skin: same tone, texture, distractors, light, camera and sensor noise; every crop of "
            "the geometry in turn, in photos of so many px per mm that every concern is graded "
            "(pigmentation would be on coarser ones). Judged on the mean curve over skins. Slope: "
            "grades found per grade measured on the skin. Cross-talk: the largest shift of the "
            "mean curve of another concern away from dose 0, over all doses; chance makes it "
            "larger, never smaller."
        ),
        findings=tuple(findings),
        tables=(_curves(curves), _ends(curves)),
    )


def rising_share(curve: Floats) -> float:
    """Return the share of steps of a curve (D,) that do not fall."""
    return float((np.diff(curve) >= 0).mean())


def largest_reversal(curve: Floats) -> float:
    """Return how far a curve (D,) falls below what it had reached, >= 0."""
    return float((np.maximum.accumulate(curve) - curve).max())


def _curve(
    reader: CropReader,
    geometry: Geometry,
    limits: GateLimits,
    number: int,
    swept: int,
    seed: int,
    doses: tuple[float, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scores and truth (D, 3) of one skin with concern number ``swept`` rising."""
    plan, bare = plan_of(number, geometry), clear(geometry, tone_of(seed, number))
    made = []
    for dose in doses:
        scores = bare.scores.copy()
        scores[:, swept] = dose
        wanted = Wanted(bare.ita_deg, scores, distracted=False)
        made.append(make_subject(seed, number, plan, geometry, wanted))
    view = gradable_view(seed, number, made[0], limits)
    parts = shoot_each(made, [view] * len(made), number, geometry, seed)
    truth = np.stack([subject.score for subject in made])
    return mean_over_zones(read(reader, parts)), mean_over_zones(truth)


def _of_curve(
    name: str,
    of_curve: Callable[[Floats], float],
    own: NDArray[np.float64],
    concern: Concern,
    seed: int,
    target: Target | None = None,
) -> Finding:
    """Judge the mean curve (D,) of skins' own curves (P, D)."""

    def statistic(drawn: Index) -> float:
        return of_curve(own[drawn].mean(axis=0))

    return found(
        name,
        of_curve(own.mean(axis=0)),
        over_subjects(statistic, len(own), seed),
        n=len(own),
        subjects="skins",
        concern=concern,
        target=target,
    )


def _slope(curves: Sweep, place: int, seed: int) -> Finding:
    """Least squares of the mean curve on the mean truth."""

    def statistic(drawn: Index) -> float:
        found_curve = curves.scores[drawn, place, :, place].mean(axis=0)
        true_curve = curves.truth[drawn, place, :, place].mean(axis=0)
        return float(np.polyfit(true_curve, found_curve, 1)[0])

    count = len(curves.scores)
    return found(
        "slope",
        statistic(np.arange(count)),
        over_subjects(statistic, count, seed),
        n=count,
        subjects="skins",
        concern=CONCERNS[place],
    )


def _cross_talk(curves: Sweep, swept: int, other: int, seed: int) -> Finding:
    shift = curves.scores[:, swept, :, other] - curves.scores[:, swept, :1, other]

    def statistic(drawn: Index) -> float:
        return float(np.abs(shift[drawn].mean(axis=0)).max())

    count = len(shift)
    return found(
        "cross_talk",
        statistic(np.arange(count)),
        over_subjects(statistic, count, seed),
        n=count,
        subjects="skins",
        concern=CONCERNS[other],
        group=f"{CONCERNS[swept]} swept",
        target=CROSS_TALK,
    )


def _curves(curves: Sweep) -> Table:
    whole = [place for place, dose in enumerate(curves.doses) if dose.is_integer()]
    rows = []
    for place, concern in enumerate(CONCERNS):
        own = curves.scores[:, place, :, place].mean(axis=0)
        rows.append((concern.value, *(f"{own[dose]:.2f}" for dose in whole)))
    return Table(
        caption="Mean score found by dose of the same concern",
        header=("concern", *(f"{curves.doses[dose]:g}" for dose in whole)),
        rows=tuple(rows),
    )


def _ends(curves: Sweep) -> Table:
    shift = (curves.scores[:, :, -1] - curves.scores[:, :, 0]).mean(axis=0)
    rows = tuple(
        (f"{concern} swept", *(f"{value:+.2f}" for value in shift[place]))
        for place, concern in enumerate(CONCERNS)
    )
    return Table(
        caption="Mean shift of each score from dose 0 to dose 4", header=("", *CONCERNS), rows=rows
    )

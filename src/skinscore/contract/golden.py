"""The golden self-test: inputs made by formula, answers stored in the contract.

Formulas need no pictures beside the file and are the same on every machine: integer arithmetic
only. A machine whose runtime computes other grades refuses to load the model instead of grading
slightly wrong.
"""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from skinscore.contract.contract import GoldenCase
from skinscore.domain.concerns import CONCERNS
from skinscore.errors import InternalFault, NotReady
from skinscore.imaging.rules import Geometry

Formula = Literal["bands", "ramp", "checks"]
FORMULAS: Final[tuple[Formula, ...]] = ("bands", "ramp", "checks")

Crops = NDArray[np.uint8]  # (N, S, S, 3)
Masks = NDArray[np.uint8]  # (N, K, S, S), 0 or 255
Answers = tuple[NDArray[np.float32], NDArray[np.float32]]  # (N, K, 3, 5), (N, 3, h, w)
Run = Callable[[Crops, Masks], Answers]


def make_inputs(formula: Formula, geometry: Geometry) -> tuple[Crops, Masks]:
    """Return one crop and its masks, (1, S, S, 3) and (1, K, S, S) uint8.

    ``bands`` are skin-like colour stripes, ``ramp`` a diagonal gradient, ``checks`` squares with
    fine lines: together they move colour, shading and detail paths of the network.
    """
    side = geometry.side_px
    y, x = np.mgrid[0:side, 0:side].astype(np.int64)
    if formula == "bands":
        stripe = (y * 5 // side)[..., None]
        pixels = np.array([226, 182, 158]) - stripe * np.array([34, 31, 28]) + (x % 7)[..., None]
    elif formula == "ramp":
        light = (x + y) * 160 // (2 * side)
        pixels = np.stack([60 + light, 40 + light * 9 // 10, 30 + light * 8 // 10], axis=-1)
    else:
        square = ((x * 8 // side + y * 8 // side) % 2)[..., None]
        line = ((x - y) % 13 < 2)[..., None]
        pixels = np.array([190, 140, 115]) - 40 * square - 30 * line
    slots = geometry.slots
    band = (y * slots) // side  # slot k sees the k-th horizontal band
    masks = np.stack([(band == slot) * 255 for slot in range(slots)])
    return pixels.clip(0, 255).astype(np.uint8)[None], masks.astype(np.uint8)[None]


def golden_case(run: Run, formula: Formula, geometry: Geometry) -> GoldenCase:
    """Return what ``run`` answers to ``formula``, rounded to seven digits for the contract."""
    probabilities, severity_map = run(*make_inputs(formula, geometry))
    means = severity_map[0].astype(np.float64).mean(axis=(1, 2))
    return GoldenCase(
        formula=formula,
        probabilities=tuple(round(float(p), 7) for p in probabilities[0].ravel()),
        severity_mean=tuple(round(float(m), 7) for m in means),  # type: ignore[arg-type]
    )


def self_test(
    run: Run, cases: tuple[GoldenCase, ...], tolerance: float, geometry: Geometry
) -> float:
    """Return the largest deviation from the stored answers.

    Raises:
        NotReady: ``self_test_failed`` when a case cannot be run, deviates by more than
            ``tolerance``, is not finite, or has another number of answers.
    """
    if not cases:
        raise NotReady("self_test_failed", "no golden case", "a contract holds at least one")
    worst = 0.0
    for case in cases:
        try:
            probabilities, severity_map = run(*make_inputs(case.formula, geometry))
        except InternalFault as fault:  # the file's, as long as nothing was graded with it
            raise NotReady(
                "self_test_failed", f"case {case.formula}: {fault.found}", fault.allowed
            ) from fault
        means = severity_map[0].astype(np.float64).mean(axis=(1, 2))
        found = np.concatenate([probabilities[0].ravel().astype(np.float64), means])
        promised = np.array(case.probabilities + case.severity_mean)
        if found.shape != promised.shape or len(means) != len(CONCERNS):
            raise NotReady(
                "self_test_failed",
                f"case {case.formula} answers {found.size} values",
                f"the contract promises {promised.size}",
            )
        deviation = float(np.abs(found - promised).max())
        if not deviation <= tolerance:  # also true for NaN
            raise NotReady(
                "self_test_failed",
                f"case {case.formula} deviates by {deviation:.3g}",
                f"at most {tolerance:.3g} is allowed",
            )
        worst = max(worst, deviation)
    return worst

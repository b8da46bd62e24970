"""From what was laid on the skin to grades: the one table of thresholds, with their reading.

All indices are measured inside a zone's mask, on the ground truth (line geometry, scar list,
melanin map). Light, camera and blood play no part, and a grade means the same contrast on every
tone.

``score`` is piecewise linear in the index and passes 0.5, 1.5, 2.5, 3.5 where the grade changes.

===== ==================== ============================== ===================================
grade acne scarring        wrinkles (at rest)             pigmentation (melanin only)
===== ==================== ============================== ===================================
0     none                 none (Merz 0, Lemperle 0)      clear (IGA 0)
1     a trace: isolated,   just perceptible to shallow    almost clear: few, faint or small
      shallow, seen close  (Merz 1, Lemperle 1-2)         (IGA 1)
2     mild atrophy, may    shallow to moderately deep     mild: slightly darker, or under a
      not show at 50 cm    (Merz 2, Lemperle 3)           tenth of the zone (MSS 1, IGA 2)
      (Goodman-Baron 2)
3     obvious at 50 cm     deep, well-defined edges       moderate: moderately darker, about
      (Goodman-Baron 3)    (Merz 3, Lemperle 4)           a third of the zone (MSS 2, IGA 3)
4     deep and many        very deep, redundant folds     severe: markedly darker, half of the
      (Goodman-Baron 4;    (Merz 4, Lemperle 5)           zone or more (MSS 3, IGA 4)
      stretching cannot
      be seen in a photo)
===== ==================== ============================== ===================================

Flat marks never count as scarring here (Goodman-Baron 1 is a problem of colour): brown ones count
as pigmentation, red ones not at all, so that active or healing acne moves no grade. All cut-points
are starting points of this project, not validated against graders.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import ZoneKind

Floats = NDArray[np.float64]

SCORES: Final = (0.0, 0.5, 1.5, 2.5, 3.5, 4.0)

# Index where the score passes SCORES.
#   scar index: scars per cm^2, each by its type's weight and by how much of it shows; over a cheek
#   of 16 cm^2 the cuts are about 1, 4, 10 and 21 boxcar scars (ECCA and Goodman-Baron count: few,
#   up to ten or twenty, more)
SCAR_KNOTS: Final = (0.0, 0.06, 0.25, 0.6, 1.3, 2.5)
#   pigment index: mean melanosome excess over the zone, % of volume as on light skin (area share x
#   darkness); darker skin needs more for the same contrast, see tissue.contrast_dilution
PIGMENT_KNOTS: Final = (0.0, 0.06, 0.25, 0.75, 1.8, 4.0)
#   wrinkle depth, mm, by zone kind: what a photo of 2.5 px/mm shows as such (docs/decisions/0026)
_FINE: Final = (0.0, 0.08, 0.18, 0.32, 0.55, 0.9)
WRINKLE_KNOTS: Final[Mapping[ZoneKind, tuple[float, ...]]] = {
    ZoneKind.FOREHEAD: (0.0, 0.10, 0.22, 0.42, 0.75, 1.2),
    ZoneKind.GLABELLA: (0.0, 0.12, 0.28, 0.55, 0.95, 1.6),
    ZoneKind.TEMPLE: _FINE,
    ZoneKind.CROWS_FEET: _FINE,
    ZoneKind.UNDER_EYE: (0.0, 0.07, 0.15, 0.26, 0.42, 0.65),
    ZoneKind.NOSE: (0.0, 0.10, 0.22, 0.38, 0.60, 0.9),
    ZoneKind.CHEEK: _FINE,
    ZoneKind.NASOLABIAL: (0.0, 0.20, 0.50, 1.0, 1.8, 3.0),
    ZoneKind.LOWER_CHEEK: _FINE,
    ZoneKind.MARIONETTE: (0.0, 0.15, 0.40, 0.80, 1.4, 2.5),
    ZoneKind.UPPER_LIP: (0.0, 0.07, 0.16, 0.28, 0.45, 0.75),
    ZoneKind.CHIN: (0.0, 0.15, 0.35, 0.70, 1.2, 2.0),
}
#   length of line, mm per cm^2 of zone, that counts as one full set of lines
LINE_DENSITY: Final[Mapping[ZoneKind, float]] = {
    ZoneKind.FOREHEAD: 6.0,
    ZoneKind.GLABELLA: 7.0,
    ZoneKind.TEMPLE: 6.0,
    ZoneKind.CROWS_FEET: 16.0,
    ZoneKind.UNDER_EYE: 16.0,
    ZoneKind.NOSE: 3.0,
    ZoneKind.CHEEK: 6.0,
    ZoneKind.NASOLABIAL: 9.0,
    ZoneKind.LOWER_CHEEK: 6.0,
    ZoneKind.MARIONETTE: 6.0,
    ZoneKind.UPPER_LIP: 12.0,
    ZoneKind.CHIN: 3.0,
}
WORST_LENGTH_MM: Final = 10.0  # the line that clinicians look at first
MIN_AREA_MM2: Final = 600.0  # in a small zone one scar is not half of it
# Ice pick, boxcar, rolling: the ECCA weights 15, 20, 25, with a boxcar scar as the unit.
SCAR_WEIGHTS: Final = (0.75, 1.0, 1.25)
# Walls as steep as this (rise over run, as a photo shows them) stand about 10 L* off the skin and
# count fully; flatter ones in proportion.
VISIBLE_SLOPE: Final = 0.25


def scar_score(kind: NDArray[np.int64], slope: Floats, zone_mm2: float) -> float:
    """Score 0..4 of the scars (n,) inside a zone, by number, type and how much of them shows."""
    index = float(scars_counted(kind, slope).sum()) / scar_area_cm2(zone_mm2)
    return float(np.interp(index, SCAR_KNOTS, SCORES))


def scars_counted(kind: NDArray[np.int64], slope: Floats) -> Floats:
    """What each scar (n,) counts: its type's weight times how much it stands out by shading.

    Args:
        kind: 0 ice pick, 1 boxcar, 2 rolling.
        slope: of their steepest walls, rise over run, as a photo shows them.
    """
    return np.array(SCAR_WEIGHTS)[kind] * np.minimum(slope / VISIBLE_SLOPE, 1.0)


def scar_area_cm2(zone_mm2: float) -> float:
    """The area, cm^2, that a zone's scars are counted against."""
    return max(zone_mm2, MIN_AREA_MM2) / 100


def pigment_score(mean_excess: float) -> float:
    """Score 0..4 of the mean melanosome excess (%) over a zone."""
    return float(np.interp(mean_excess, PIGMENT_KNOTS, SCORES))


def wrinkle_score(zone: ZoneKind, length_mm: Floats, depth_mm: Floats, zone_mm2: float) -> float:
    """Score 0..4 of the line pieces (n,) inside a zone: 0.7 worst line, 0.3 all of them."""
    if not length_mm.size:
        return 0.0
    order = np.argsort(-depth_mm, kind="stable")
    before = np.cumsum(length_mm[order]) - length_mm[order]
    counted = np.clip(WORST_LENGTH_MM - before, 0, length_mm[order])
    worst = float((counted * depth_mm[order]).sum() / WORST_LENGTH_MM)
    spread = float((length_mm * depth_mm).sum() / (zone_mm2 / 100 * LINE_DENSITY[zone]))
    knots = WRINKLE_KNOTS[zone]
    return float(0.7 * np.interp(worst, knots, SCORES) + 0.3 * np.interp(spread, knots, SCORES))


def grade_of(score: float) -> int:
    """Grade 0..4 of a score; the cuts belong to the upper grade."""
    return int(np.floor(score + 0.5))

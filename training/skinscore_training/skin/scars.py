"""Atrophic acne scars by type (Jacob 2001): ice pick, boxcar, rolling; sizes in methods c.6."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin import labels
from skinscore_training.skin.sheet import (
    Discs,
    Floats,
    Map,
    Sheet,
    as_map,
    lay_discs,
    sample,
    splat,
)

ICE_PICK, BOXCAR, ROLLING = 0, 1, 2
_RADIUS_MM: Final = ((0.4, 1.0), (0.8, 2.2), (2.5, 6.0))
_DEPTH_MM: Final = ((0.4, 1.2), (0.2, 0.6), (0.4, 1.5))  # before scaling to the wanted index
_DEEPEST_MM: Final = np.array((1.6, 0.9, 1.8))
_MOST: Final = 120  # scars of one zone
# Width of a Gaussian pit over its radius: a V-shaped pit keeps a third of the cylinder's volume.
_SIGMA: Final = np.array((0.45, np.nan, 0.5))
_EDGE_MM: Final = 0.35  # of a boxcar scar's wall
_EDGE_SIGMA_MM: Final = 0.1  # of the Gaussian whose integral has about that edge
# Lens, sensor and light under the skin in a photo of 2.5 px/mm: blurred by this, slopes tell how
# far a scar stands off the skin, 33 to 47 L* per unit, by type in the median (decision 0029).
_BLUR_MM: Final = 0.45
FULL_DENSITY: Final = 0.2  # counted scars per mm^2 where the map is 1; one boxcar scar alone is 0.6
_SMALLEST_MARK_MM: Final = 1.0  # sigma; a px of the map is 1.6 mm wide


@dataclass(frozen=True, slots=True)
class Scars:
    """All arrays (n,); ``xy`` (n,2) px."""

    xy: Floats
    kind: NDArray[np.int64]
    radius_mm: Floats
    depth_mm: Floats
    aspect: Floats
    angle: Floats
    phase: Floats

    @property
    def slope(self) -> Floats:
        """Rise over run (n,) of the steepest wall, as a photo at the limit of the gate shows it.

        The scar is blurred by :data:`_BLUR_MM`: a Gaussian pit keeps its volume and gets wider, a
        floor's edge becomes the integral of a Gaussian.
        """
        sigma = _SIGMA[self.kind] * self.radius_mm
        pit = sigma**2 / (sigma**2 + _BLUR_MM**2) ** 1.5 * np.exp(-0.5)
        wall = 1 / (np.sqrt(2 * np.pi) * np.hypot(_BLUR_MM, _EDGE_SIGMA_MM))
        return np.asarray(self.depth_mm * np.where(self.kind == BOXCAR, wall, pit))

    @property
    def counted(self) -> Floats:
        """What each scar counts (n,), boxcar scars that show fully."""
        return labels.scars_counted(self.kind, self.slope)

    def score(self, near: NDArray[np.bool_], zone_mm2: float) -> float:
        """Score 0..4 of the scars at ``near`` (n,), in a zone of this area."""
        return labels.scar_score(self.kind[near], self.slope[near], zone_mm2)

    def first(self, count: int) -> "Scars":
        return Scars(*(getattr(self, field.name)[:count] for field in fields(self)))

    def deeper(self, factor: float) -> "Scars":
        return Scars(
            self.xy,
            self.kind,
            self.radius_mm,
            np.minimum(self.depth_mm * factor, _DEEPEST_MM[self.kind]),
            self.aspect,
            self.angle,
            self.phase,
        )


def draw_scars(
    rng: np.random.Generator, region: NDArray[np.bool_], severity: float, mm_per_px: float
) -> Scars:
    """Draw scars inside ``region`` (H,W) in clusters; the number makes the severity 0..4."""
    rows, columns = np.nonzero(region)
    if not rows.size:
        return joined([])
    kind = _kinds(rng, severity)
    low, high = np.array(_RADIUS_MM)[kind].T
    shallow, deep = np.array(_DEPTH_MM)[kind].T
    everyone = Scars(
        xy=_places(rng, region, rows, columns, mm_per_px),
        kind=kind,
        radius_mm=low + (high - low) * rng.beta(1.6, 2.4, _MOST),
        # Few and shallow, or deep and many.
        depth_mm=(0.7 + 0.12 * severity) * (shallow + (deep - shallow) * rng.beta(1.5, 1.8, _MOST)),
        aspect=rng.uniform(1.0, 1.7, _MOST),
        angle=rng.uniform(0, np.pi, _MOST),
        phase=rng.uniform(0, 2 * np.pi, _MOST),
    )
    seen = np.cumsum(everyone.counted)
    index = float(np.interp(severity, labels.SCORES, labels.SCAR_KNOTS))
    wanted = index * labels.scar_area_cm2(rows.size * mm_per_px**2)
    # As many as come nearest; what is left to the wanted index is a matter of depth.
    count = int(np.argmin(np.abs(np.concatenate([[0.0], seen]) - wanted)))
    return everyone.first(max(count, 1))


def _kinds(rng: np.random.Generator, severity: float) -> NDArray[np.int64]:
    """Types (_MOST,) in one person's mix."""
    mix = rng.dirichlet((3.2, 1.6, 1.0))
    if rng.random() < 0.3:  # one type dominates
        mix = np.eye(3)[rng.choice(3, p=mix)] * 0.85 + 0.05
    kind = rng.choice(3, _MOST, p=mix / mix.sum())
    if severity < 1.5:
        kind = np.where(kind == ROLLING, BOXCAR, kind)
    return kind.astype(np.int64)


def _places(
    rng: np.random.Generator,
    region: NDArray[np.bool_],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    mm_per_px: float,
) -> Floats:
    """Points (_MOST,2; px) inside ``region``, most of them around one centre per 4 cm^2."""
    area_cm2 = rows.size * mm_per_px**2 / 100
    centres = rng.integers(rows.size, size=1 + int(area_cm2 / 4))
    chosen = centres[rng.integers(centres.size, size=_MOST)]
    free = rng.integers(rows.size, size=_MOST)
    clustered = np.stack([columns[chosen], rows[chosen]], 1) + rng.normal(
        0, 6 / mm_per_px, (_MOST, 2)
    )
    astray = (rng.random(_MOST) > 0.6) | ~sample(region, clustered)
    alone = np.stack([columns[free], rows[free]], 1)
    return np.where(astray[:, None], alone, clustered) + rng.uniform(-0.5, 0.5, (_MOST, 2))


def joined(parts: list[Scars]) -> Scars:
    if not parts:
        none = np.zeros(0)
        return Scars(np.zeros((0, 2)), np.zeros(0, np.int64), none, none, none, none, none)
    return Scars(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("xy", "kind", "radius_mm", "depth_mm", "aspect", "angle", "phase")
        )
    )


def scar_relief(sheet: Sheet, scars: Scars) -> tuple[Map, Map]:
    """Return the height (H,W; mm) and the coverage of flat floors (H,W; 0..1), free of pores."""
    pick, roll = scars.kind == ICE_PICK, scars.kind == ROLLING
    box = scars.kind == BOXCAR
    soft = pick | roll
    sigma = scars.radius_mm * _SIGMA[scars.kind]
    volume = -2 * np.pi * sigma**2 * scars.depth_mm
    # A rolling scar is tethered: its surroundings bulge a little.
    rim = np.where(roll, 0.25, 0.0)
    height = splat(
        sheet,
        np.concatenate([scars.xy[soft], scars.xy[roll]]),
        np.concatenate([(volume * (1 + rim))[soft], (-volume * rim * 2.2)[roll]]),
        np.clip(np.concatenate([sigma[soft], 1.7 * sigma[roll]]), 0.12, 4.0),
    )
    floors = Discs(
        x=scars.xy[box, 0],
        y=scars.xy[box, 1],
        radius_mm=scars.radius_mm[box],
        edge_mm=np.full(int(box.sum()), _EDGE_MM),
        aspect=scars.aspect[box],
        angle=scars.angle[box],
        ragged=np.full(int(box.sum()), 0.06),
        phase=scars.phase[box],
        value=scars.depth_mm[box],
    )
    floor = lay_discs(sheet, floors)
    return height - floor, np.clip(floor / 0.1, 0, 1)


def scar_map(sheet: Sheet, scars: Scars) -> Map:
    """Return the (H,W) ground truth 0..1: counted scars per mm^2, in units of :data:`FULL_DENSITY`.

    A density as in crowd counting (Lempitsky and Zisserman, NIPS 2010): each scar a Gaussian whose
    integral is what it counts, so that the mean over a zone is the zone's scar index whatever the
    sizes of its scars.
    """
    density = splat(
        sheet, scars.xy, scars.counted, np.maximum(scars.radius_mm / 2, _SMALLEST_MARK_MM)
    )
    return as_map(np.clip(density / FULL_DENSITY, 0, 1))

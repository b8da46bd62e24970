"""Atrophic acne scars by type (Jacob 2001): ice pick, boxcar, rolling; sizes in methods c.6."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore_training.skin.sheet import Discs, Floats, Map, Sheet, lay_discs, splat

ICE_PICK, BOXCAR, ROLLING = 0, 1, 2
_RADIUS_MM: Final = ((0.3, 0.9), (0.8, 2.2), (2.5, 6.0))
_DEEPEST_MM: Final = np.array((1.6, 0.9, 1.2))
_DEPTH_MM: Final = ((0.35, 1.0), (0.12, 0.5), (0.15, 0.6))  # before scaling to the wanted index


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
    def area_mm2(self) -> Floats:
        return np.pi * self.radius_mm**2

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
    """Draw scars inside ``region`` (H,W) in clusters; number and size grow with severity 0..4."""
    rows, columns = np.nonzero(region)
    area_cm2 = rows.size * mm_per_px**2 / 100
    per_cm2 = np.interp(severity, (0, 1, 2, 3, 4), (0.1, 0.25, 0.8, 1.6, 2.8)) * rng.uniform(
        0.6, 1.5
    )
    count = int(np.clip(rng.poisson(per_cm2 * area_cm2), 2, 120)) if rows.size else 0
    mix = rng.dirichlet((3.2, 1.6, 1.0))
    if rng.random() < 0.3:  # one type dominates
        mix = np.eye(3)[rng.choice(3, p=mix)] * 0.85 + 0.05
    kind = rng.choice(3, count, p=mix / mix.sum())
    if severity < 1.5:
        kind = np.where(kind == ROLLING, BOXCAR, kind)
    low, high = np.array(_RADIUS_MM)[kind].T
    size = rng.beta(1.6, 2.4, count)
    shallow, deep = np.array(_DEPTH_MM)[kind].T
    xy = np.zeros((count, 2))
    if count:
        seeds = rng.integers(rows.size, size=max(1, count // 6 + 1))
        seed = seeds[rng.integers(seeds.size, size=count)]
        free = rng.integers(rows.size, size=count)
        clustered = (rng.random(count) < 0.6) & (np.arange(count) > 1)  # two stay inside
        offset = rng.normal(0, 6 / mm_per_px, (count, 2)) * clustered[:, None]
        chosen = np.where(clustered, seed, free)
        xy = (
            np.stack([columns[chosen], rows[chosen]], 1)
            + offset
            + rng.uniform(-0.5, 0.5, (count, 2))
        )
    return Scars(
        xy=xy,
        kind=kind.astype(np.int64),
        radius_mm=low + (high - low) * size,
        depth_mm=shallow + (deep - shallow) * rng.beta(1.5, 1.8, count),
        aspect=rng.uniform(1.0, 1.7, count),
        angle=rng.uniform(0, np.pi, count),
        phase=rng.uniform(0, 2 * np.pi, count),
    )


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
    # A V-shaped pit of radius R keeps a third of the cylinder's volume; its Gaussian: 0.45 R.
    soft = pick | roll
    sigma = scars.radius_mm * np.where(pick, 0.45, 0.5)
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
        edge_mm=np.full(int(box.sum()), 0.35),
        aspect=scars.aspect[box],
        angle=scars.angle[box],
        ragged=np.full(int(box.sum()), 0.06),
        phase=scars.phase[box],
        value=scars.depth_mm[box],
    )
    floor = lay_discs(sheet, floors)
    return height - floor, np.clip(floor / 0.1, 0, 1)


def scar_map(sheet: Sheet, scars: Scars) -> Map:
    """Return the (H,W) ground truth 0..1: coverage times relative depth, 1 at 0.8 mm."""
    discs = Discs(
        x=scars.xy[:, 0],
        y=scars.xy[:, 1],
        radius_mm=np.maximum(scars.radius_mm, 0.6),
        edge_mm=np.where(scars.kind == ROLLING, 1.5, 0.4),
        aspect=np.where(scars.kind == BOXCAR, scars.aspect, 1.0),
        angle=scars.angle,
        ragged=np.zeros(scars.kind.size),
        phase=scars.phase,
        value=np.clip(scars.depth_mm / 0.8, 0.15, 1),
    )
    return np.clip(lay_discs(sheet, discs), 0, 1)

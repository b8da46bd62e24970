"""Healthy skin's own texture, and everything that must not move a grade.

Parameters after methods c.4 and c.8. Every function adds to the maps of a :class:`Skin`.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from skinscore_training.skin.sheet import (
    Discs,
    Floats,
    Map,
    Sheet,
    blur,
    lay_discs,
    smooth_noise,
    smooth_noise_along,
    splat,
)
from skinscore_training.skin.streams import coin, log_uniform


@dataclass(slots=True)
class Skin:
    """The maps of one sheet while it is being made; all (H,W) float32."""

    height: Map  # mm
    melanin: Map  # % melanosomes
    blood: Map  # % blood
    hair: Map  # 0..1 coverage by dark strands or stubble
    gloss: Map  # factor on the surface reflection, 1 usual


def bare_skin(
    rng: np.random.Generator, sheet: Sheet, melanin: float
) -> tuple[Skin, dict[str, float]]:
    """Return skin of a tone with natural mottling, and its parameters."""
    mottle = log_uniform(rng, 0.008, 0.04)  # stronger would be pigmentation
    flush = log_uniform(rng, 0.03, 0.22)
    blood = log_uniform(rng, 0.5, 2.0)
    brown = 1 + mottle * smooth_noise(rng, sheet, rng.uniform(15, 60), 0.6)
    red = np.exp(flush * smooth_noise(rng, sheet, rng.uniform(8, 50), 0.6))
    oil = rng.uniform(0, 1)
    patchy = np.exp(0.4 * smooth_noise(rng, sheet, 25))
    skin = Skin(
        height=np.zeros(sheet.shape, np.float32),
        melanin=(melanin * np.clip(brown, 0.5, 2)).astype(np.float32),
        blood=(blood * red).astype(np.float32),
        hair=np.zeros(sheet.shape, np.float32),
        gloss=(oil * patchy).astype(np.float32),
    )
    return skin, {"mottle": mottle, "flush": flush, "blood": blood, "oil": oil}


def micro_relief(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Add the fine polygonal texture, drawn out along one direction as it is with age.

    Coarse, leathery skin is no wrinkle and no scar: its depth is independent of every grade.
    """
    depth = log_uniform(rng, 0.001, 0.03)
    cell = log_uniform(rng, 0.25, 0.8)  # mm
    drawn_out = rng.uniform(1.0, 2.5)
    grain = smooth_noise_along(rng, sheet, cell, drawn_out, rng.uniform(0, np.pi))
    patchy = np.exp(0.5 * smooth_noise(rng, sheet, 20))
    skin.height += np.float32(depth) * grain * patchy
    return {"micro_relief": depth}


def pores(rng: np.random.Generator, sheet: Sheet, skin: Skin, per_cm2: float) -> dict[str, float]:
    """Add pores: small pits, some with a dark plug; never counted as scars."""
    visible = rng.beta(1.2, 2.5)
    xy = _uniform(rng, sheet, per_cm2)
    count = len(xy)
    radius = rng.uniform(0.08, 0.16 + 0.24 * visible, count)
    depth = rng.uniform(0.3, 1.0, count) * 0.25 * visible
    skin.height -= splat(sheet, xy, 2 * np.pi * radius**2 * depth, radius)
    plug = np.where(rng.random(count) < 0.25, rng.uniform(0, 8, count), 0.0) * visible
    skin.melanin += splat(sheet, xy, 2 * np.pi * radius**2 * plug, radius)
    return {"pores": visible * per_cm2}


def _uniform(rng: np.random.Generator, sheet: Sheet, per_cm2: float) -> Floats:
    area = sheet.height * sheet.width * sheet.mm_per_px**2 / 100
    count = int(rng.poisson(per_cm2 * area))
    return rng.uniform((-0.5, -0.5), (sheet.width - 0.5, sheet.height - 0.5), (count, 2))


def _round(
    rng: np.random.Generator, xy: Floats, radius: Floats, edge: tuple[float, float], value: Floats
) -> Discs:
    count = len(xy)
    return Discs(
        x=xy[:, 0],
        y=xy[:, 1],
        radius_mm=radius,
        edge_mm=rng.uniform(*edge, count),
        aspect=rng.uniform(1, 1.35, count),
        angle=rng.uniform(0, np.pi, count),
        ragged=np.full(count, 0.06),
        phase=rng.uniform(0, 2 * np.pi, count),
        value=value,
    )


def active_acne(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Add papules (raised and red), closed comedones (raised) and open ones (dark)."""
    per_cm2 = log_uniform(rng, 0.03, 0.5)
    xy = _uniform(rng, sheet, per_cm2)
    count = len(xy)
    radius = rng.uniform(0.5, 2.5, count)
    rise = rng.uniform(0.08, 0.4, count) * np.sqrt(radius)
    skin.height += splat(
        sheet, xy, 2 * np.pi * (0.55 * radius) ** 2 * rise, np.clip(0.55 * radius, 0.12, 4)
    )
    inflamed = np.where(rng.random(count) < 0.75, rng.uniform(0.4, 1.4, count), 0.05)
    halo = _round(rng, xy, 1.3 * radius, (1.2, 3.0), inflamed)
    skin.blood *= np.exp(np.minimum(lay_discs(sheet, halo), 2.0))
    comedo = _uniform(rng, sheet, 0.4 * per_cm2)
    dark = _round(
        rng,
        comedo,
        rng.uniform(0.25, 0.6, len(comedo)),
        (0.2, 0.4),
        rng.uniform(8, 25, len(comedo)),
    )
    skin.melanin += lay_discs(sheet, dark)
    return {"active_acne": per_cm2}


def red_marks(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Add flat red marks after inflammation; no melanin, no height, no grade."""
    per_cm2 = log_uniform(rng, 0.03, 0.5)
    xy = _uniform(rng, sheet, per_cm2)
    marks = _round(rng, xy, rng.uniform(1, 4, len(xy)), (0.6, 2.0), rng.uniform(0.2, 0.9, len(xy)))
    skin.blood *= np.exp(np.minimum(lay_discs(sheet, marks), 1.6))
    return {"red_marks": per_cm2}


def flush(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Add diffuse redness, as of heat, cold or rosacea."""
    strength = rng.uniform(0.2, 1.0)
    field = np.clip(smooth_noise(rng, sheet, rng.uniform(25, 80)) + 0.5, 0, 2)
    skin.blood *= np.exp(np.float32(0.6 * strength) * field)
    return {"redness": strength}


def moles(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Add one to four moles: dark, sharp, half of them raised; not graded as pigmentation."""
    count = int(rng.integers(1, 5))
    xy = rng.uniform((0, 0), (sheet.width, sheet.height), (count, 2))
    radius = rng.uniform(0.6, 2.6, count)
    dark = rng.uniform(8, 30, count)
    skin.melanin += lay_discs(sheet, _round(rng, xy, radius, (0.3, 0.8), dark))
    rise = np.where(rng.random(count) < 0.5, rng.uniform(0.2, 1.0, count), 0.0)
    skin.height += splat(
        sheet, xy, 2 * np.pi * (0.6 * radius) ** 2 * rise, np.clip(0.6 * radius, 0.12, 4)
    )
    return {"moles": float(count)}


def stubble(rng: np.random.Generator, sheet: Sheet, skin: Skin, region: Map) -> dict[str, float]:
    """Add beard dots, short hairs or a beard inside ``region`` (H,W; 0..1)."""
    grown = coin(rng, 0.35)
    density, length = rng.uniform(20, 60), rng.uniform(2.0, 7.0) if grown else rng.uniform(0, 2)
    xy = _uniform(rng, sheet, density)
    lean = rng.normal(np.pi / 2, 0.4, len(xy))
    pieces = 1 + int(length / 0.25)
    steps = np.linspace(0, length / sheet.mm_per_px, pieces)
    points = xy[:, None] + steps[None, :, None] * np.stack([np.cos(lean), np.sin(lean)], 1)[:, None]
    dot = np.full(len(xy) * pieces, rng.uniform(0.4, 1.0) * 0.035)
    drawn = splat(sheet, points.reshape(-1, 2), dot, np.full(dot.size, 0.12))
    # What is cut too short to be seen one by one darkens the skin as a whole.
    patchy = np.clip(1 + 0.3 * smooth_noise(rng, sheet, 12), 0.3, 1.7)
    shade = np.float32(rng.uniform(0, 0.3)) * patchy
    skin.hair = np.maximum(skin.hair, np.clip(np.maximum(drawn, shade), 0, 0.85) * region)
    return {"stubble": density * (0.3 + length)}


def strands(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Add loose hairs across the skin, with their shadows; they look like lines and are none."""
    count = int(rng.integers(2, 14))
    drawn = np.zeros(sheet.shape, np.uint8)
    middle = rng.uniform((0, 0), (sheet.width, sheet.height))
    heading = rng.uniform(0, np.pi)
    for _ in range(count):
        angle = heading + rng.normal(0, 0.25)
        t = np.linspace(-1, 1, 24)
        bend = rng.normal(0, 0.12) * t**2 + rng.normal(0, 0.06) * np.sin(4 * t + rng.uniform(0, 6))
        start = middle + rng.normal(0, 0.12, 2) * sheet.width
        reach = rng.uniform(0.3, 0.9) * sheet.width
        x = start[0] + reach * (t * np.cos(angle) - bend * np.sin(angle))
        y = start[1] + reach * (t * np.sin(angle) + bend * np.cos(angle))
        points = np.rint(np.stack([x, y], 1) * 16).astype(np.int32)
        shade = int(255 * np.clip(0.1 * rng.uniform(1, 3) / sheet.mm_per_px, 0.1, 0.9))
        cv2.polylines(drawn, [points], False, shade, 1, cv2.LINE_AA, 4)
    cover = drawn.astype(np.float32) / np.float32(255)
    skin.hair = np.maximum(skin.hair, cover)
    shadow = np.roll(blur(cover, 0.5 / sheet.mm_per_px), (1, 1), (0, 1))
    skin.hair = np.maximum(skin.hair, np.float32(rng.uniform(0, 0.35)) * shadow)
    return {"strands": float(count)}


def make_up(rng: np.random.Generator, sheet: Sheet, skin: Skin) -> dict[str, float]:
    """Even out redness and dull the gloss; relief and brown marks show through."""
    cover = rng.uniform(0.2, 0.7)
    reach = 6.0 / sheet.mm_per_px
    skin.blood = skin.blood + np.float32(cover) * (blur(skin.blood, reach) - skin.blood)
    skin.gloss = skin.gloss * np.float32(1 - 0.7 * cover)
    return {"make_up": cover}

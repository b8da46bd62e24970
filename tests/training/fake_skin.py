"""A stand-in for the renderer: flat skin with dots whose number follows the grade. Fast, learnable.

Tests of the pipeline use it, so that they fail for the pipeline's reasons only.
"""

from collections.abc import Sequence

import numpy as np

from skinscore.imaging.rules import Geometry
from skinscore_training.skin.crops import RenderedCrops

DOT = (np.array([60, 40, 30]), np.array([255, 230, 210]), np.array([110, 60, 90]))  # per concern


def render(subjects: Sequence[int], geometry: Geometry, seed: int, views: int) -> RenderedCrops:
    side, slots, cells = geometry.side_px, geometry.slots, geometry.side_px // 4
    count = len(subjects) * len(geometry.crops)
    pixels = np.zeros((count, views, side, side, 3), np.uint8)
    masks = np.zeros((count, views, slots, side, side), np.uint8)
    maps = np.zeros((count, views, 3, cells, cells), np.uint8)
    relief = np.full((count, views, cells, cells), 128, np.uint8)
    score = np.full((count, slots, 3), np.nan, np.float32)
    tone = np.zeros(count, np.float32)
    at = 0
    for subject in subjects:
        rng = np.random.default_rng([seed, subject])
        lightness = rng.uniform(0.5, 1.0)
        for plan in geometry.crops:
            tone[at] = 90 * lightness - 40
            skin = np.array([220, 180, 160]) * lightness
            pixels[at] = skin + rng.integers(-6, 7, (views, side, side, 1))
            height = side // len(plan.zones)
            for slot in range(len(plan.zones)):
                top = slot * height
                masks[at, :, slot, top : top + height] = 255
                score[at, slot] = rng.uniform(0, 4, 3)
                for concern in range(3):
                    for _ in range(round(6 * float(score[at, slot, concern]))):
                        y = 4 * int(rng.integers(top // 4, (top + height) // 4))
                        x = 4 * int(rng.integers(0, cells))
                        pixels[at, :, y : y + 4, x : x + 4] = DOT[concern] * lightness
                        maps[at, :, concern, y // 4, x // 4] = 255
            at += 1
    grade = np.where(np.isnan(score), -1, np.floor(np.nan_to_num(score) + 0.5)).astype(np.int8)
    return RenderedCrops(
        crop=tuple(plan.name for _ in subjects for plan in geometry.crops),
        subject=np.repeat(np.asarray(subjects, np.int64), len(geometry.crops)),
        pixels=pixels,
        masks=masks,
        maps=maps,
        relief=relief,
        score=score,
        grade=grade,
        ita_deg=tone,
        nuisance={"camera_native_px_per_mm": np.full((count, views), 6.0)},
    )

"""Readers with known habits, in the place of a model."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore_training.proof.answers import Masks, Pixels, Scores


@dataclass(frozen=True, slots=True)
class HabitReader:
    """Gives all three concerns of every zone the score that ``habit`` reads from its pixels."""

    habit: Callable[[NDArray[np.uint8], NDArray[np.bool_]], float]  # crop (S,S,3), zone (S,S)

    def read_crops(self, pixels: Pixels, masks: Masks) -> Scores:
        scores = np.full((*masks.shape[:2], 3), np.nan)
        for crop, slot in np.ndindex(masks.shape[:2]):
            zone = masks[crop, slot] > 0
            if zone.any():
                scores[crop, slot] = self.habit(pixels[crop], zone)
        return scores


def unmoved(crop: NDArray[np.uint8], zone: NDArray[np.bool_]) -> float:
    return 1.0


def by_sharpness(crop: NDArray[np.uint8], zone: NDArray[np.bool_]) -> float:
    grey = crop.astype(np.float32).mean(axis=2)
    return 3.0 * float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)[zone]).mean())


def by_redness(crop: NDArray[np.uint8], zone: NDArray[np.bool_]) -> float:
    red, green, _ = crop[zone].astype(np.float64).mean(axis=0)
    return float(10 * red / max(green, 1.0))


def by_darkness(crop: NDArray[np.uint8], zone: NDArray[np.bool_]) -> float:
    return float(4 * (1 - crop[zone].mean() / 255))

"""Rendered skin under control: variants of one skin, seen by the same camera in the same light."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.concerns import CONCERNS
from skinscore.errors import RequestRefused
from skinscore.imaging.gate import least_px_per_mm
from skinscore.imaging.rules import CropPlan, GateLimits, Geometry
from skinscore_training.proof.answers import CropReader, Scores
from skinscore_training.skin.conditions import Wanted
from skinscore_training.skin.crops import RenderedCrops, View, draw_view, shoot
from skinscore_training.skin.streams import stream
from skinscore_training.skin.subject import Subject

_MOST_TRIES: Final = 1000
_TONES_DEG = (-60.0, 65.0)  # the ITA range that the renderer's people are drawn from


def plan_of(number: int, geometry: Geometry) -> CropPlan:
    """Return the crop plan of skin ``number``: all plans in turn."""
    return geometry.crops[number % len(geometry.crops)]


def tone_of(seed: int, number: int) -> float:
    """Return the tone (ITA, degrees) of skin ``number``, uniform over the range."""
    return float(stream(seed, number, "proof tone").uniform(*_TONES_DEG))


def clear(geometry: Geometry, tone_deg: float) -> Wanted:
    """Ask for skin that carries none of the three conditions."""
    return Wanted(tone_deg, np.zeros((geometry.slots + 1, len(CONCERNS))), distracted=False)


def affected(geometry: Geometry, tone_deg: float, seed: int, number: int) -> Wanted:
    """Ask for skin with something of all three conditions in every zone."""
    rng = stream(seed, number, "proof affected")
    scores = rng.uniform(1.0, 3.0, (geometry.slots + 1, len(CONCERNS)))
    return Wanted(tone_deg, scores, distracted=False)


def gradable_view(seed: int, number: int, subject: Subject, limits: GateLimits) -> View:
    """Return the first photo of the skin whose resolution lets every concern be graded.

    The product refuses scars and lines of coarser photos, so nothing is said of them here.

    Raises:
        RequestRefused: ``models_not_comparable``; no photo that the renderer takes is so fine.
    """
    least = max(least_px_per_mm(concern, limits) for concern in CONCERNS)
    for number_of_view in range(_MOST_TRIES):
        view = draw_view(seed, number, number_of_view, subject)
        if view.camera.native_px_per_mm >= least:
            return view
    raise RequestRefused(
        "models_not_comparable",
        f"the model grades photos of {least:g} px per mm and more",
        "resolutions that rendered photos have",
    )


def shoot_each(
    made: Sequence[Subject], views: Sequence[View], number: int, geometry: Geometry, seed: int
) -> list[RenderedCrops]:
    """Photograph each variant of skin ``number`` under its own view, same sensor noise for all."""
    return [
        shoot(subject, number, [view], geometry, seed=seed)
        for subject, view in zip(made, views, strict=True)
    ]


def read(reader: CropReader, parts: Sequence[RenderedCrops]) -> Scores:
    """Return the scores (N, K, 3) of every shot, in order."""
    pixels, masks = pixels_of(parts), np.concatenate([part.masks[:, 0] for part in parts])
    return reader.read_crops(pixels, masks)


def pixels_of(parts: Sequence[RenderedCrops]) -> NDArray[np.uint8]:
    """Return the crops (N, S, S, 3) of every shot, in order."""
    return np.concatenate([part.pixels[:, 0] for part in parts])


def mean_over_zones(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (..., 3) of (..., K, 3): the mean of the slots in use, NaN where none is."""
    known = ~np.isnan(scores)
    total = np.where(known, scores, 0.0).sum(axis=-2)
    count = known.sum(axis=-2)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), np.float64)

"""What the model file says, reduced to scores: of crops that are cut, and of whole photos.

The parts of the proof depend on the two protocols here, so that a test can put a reader with known
habits in the place of a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from skinscore.domain.assessment import Assessment, Gate, Outcome
from skinscore.domain.concerns import CONCERNS, Concern
from skinscore.domain.zones import Zone
from skinscore.grading.grader import Grader
from skinscore.grading.uncertainty import severity_score

Pixels = NDArray[np.uint8]  # (N, S, S, 3) sRGB
Masks = NDArray[np.uint8]  # (N, K, S, S) 0 or 255
Scores = NDArray[np.float64]  # (N, K, 3) 0..4 per slot and concern; NaN where the slot is empty

_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class PhotoAnswer:
    """What was said of one photo; zones and concerns without a grade are absent."""

    graded: bool
    codes: tuple[str, ...]  # of the photo
    face: Mapping[Concern, float]  # 0..4
    zones: Mapping[Zone, Mapping[Concern, float]]  # 0..4


class CropReader(Protocol):
    """Scores crops."""

    def read_crops(self, pixels: Pixels, masks: Masks) -> Scores: ...


class PhotoReader(Protocol):
    """Scores whole photos, from their bytes."""

    def read_photo(self, photo: bytes, gate: Gate) -> PhotoAnswer: ...


@dataclass(frozen=True, slots=True)
class GraderReader:
    """Both protocols through the product's own grader."""

    grader: Grader

    def read_crops(self, pixels: Pixels, masks: Masks) -> Scores:
        parts = [
            self.grader.grade_crops(pixels[start : start + _BATCH], masks[start : start + _BATCH])[
                0
            ]
            for start in range(0, len(pixels), _BATCH)
        ]
        probabilities = np.concatenate(parts).astype(np.float64)
        known = self.grader.contract.calibration.concerns
        scores = np.empty(probabilities.shape[:-1])
        for place in np.ndindex(scores.shape):
            scores[place] = severity_score(probabilities[place], known[place[-1]])
        scores[~masks.any(axis=(-2, -1))] = np.nan
        return scores

    def read_photo(self, photo: bytes, gate: Gate) -> PhotoAnswer:
        return answer_of(self.grader.assess(photo, gate=gate))


def answer_of(assessment: Assessment) -> PhotoAnswer:
    """Return the scores of an assessment of one photo."""
    return PhotoAnswer(
        graded=assessment.outcome is Outcome.GRADED,
        codes=assessment.photos[0].codes,
        face={row.concern: row.score for row in assessment.face if row.score is not None},
        zones={
            record.zone: {row.concern: row.score for row in record.grades if row.score is not None}
            for record in assessment.zones
        },
    )


def face_scores(answers: list[PhotoAnswer]) -> NDArray[np.float64]:
    """Return the face-level scores (N, 3) in the order of the concerns; NaN where there is none."""
    return np.array(
        [[answer.face.get(concern, np.nan) for concern in CONCERNS] for answer in answers]
    ).reshape(-1, len(CONCERNS))

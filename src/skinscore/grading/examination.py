"""An assessment together with what it was made from, in memory only.

Overlays and reports need the pixels; documents, logs and stores never do. An examination is not
serialisable on purpose.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinscore.contract.contract import Contract
from skinscore.domain.assessment import Assessment
from skinscore.domain.zones import Zone
from skinscore.imaging.types import Affine, Photo


@dataclass(frozen=True, slots=True, eq=False)
class SeverityMap:
    """Where the network saw something in one crop."""

    photo: int  # index into the assessment's photos
    zones: tuple[Zone, ...]  # graded zones in this crop
    values: NDArray[np.float32]  # (3, h, w) 0..1 per concern, higher is worse; h divides side_px
    mask: NDArray[np.uint8]  # (S, S) 0 or 255, union of the graded zones' masks
    to_crop: Affine  # photo px -> crop px

    @property
    def side_px(self) -> int:
        return int(self.mask.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """The assessment, with the decoded photos, the maps and the model's contract behind it."""

    assessment: Assessment
    photos: tuple[Photo | None, ...]  # parallel to assessment.photos; None: not decoded
    maps: tuple[SeverityMap, ...]
    contract: Contract | None = None  # of the model that graded; None: not at hand

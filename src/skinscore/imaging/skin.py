"""Which pixels of a levelled face are free skin: a colour model of this face's own skin.

Cheeks and nose are the reference; whatever differs from them in shading-free colour, or is far
darker, is hair, glasses, a hand, a mask. The model knows nothing of shapes: hair of the skin's own
colour passes, and a cheek that is covered on both sides makes its cover the reference.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from skinscore.domain.zones import Zone

REFERENCE: Final = (Zone.CHEEK_RIGHT, Zone.CHEEK_LEFT, Zone.NOSE)
SMOOTHING_SIGMA: Final = 1.2  # px of the measuring frame: pores and sensor noise
COLOUR_FLOOR: Final = 0.045  # spread of the shading-free colours that any skin is granted
COLOUR_SPREADS: Final = 4.0
DARK_SHARE: Final = 0.65  # of the reference's L* + 16: darker is not skin ...
DARK_SPREADS: Final = 3.0  # ... unless the light on the reference is this uneven

Lab = NDArray[np.float32]  # (H, W, 3)
Where = NDArray[np.bool_]  # (H, W)


@dataclass(frozen=True, slots=True)
class SkinModel:
    """Median and spread (1.4826 times the median absolute deviation) of the reference skin."""

    brightness: tuple[float, float]
    red: tuple[float, float]
    yellow: tuple[float, float]

    @property
    def lightness(self) -> float:
        """L* of the reference."""
        return self.brightness[0] - 16

    @property
    def chroma(self) -> float:
        """C*ab of the reference."""
        return self.brightness[0] * float(np.hypot(self.red[0], self.yellow[0]))

    def free(self, lab: Lab) -> Where:
        """Return where ``lab`` looks like this face's skin."""
        brightness, red, yellow = _features(lab)
        middle, spread = self.brightness
        floor = min(DARK_SHARE * middle, middle - DARK_SPREADS * spread)
        return (brightness > floor) & _near(red, self.red) & _near(yellow, self.yellow)


def fit(lab: Lab, reference: Where) -> SkinModel:
    """Return the model of the pixels where ``reference`` is true (at least one)."""
    brightness, red, yellow = (values[reference] for values in _features(lab))
    return SkinModel(_spread(brightness), _spread(red), _spread(yellow))


def _features(lab: Lab) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return f = L* + 16, a* / f, b* / f.

    Lab is made of cube roots: more or less light multiplies f, a* and b* by the same number.
    """
    smooth = np.asarray(cv2.GaussianBlur(lab, (0, 0), SMOOTHING_SIGMA), np.float32)
    brightness = smooth[..., 0] + 16
    return brightness, smooth[..., 1] / brightness, smooth[..., 2] / brightness


def _spread(values: NDArray[np.float32]) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, 1.4826 * float(np.median(np.abs(values - middle)))


def _near(values: NDArray[np.float32], model: tuple[float, float]) -> Where:
    width = COLOUR_SPREADS * float(np.hypot(model[1], COLOUR_FLOOR))
    return np.asarray(np.abs(values - model[0]) < width)

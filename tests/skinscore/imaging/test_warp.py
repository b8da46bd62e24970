"""Maps between pictures: what lies on the source is told for every pixel, near its border too."""

import numpy as np
import pytest

from skinscore.imaging.types import Affine
from skinscore.imaging.warp import inside_source, invert, similarity

SOURCE = (90, 120)  # height, width
TARGET = (32, 40)


def one_by_one(to_target: Affine) -> np.ndarray:
    """The definition, a pixel at a time."""
    out = np.zeros(TARGET, np.bool_)
    back = invert(to_target)
    for row, column in np.ndindex(TARGET):
        x, y = back[:, :2] @ (column, row) + back[:, 2]
        out[row, column] = -0.5 <= x <= SOURCE[1] - 0.5 and -0.5 <= y <= SOURCE[0] - 0.5
    return out


@pytest.mark.parametrize(
    ("centre", "angle", "scale", "mirror", "share"),
    [
        ((60, 45), 0.3, 1.0, False, "all"),
        ((60, 45), 0.0, 0.45, True, "all"),
        ((60, 45), 0.4, 0.3, False, "some"),
        ((118, 3), -0.2, 1.0, True, "some"),
        ((300, 45), 0.0, 1.0, False, "none"),
    ],
)
def test_a_pixel_is_inside_when_its_middle_lies_on_the_source(
    centre: tuple[float, float], angle: float, scale: float, mirror: bool, share: str
) -> None:
    middle = (np.array(TARGET[::-1]) - 1) / 2
    to_target = similarity(np.array(centre, np.float64), middle, angle, scale, mirror)
    found = inside_source(SOURCE, to_target, TARGET)
    np.testing.assert_array_equal(found, one_by_one(to_target))
    assert {"all": found.all(), "some": 0 < found.mean() < 1, "none": not found.any()}[share]

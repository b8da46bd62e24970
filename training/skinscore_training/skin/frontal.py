"""From the frame that lines are drawn in to the chart of the whole head.

skinscore_training.skin.outlines and wrinkles draw on the frontal view of a mean face; the head's
skin is drawn on the unrolled chart. Both know the same mesh points: a thin-plate spline through
them carries any frontal place to its chart place.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinscore.imaging.zones import MIRROR
from skinscore_training.skin.face_mesh import Array, forehead_raised, mean_face, thin_plate

# Mesh point -> frontal mm, right half and midline; the places are the corners of the zone outlines
# in skinscore_training.skin.outlines.
_PLACES: Final[Mapping[int, tuple[float, float]]] = {
    10: (0, -64),
    109: (-20, -63),
    67: (-36, -60),
    103: (-50, -55),
    9: (0, -23),
    107: (-13, -23.5),
    66: (-24, -28),
    105: (-36, -30),
    63: (-45, -28),
    54: (-57, -53),
    68: (-50, -39),
    71: (-53, -22),
    139: (-54, -11),
    34: (-57, 0.5),
    127: (-68, 0),
    162: (-68, -17),
    21: (-65, -38),
    33: (-46, 0),
    133: (-15, 2),
    168: (0, -2),
    193: (-8, -3),
    122: (-9, 6),
    188: (-11, 14),
    114: (-13, 20),
    217: (-12, 26),
    2: (0, 51),
    97: (-5, 50),
    98: (-12, 49),
    129: (-19, 38),
    203: (-25, 43),
    206: (-29, 49),
    216: (-33, 56),
    212: (-37, 66.5),
    57: (-28, 65),
    186: (-26, 59),
    92: (-21, 56),
    165: (-17, 52),
    0: (0, 59.5),
    17: (0, 78),
    202: (-36, 77),
    210: (-35, 86),
    169: (-32, 95.5),
    170: (-27, 98),
    211: (-22, 91),
    204: (-21, 82),
    43: (-22, 75),
    61: (-26, 67),
    147: (-62, 41),
    213: (-58, 50),
    192: (-54, 60),
    214: (-46, 65),
    150: (-39, 98),
    136: (-47, 92),
    172: (-55, 83),
    58: (-61, 71),
    132: (-65, 59),
    93: (-68, 47),
    116: (-58, 17),
    111: (-50, 19),
    152: (0, 111),
    100: (-22, 29),
    142: (-21, 37),
}
_SMOOTHING: Final = 1.0


def to_chart_from_frontal(points: NDArray[np.floating]) -> Array:
    """Carry frontal mean-face places (..., 2) mm to the chart (..., 2) mm."""
    anchors, weights = _spline()
    flat = np.asarray(points, np.float64).reshape(-1, 2)
    basis = np.hstack([thin_plate(flat, anchors), np.ones((len(flat), 1)), flat / 100])
    return np.asarray((basis @ weights).reshape(points.shape))


@cache
def _spline() -> tuple[Array, Array]:
    chart = forehead_raised(mean_face())
    frontal, target = [], []
    for point, (x, y) in _PLACES.items():
        frontal.append((x, y))
        target.append(chart[point])
        if MIRROR[point] != point:
            frontal.append((-x, y))
            target.append(chart[MIRROR[point]])
    anchors, values = np.array(frontal, np.float64), np.array(target)
    count = len(anchors)
    affine = np.column_stack([np.ones(count), anchors / 100])
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = thin_plate(anchors, anchors) + _SMOOTHING * np.eye(count)
    system[:count, count:], system[count:, :count] = affine, affine.T
    return anchors, np.linalg.solve(system, np.vstack([values, np.zeros((3, 2))]))

"""The simple shapes around a face, as grids of points in the head frame: ears, neck, shoulders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One shape."""

    grid: Array  # (R, C, 3) mm
    cloth: NDArray[np.float32]  # (R, C) 0 skin, 1 garment
    open_sky: NDArray[np.float32]  # (R, C) 0..1, folds and hollows are darker


def ear(side: int, width: float) -> Part:
    """The ear of one side; ``side`` is -1 for the subject's right, ``width`` of the head in mm."""
    rings, turns = 24, 72
    r = np.linspace(0, 1, rings)[:, None]
    t = np.linspace(0, 2 * np.pi, turns)[None, :]
    egg = 1 + 0.12 * np.cos(t) - 0.16 * np.maximum(np.sin(t), 0) ** 2
    back = r * 13.5 * egg * np.cos(t)  # towards the back of the head
    down = r * 28.0 * np.sin(t) * np.where(np.sin(t) > 0, 1.0, 0.95)
    rim = np.exp(-((r - 0.86) ** 2) / 0.008) * np.clip(
        1.1 - np.sin(t) * 0.5 + 0.5 * np.cos(t), 0, 1.6
    )
    inner = np.exp(-((r - 0.52) ** 2) / 0.012) * np.clip(0.4 + np.cos(t), 0, 1.4)
    hollow = np.exp(-(((back + 2.0) / 6.5) ** 2) - ((down - 4.0) / 9.0) ** 2)
    lobe = np.exp(-((back + 3) ** 2 + (down - 27) ** 2) / 60.0)
    out = 7.0 + 4.0 * rim + 2.6 * inner - 4.0 * hollow + 2.0 * lobe + 0.26 * (back + 13)
    out = out - 12.0 * np.clip(r - 0.93, 0, 1) / 0.07 * (0.4 + 0.0 * t)
    x = side * (width / 2 - 1.5 + out - 0.16 * np.maximum(down, 0))
    y = -9.0 + down + 0.18 * back
    z = 74.0 + 0.92 * back + 0.12 * down
    grid = np.stack([x, y, z], -1)
    shade = np.clip(1 - 0.75 * hollow - 0.3 * np.exp(-((r - 0.70) ** 2) / 0.006), 0.1, 1)
    # The rasteriser draws front faces only: the winding follows the side.
    turn = slice(None, None, -1) if side > 0 else slice(None)
    return Part(
        grid=grid[:, turn],
        cloth=np.zeros(shade.shape, np.float32),
        open_sky=shade[:, turn].astype(np.float32),
    )


def neck() -> Part:
    """Neck, shoulders and the collar of a plain garment."""
    rows, turns = 90, 96
    y = np.linspace(35, 260, rows)[:, None]
    t = np.linspace(-np.pi * 0.75, np.pi * 0.75, turns)[None, :]
    flare = np.clip((y - 112) / 60, 0, 3)
    half_width = 54.0 + 3.0 * np.clip((y - 70) / 40, 0, 1) + 62.0 * flare**1.5
    half_depth = 52.0 + 26.0 * flare
    x = half_width * np.sin(t)
    z = 92.0 - 0.10 * (y - 60) - half_depth * np.cos(t)
    muscle = 2.0 * np.exp(-((np.abs(t) - 0.55 + (y - 60) / 260) ** 2) / 0.12)
    z = z - muscle
    larynx = 3.0 * np.exp(-(t**2) / 0.03 - ((y - 122) / 14) ** 2)
    z = z - larynx
    grid = np.stack([x, np.broadcast_to(y, x.shape), z], -1)
    collar = 150 - 26 * np.abs(np.sin(t)) ** 1.5
    cloth = 1 / (1 + np.exp(-(y - collar) / 0.8))
    under_chin = 1 - 0.55 * np.exp(-np.clip(y - 78, 0, None) / 26)
    return Part(
        grid=grid,
        cloth=np.broadcast_to(cloth, x.shape).astype(np.float32),
        open_sky=np.broadcast_to(under_chin, x.shape).astype(np.float32),
    )

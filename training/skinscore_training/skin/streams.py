"""Named random streams: what one layer draws never shifts what another layer draws."""

import zlib

import numpy as np
from numpy.typing import NDArray


def stream(seed: int, *names: int | str) -> np.random.Generator:
    """Return the generator of ``names`` under ``seed``; the same arguments, the same numbers."""
    words = [name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def coin(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def wave(
    rng: np.random.Generator, position: NDArray[np.float64], length: float
) -> NDArray[np.float64]:
    """Return a smooth random curve over ``position``, about unit variance.

    Args:
        position: any shape; same unit as ``length``.
        length: the longest wavelength; the curve has this one, its half and its third.
    """
    phase = rng.uniform(0, 2 * np.pi, 3)
    size = rng.normal(0, (1.0, 0.35, 0.15))
    out = np.zeros_like(position)
    for harmonic in range(3):
        out += size[harmonic] * np.sin(
            2 * np.pi * (harmonic + 1) * position / length + phase[harmonic]
        )
    return out

"""Named random streams: what one layer draws never shifts what another layer draws."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stream(seed: int, *names: int | str) -> np.random.Generator:
    """Return the generator of ``names`` under ``seed``; the same arguments, the same numbers."""
    words = [name if isinstance(name, int) else zlib.crc32(name.encode()) for name in names]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def coin(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


@dataclass(frozen=True, slots=True)
class Waves:
    """Smooth random curves of about unit variance; the arrays are (n,3), one row per curve."""

    turns: Floats  # rad per unit of position
    phase: Floats
    size: Floats

    @staticmethod
    def draw(rng: np.random.Generator, length: Floats) -> "Waves":
        """Draw one curve per ``length`` (n,): its longest wavelength, with half and third of it."""
        shape = (length.size, 3)
        return Waves(
            turns=2 * np.pi * np.arange(1, 4) / length[:, None],
            phase=rng.uniform(0, 2 * np.pi, shape),
            size=rng.normal(0, (1.0, 0.35, 0.15), shape),
        )

    def at(self, position: Floats, curve: NDArray[np.int64] | None = None) -> Floats:
        """Return the curves' values.

        Args:
            position: (1,P) or (n,P) for all curves; or (m,) with ``curve``.
            curve: (m,) which curve each position lies on.
        """
        row = (slice(None), None) if curve is None else (curve,)
        turns, phase, size = self.turns[row], self.phase[row], self.size[row]
        out: Floats = (size * np.sin(turns * position[..., None] + phase)).sum(-1)
        return out

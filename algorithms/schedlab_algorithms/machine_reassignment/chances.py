"""What a run draws from: random numbers, and noise that is drawn once and read again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.machine_reassignment.columns import Floats

POOL = 1 << 20
"""How many numbers of noise are drawn once and read from random places ever after."""


@dataclass(frozen=True)
class Chances:
    """Random numbers, and negative Gumbel noise: float32, shape (POOL,)."""

    random: np.random.Generator
    noise: NDArray[np.float32]

    @classmethod
    def of(cls, seed: int) -> Chances:
        """Return the chances of a seed."""
        random = np.random.default_rng(seed)
        noise = np.log(-np.log(random.random(POOL)))
        return cls(random, noise.astype(np.float32))

    def noises(self, *shape: int) -> NDArray[np.float32]:
        """Return noise of a shape, of POOL numbers at most."""
        size = int(np.prod(shape))
        start = int(self.random.integers(POOL - size + 1))
        return self.noise[start : start + size].reshape(shape)

    def agrees(self, worse: Floats, temperature: float) -> NDArray[np.bool_]:
        """Return which prices to accept that are so much worse than those seen."""
        return self.random.random(len(worse)) < np.exp(np.minimum(-worse / temperature, 0))

"""New patterns, for all kinds of nodes at once: random, but exact in their last two pods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.column_generation.kinds import Kinds
from schedlab_algorithms.filling.drawing import Shape, draw
from schedlab_algorithms.filling.exchanging import exchange
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats, Items
from schedlab_algorithms.filling.pairs import Pairs, top_up
from schedlab_algorithms.packing.arrays import Ints

AMPLE = 1 << 40
"""As many pods as could ever be wanted: a pattern is not held to the supply."""

INEXHAUSTIBLE = 1e12
"""What a plan is multiplied with so that drawing does not use it up."""

SPARE = 3.0
"""Room for so many average pods is left to be filled exactly."""

EXCHANGES = 1

STEEPNESS = 20.0
"""An item worth 1 % more by its size is drawn about 20 % more often."""

RARE = 0.1
"""What an item counts in a plan that does not name it, in pods."""


@dataclass
class Pricer:
    """Makes patterns of ``items`` for ``kinds``; ``plan`` (G, I) are the pods of a relaxation."""

    items: Items
    kinds: Kinds
    plan: Floats
    stopped: Callable[[], bool]
    generator: np.random.Generator
    looked: int = 0

    def __post_init__(self) -> None:
        offered = self.kinds.size @ np.maximum(self.kinds.room, 0)
        self.shape = Shape.of(self.items.sizes, self.plan.sum(axis=0), offered)

    def as_planned(self, values: Floats, tries: int) -> tuple[Ints, Ints]:
        """Return patterns in the proportions of the plan, filled up by ``values`` (I,).

        ``tries`` for each kind: their kinds (P,) and the patterns themselves (P, I).
        """
        return self._patterns(values, self.plan, tries)

    def by_worth(self, values: Floats, tries: int) -> tuple[Ints, Ints]:
        """Return patterns of items that are worth much by their size, as above."""
        chance = np.maximum(self.plan, RARE) * _density(self.items, self.shape, values)
        return self._patterns(values, chance, tries)

    def _patterns(self, values: Floats, chance: Floats, tries: int) -> tuple[Ints, Ints]:
        kind = np.repeat(np.arange(len(self.kinds)), tries)
        filling = Filling.empty(
            self.items.sizes,
            self.kinds.eligible[:, kind] & (values > 0)[:, None],
            self.kinds.room[kind],
            np.full(len(values), AMPLE),
            self.stopped,
        )
        draw(filling, kind, chance * INEXHAUSTIBLE, self.shape, SPARE, self.generator)
        pairs = Pairs.of(values, self.items.sizes)
        top_up(filling, pairs, np.arange(len(kind)))
        for _ in range(EXCHANGES):
            exchange(filling, pairs, self.generator)
        self.looked += filling.looked
        return kind, filling.counts


def _density(items: Items, shape: Shape, values: Floats) -> Floats:
    """Return how often items are drawn for what they are worth by their size, shape (I,).

    The size is measured by the prices of resources that explain the values best.
    """
    scaled = items.sizes * shape.scale
    prices = np.linalg.lstsq(scaled, values, rcond=None)[0]
    size = scaled @ np.maximum(prices, 0.0)
    density = np.where(size > 0, values / np.maximum(size, 1e-300), 1.0)
    return np.clip(density, 0.0, 1.5) ** STEEPNESS

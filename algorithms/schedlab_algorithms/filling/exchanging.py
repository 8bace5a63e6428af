"""Taking a few pods off some nodes and filling these again, better if possible."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.pairs import Pairs, top_up
from schedlab_algorithms.packing.arrays import Ints

AT_A_TIME = 2
"""How many pods leave a node: as many as are then chosen exactly."""


def exchange(filling: Filling, pairs: Pairs, generator: np.random.Generator) -> None:
    """Take two random pods off half of the nodes, and put the best pairs in their place."""
    nodes = len(filling.room)
    rows = generator.permutation(nodes)[: max(nodes // 2, 1)]
    for _ in range(AT_A_TIME):
        _take_one(filling, rows, generator)
    top_up(filling, pairs, rows)


def _take_one(filling: Filling, rows: Ints, generator: np.random.Generator) -> None:
    """Take one pod off each of some nodes, of a kind drawn at random."""
    held = filling.counts[rows] > 0
    lot = np.where(held, generator.random(held.shape, dtype=np.float32), -1.0)
    items = lot.argmax(axis=1)
    some = held.any(axis=1)
    filling.add(rows[some], items[some], sign=-1)
    filling.looked += held.size

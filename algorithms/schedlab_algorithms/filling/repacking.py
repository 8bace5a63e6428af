"""Packing some nodes anew from what they hold and what waits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.filling.displacing import displace
from schedlab_algorithms.filling.drawing import Shape, draw
from schedlab_algorithms.filling.exchanging import exchange
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Floats, Items
from schedlab_algorithms.filling.pairs import Pairs, top_up
from schedlab_algorithms.filling.planning import Plan, plan
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.work import Work

SPARE = 3.0
"""Room for so many average pods is left to be filled exactly."""

AT_PRICES, AT_WEIGHTS = 3, 3
"""Rounds of exchanges by what pods are worth beyond their price, and then by their weights."""

COST_OF_LOOK = 1.2e-8
"""Deterministic seconds for each pair of node and item that was looked at."""

COST_OF_PLAN = 4e-6
"""Deterministic seconds for each pair of group and item in a linear program."""


@dataclass
class Repacker:
    """Packs sets of nodes of a work anew; ``group`` (N,) are the nodes' groups."""

    work: Work
    items: Items
    group: Ints
    generator: np.random.Generator

    def repack(self, nodes: Ints) -> bool:
        """Pack some nodes anew, unless that is worse; say whether it is better."""
        work, items = self.work, self.items
        if not len(items):
            return False
        filling = lifted(work, items, nodes)
        planned = plan(filling, items.weights, self.group[nodes])
        filled = fill(filling, planned, items.weights, self.generator)
        work.effort.charge(COST_OF_LOOK * filled.looked + COST_OF_PLAN * planned.pods.size)
        better = items.put(work.incumbent, nodes, filled.counts)
        work.counters["repacked"] += 1
        work.counters["improvements"] += better
        return better


def lifted(work: Work, items: Items, nodes: Ints) -> Filling:
    """Return some nodes without the pods that may be packed anew, which join those waiting."""
    incumbent = work.incumbent
    held = items.counts(incumbent, nodes)
    room = items.room(incumbent, nodes) + held @ items.sizes
    pool = incumbent.unplaced[items.signatures] + held.sum(axis=0)
    eligible = items.eligible(incumbent, nodes)
    return Filling.empty(items.sizes, eligible, room, pool, work.effort.is_over)


def fill(
    filling: Filling, planned: Plan, weights: Floats, generator: np.random.Generator
) -> Filling:
    """Fill empty nodes: most of the way as planned, then exactly, then better by exchanges."""
    shape = Shape.of(filling.sizes, planned.pods.sum(axis=0), filling.room.sum(axis=0))
    draw(filling, planned.group, planned.pods.copy(), shape, SPARE, generator)
    pairs, every = Pairs.of(planned.values, filling.sizes), np.arange(len(filling.room))
    top_up(filling, pairs, every)
    for _ in range(AT_PRICES):
        if not filling.stopped():
            exchange(filling, pairs, generator)
    displace(filling, weights, shape.mass)
    return _improved(filling, weights, generator)


def _improved(filling: Filling, weights: Floats, generator: np.random.Generator) -> Filling:
    """Exchange by weights as long as that is better, and return the best."""
    pairs, best = Pairs.of(weights, filling.sizes), filling.copy()
    for _ in range(AT_WEIGHTS):
        if filling.stopped():
            break
        exchange(filling, pairs, generator)
        if filling.worth(weights) >= best.worth(weights):
            best = filling.copy()
        else:
            looked = filling.looked
            filling = best.copy()
            filling.looked = looked
    best.looked = filling.looked
    return best

"""The steps of column generation on one master problem."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.column_generation.bound import LIMIT, searched
from schedlab_algorithms.column_generation.kinds import Kinds, distinct
from schedlab_algorithms.column_generation.master import Master, Prices
from schedlab_algorithms.column_generation.pricing import Pricer
from schedlab_algorithms.column_generation.restricted import restricted
from schedlab_algorithms.column_generation.rounding import filled, rounded
from schedlab_algorithms.filling.filling import Filling
from schedlab_algorithms.filling.items import Items
from schedlab_algorithms.filling.planning import Plan
from schedlab_algorithms.filling.repacking import COST_OF_LOOK
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.work import Work

FIRST_TRIES, TRIES = 64, 16
"""Patterns that are tried for each kind: in the proportions of the relaxation, and by worth."""

FROM_START = 3000
"""Patterns that the start may contribute."""

KEPT = 2
"""How many of these enter the master problem for each kind."""

COST_OF_COLUMN = 2.4e-5
"""Deterministic seconds for each column whenever the master problem is solved."""

SMOOTH = (0.7, 0.5, 0.0)
"""How much of the values before goes into those at which patterns are sought, in turn."""

HALF, NEVER = 0.5, 2.0
"""From which fraction on patterns are rounded up."""

GAIN = 1e-7
"""What a pattern gains at least, by its price."""

ROUNDED_AFTER = (0, 6, 16, 48)
"""After which rounds there is something to show."""

WHOLE = 0.1
"""Which part of the effort left goes into whole numbers by CP-SAT."""


@dataclass
class Generation:
    """One master problem, on the nodes of ``filling``, and what it has come to."""

    work: Work
    items: Items
    filling: Filling
    kinds: Kinds
    planned: Plan
    generator: np.random.Generator

    def __post_init__(self) -> None:
        self.master = Master(self.kinds.size, self.filling.pool, self.items.weights)
        self.pricer = Pricer(
            self.items,
            self.kinds,
            self.planned.pods,
            self.work.effort.is_over,
            self.generator,
        )
        self.values = self.planned.values
        self.rounds, self.limit, self.complete = 0, LIMIT, False

    def begin(self, nodes: Ints) -> None:
        """Add the patterns of the incumbent, and many in the proportions of the relaxation."""
        counts = self.items.counts(self.work.incumbent, nodes)
        patterns = distinct(np.column_stack([self.kinds.of, counts]))[0]
        for node in patterns[:FROM_START].tolist():
            if self.work.effort.is_over():
                return
            self.master.add(int(self.kinds.of[node]), counts[node])
        tries = self.pricer.as_planned(self.planned.values, FIRST_TRIES)
        self.work.effort.charge(COST_OF_LOOK * self.pricer.looked)
        for kind, pattern in zip(*tries, strict=True):
            self.master.add(int(kind), pattern)

    def solve(self) -> Prices | None:
        """Solve the master problem."""
        self.work.effort.charge(COST_OF_COLUMN * len(self.master.patterns))
        return self.master.solve(self.work.effort.is_over)

    def optimum(self, nodes: Ints) -> Prices | None:
        """Solve the master problem, and make a placement of it now and then."""
        prices = None if self.work.effort.is_over() else self.solve()
        if prices is not None and self.rounds in ROUNDED_AFTER:
            self.round(prices, nodes, HALF)
        return prices

    @property
    def over(self) -> bool:
        """Whether there is no more to seek: the effort is spent, or nothing would be better."""
        return self.work.effort.exhausted() or self.complete or self.proven

    def price(self, prices: Prices) -> int:
        """Add patterns that are worth their price, and count them.

        They are sought at the master's prices, which jump from one solution to the next, or
        in between these and the last ones, which leads there faster (Wentges, 1997).
        """
        own = np.maximum(self.items.weights - prices.pods, 0.0)
        part = SMOOTH[self.rounds % len(SMOOTH)]
        self.values = part * self.values + (1 - part) * own
        looked = self.pricer.looked
        kinds, patterns = self.pricer.by_worth(self.values, TRIES)
        self.work.effort.charge(COST_OF_LOOK * (self.pricer.looked - looked))
        gain = patterns @ (self.items.weights - prices.pods) - prices.nodes[kinds]
        order = np.lexsort((-gain, kinds))
        rank = np.arange(len(order)) - np.searchsorted(kinds[order], kinds[order])
        best = order[(rank < KEPT) & (gain[order] > GAIN * (1 + prices.nodes[kinds[order]]))]
        self.rounds += 1
        self.work.counters["pricing_rounds"] += 1
        return sum(self.master.add(int(kinds[i]), patterns[i]) for i in best)

    def round(self, prices: Prices, nodes: Ints, least: float) -> None:
        """Make a placement of the master's solution, and keep it unless it is worse.

        Fractions of patterns from ``least`` on are rounded up.
        """
        self.put(rounded(self.master, prices.used, least), nodes)

    def put(self, times: Ints, nodes: Ints) -> None:
        """Make a placement of patterns used so often, and keep it unless it is worse."""
        weights, generator = self.items.weights, self.generator
        whole = filled(self.filling, self.master, self.kinds, times, weights, generator)
        self.work.effort.charge(COST_OF_LOOK * whole.looked)
        if not self.work.effort.cancelled() and self.items.put(
            self.work.incumbent, nodes, whole.counts
        ):
            self.work.note()

    @property
    def proven(self) -> bool:
        """Whether nobody places more: the bound is reached."""
        work = self.work
        return work.incumbent.objectives == ("value",) and work.value >= math.floor(work.bound)

    def search(self, prices: Prices) -> int:
        """Add the patterns worth most at the master's prices, count them, and lower the bound."""
        parts = self.work, self.items, self.filling, self.kinds, prices
        patterns, whole = searched(*parts, self.limit)
        added = sum(self.master.add(kind, pattern) for kind, pattern in patterns)
        self.complete = whole and not added
        self.rounds += 1
        self.work.counters["exact_rounds"] += 1
        self.work.note()
        return added

    def finish(self, prices: Prices, nodes: Ints) -> None:
        """Make the best of the last solution."""
        for least in (HALF, NEVER):
            if not self.work.effort.is_over():
                self.round(prices, nodes, least)
        if not self.work.effort.exhausted() and not self.proven:
            self.restrict(nodes)

    def restrict(self, nodes: Ints) -> None:
        """Choose whole numbers of patterns by CP-SAT, those of the incumbent among them."""
        counts, effort = self.items.counts(self.work.incumbent, nodes), self.work.effort
        hint = self.master.often(self.kinds.of, counts)
        prices = self.solve()
        if prices is None:
            return
        with effort.within(WHOLE):
            times = restricted(self.master, prices, hint, effort.left, effort)
        if times is not None:
            self.put(times, nodes)

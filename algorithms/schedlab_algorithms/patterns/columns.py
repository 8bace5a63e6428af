"""Column generation: patterns that pay, until none does, and the bound on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.patterns.bounds import price_bound
from schedlab_algorithms.patterns.greedy import greedy_fillings
from schedlab_algorithms.patterns.knapsack import best_fillings
from schedlab_algorithms.patterns.master import Master
from schedlab_algorithms.patterns.problem import BinPacking, Floats, Ints

SCALE = 10**7
"""The price of one unit of cost, as an integer."""
TRIES = 96
"""Greedy fillings for each kind of bin and round."""
ADDED = 40
"""Patterns of a kind that join the master program in one round at most."""
ENOUGH, PER_TYPE = 10, 12
"""With fewer than this, or a type in so many, from the greedy fillings, the exact search is
asked for as many."""
SMOOTHING = 0.5
"""How much the prices of the best bound count beside those of the master program."""
GAIN = 1e-6
"""A pattern pays if it is worth so much more than it costs."""
PARTLY = 128
"""How many times less the exact search may do for a part of the demand, where nothing is proven."""
LIMIT = 1 << 23
"""How many partial bins one exact search may look at."""


@dataclass
class Generation:
    """Column generation on one master program.

    Attributes
    ----------
    demand : int64, shape (T,)
        What is to be served; :meth:`serve` changes it and ``bins``.
    bins : int64, shape (G,)
    bound : int
        The bins for the whole demand cost at least this; proven in integers.
    settled : bool
        Whether more columns for the whole demand could not raise the bound.
    """

    problem: BinPacking
    master: Master
    generator: np.random.Generator
    effort: Effort
    bound: int = 0
    limit: int = LIMIT
    settled: bool = False

    def __post_init__(self) -> None:
        self.demand, self.bins = self.problem.demand, self.problem.bins
        self.enough = max(ENOUGH, len(self.demand) // PER_TYPE)
        self._centre: Floats | None = None
        self._reached = 0.0

    def serve(self, demand: Ints, bins: Ints) -> None:
        """Go on with a part of the demand, and a part of the bins."""
        self.demand, self.bins = demand, bins
        self._centre, self._reached = None, 0.0
        self.master.serve(demand, bins)

    @property
    def whole(self) -> bool:
        """Whether everything is to be served by all bins."""
        return self.demand is self.problem.demand and self.bins is self.problem.bins

    def settle(self, rounds: int = 1 << 30) -> float:
        """Generate until nothing pays, the bound is reached, or the effort is spent.

        Returns the value of the master program.
        """
        value = self._solved()
        for _ in range(rounds):
            if self.effort.exhausted():
                break
            if (self.whole and math.ceil(value - GAIN) <= self.bound) or not self._round():
                self.settled |= self.whole
                break
            value = self._solved()
        return value

    @property
    def over(self) -> Callable[[], bool]:
        """What tells whether the clock has run out, or nobody waits any more."""
        effort = self.effort
        return effort.cancelled if math.isinf(effort.deadline) else lambda: not effort.affords(0)

    def _solved(self) -> float:
        before = self.master.iterations
        value = self.master.solve(self.over)
        self.effort.charge(1e-7 * (self.master.iterations - before) * len(self.demand))
        return value

    def _round(self) -> bool:
        """Add patterns that pay; return False if there are none."""
        prices, centre = self.master.prices, self._centre
        tried = prices if centre is None else SMOOTHING * centre + (1 - SMOOTHING) * prices
        kinds = range(len(self.problem.capacity))
        added = sum(self._fill_greedily(kind, tried, prices) for kind in kinds)
        if added < self.enough:
            added += self._search(tried, prices)
        if added or centre is None:
            return added > 0
        self._centre = None  # nothing pays at the smoothed prices: try the program's own
        return True

    def _fill_greedily(self, kind: int, tried: Floats, prices: Floats) -> int:
        """Add the best greedy fillings of a kind, not too similar; return how many."""
        problem = self.problem
        found = greedy_fillings(
            tried,
            problem.sizes,
            np.minimum(problem.most[kind], self.demand),
            problem.capacity[kind],
            self.generator,
            TRIES,
        )
        self.effort.charge(1e-9 * found.size * max(int(found.sum(axis=1).max()), 1))
        worth = found @ prices
        paying = np.flatnonzero(worth > self._cost(kind) + GAIN)
        ranked = paying[np.argsort(-worth[paying], kind="stable")]
        return self._add_unlike(kind, found[ranked])

    def _add_unlike(self, kind: int, patterns: Ints) -> int:
        """Add patterns, leaving out those with half of their items in earlier ones."""
        seen, added = np.zeros(patterns.shape[1], np.bool_), 0
        for pattern in patterns:
            if added < ADDED and 2 * int(pattern[seen].sum()) <= int(pattern.sum()):
                added += self.master.add(pattern, kind)
                seen |= pattern > 0
        return added

    def _search(self, tried: Floats, prices: Floats) -> int:
        """Add what the exact search finds for every kind, and raise the bound."""
        values = np.floor(tried * SCALE).astype(np.int64)
        best, added = [], 0
        for kind in range(len(self.problem.capacity)):
            found = best_fillings(
                values,
                self.problem.sizes,
                np.minimum(self.problem.most[kind], self.demand),
                self.problem.capacity[kind],
                floor=int(self._cost(kind) * SCALE),
                keep=self.enough,
                limit=self.limit if self.whole else self.limit // PARTLY,
                enough=self.enough,
                ended=self.over,
            )
            self.effort.charge(4e-7 * found.work)
            best.append(found.bound)
            paying = found.patterns @ prices > self._cost(kind) + GAIN
            added += sum(self.master.add(pattern, kind) for pattern in found.patterns[paying])
        self._prove(values, np.array(best), tried)
        return added

    def _cost(self, kind: int) -> float:
        """Return what a bin of a kind costs, and what it costs others that it is taken."""
        return float(self.problem.cost[kind]) + float(self.master.rents[kind])

    def _prove(self, values: Ints, best: Ints, tried: Floats) -> None:
        """Raise the bound by prices, and stay near them if they are the best so far."""
        reached = price_bound(self.problem, self.demand, self.bins, values, best, SCALE)
        if reached > self._reached:
            self._reached, self._centre = float(reached), tried
        if self.whole:
            self.bound = max(self.bound, math.ceil(reached))

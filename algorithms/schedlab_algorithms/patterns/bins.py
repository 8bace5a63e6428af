"""The fewest equal bins for a set of items."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.patterns.bounds import conflict_bound, dual_feasible_bound, volume_bound
from schedlab_algorithms.patterns.columns import Generation
from schedlab_algorithms.patterns.diving import dive
from schedlab_algorithms.patterns.heuristics import greedy_packings
from schedlab_algorithms.patterns.master import Master
from schedlab_algorithms.patterns.problem import Ints, identical_bins
from schedlab_algorithms.patterns.restricted import cover

WEIGHTINGS = 24
"""Weightings of the dimensions drawn at random for the greedy packings."""
SEEDS = 30
"""Greedy packings whose bins are the first patterns."""
PENALTY = 3.0
"""What an item costs that no pattern serves; a bin costs 1."""
FIRST_ROUNDS = 40
"""Rounds of column generation before the first dive; each next time twice as many."""
NOISE = 0.2
"""How much chance plays in all dives but the first."""
COVERING = 2.0
"""CP-SAT's deterministic seconds for covering by known patterns, after a dive in vain."""


@dataclass
class BinsFound:
    """Bins, and a bound on how few they could be.

    Attributes
    ----------
    patterns : int64, shape (B, T)
        The items of each bin.
    bound : int
        No packing has fewer bins.
    history : list of (float, int, int)
        CPU seconds, bins and bound whenever one of them improved.
    """

    patterns: Ints
    bound: int
    history: list[tuple[float, int, int]] = field(default_factory=list)
    started: float = field(default_factory=time.process_time)

    @property
    def proven(self) -> bool:
        """Whether there are no fewer bins."""
        return len(self.patterns) <= self.bound

    def improve(self, patterns: Ints, bound: int) -> None:
        """Take over what is better."""
        fewer, higher = len(patterns) < len(self.patterns), bound > self.bound
        self.patterns = patterns if fewer else self.patterns
        self.bound = max(bound, self.bound)
        if fewer or higher:
            self.note()

    def note(self) -> None:
        """Write down what there is."""
        seconds = time.process_time() - self.started
        self.history.append((seconds, len(self.patterns), self.bound))


def minimum_bins(sizes: Ints, demand: Ints, capacity: Ints, effort: Effort) -> BinsFound:
    """Pack all items into as few equal bins as can be found within an effort.

    Greedy packings and combinatorial bounds first; then column generation with Farley's bound
    (Gilmore and Gomory, 1961), with dives for whole bins in between.  Deterministic for the
    seed and the deterministic seconds of the effort.

    Parameters
    ----------
    sizes, demand, capacity
        As of :func:`~schedlab_algorithms.patterns.problem.identical_bins`.

    Raises
    ------
    ValueError
        If a single item does not fit into a bin.
    """
    started = time.process_time()
    problem = identical_bins(sizes, demand, capacity)
    generator = np.random.default_rng(effort.seed)
    packings = greedy_packings(problem, generator, WEIGHTINGS)
    bound = max(volume_bound(problem), conflict_bound(problem), dual_feasible_bound(problem))
    found = BinsFound(packings[0], bound, started=started)
    found.note()
    if not found.proven:
        master = Master(problem, PENALTY)
        for pattern in (pattern for packing in packings[:SEEDS] for pattern in packing):
            master.add(pattern)
        _search(Generation(problem, master, generator, effort, bound), found)
    return found


def _search(generation: Generation, found: BinsFound) -> None:
    """Generate columns and dive, in turn, until it is proven or the effort is spent."""
    effort, rounds, dives = generation.effort, FIRST_ROUNDS, 0
    while not found.proven and not effort.exhausted():
        if not generation.settled:
            generation.settle(rounds)
            rounds *= 2
            found.improve(found.patterns, generation.bound)
        dives += 1
        noise = NOISE if dives > 1 else 0.0
        bins = None if found.proven else dive(generation, len(found.patterns), dives, noise)
        if bins is None and generation.settled and not found.proven:
            bins = cover(generation, len(found.patterns), COVERING)
        if bins is not None:
            found.improve(np.array([pattern for _, pattern in bins]), generation.bound)

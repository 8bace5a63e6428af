"""What an algorithm is given to improve: an incumbent, what may move, and what bounds it."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from schedlab.api import IncumbentPoint
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.gangs import GangRule
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.rules import Rules
from schedlab_algorithms.packing.sequence import Component
from schedlab_algorithms.packing.starts import Start


@dataclass(eq=False)
class Work:
    """A greedy start and what became of it.

    Attributes
    ----------
    start : Start
    incumbent : Incumbent
        Changed in place; whoever changes it calls :meth:`note`.
    movable : bool, shape (S,)
        Signatures that may be moved; ``parts`` are their spread constraints and affinity
        terms.
    gangs : sequence of GangRule
        Pods that are placed together or not at all.
    bound : float
        What no placement's value exceeds: of the certificate, or a better one found since.
    optimal : bool
        Whether the incumbent is proven to be the best of all placements.
    exhausted : bool
        Whether nothing was left to try.
    counters : Counter
        What the algorithm did, for ``Placement.info``.
    """

    start: Start
    incumbent: Incumbent
    certificate: Certificate
    movable: Mask
    parts: Sequence[Component]
    effort: Effort
    gangs: Sequence[GangRule] = ()
    bound: float = math.inf
    optimal: bool = False
    exhausted: bool = False
    counters: Counter[str] = field(default_factory=Counter)
    points: list[IncumbentPoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bound = min(self.bound, self.certificate.bound)
        self.note()

    @property
    def value(self) -> int:
        """The pods placed, weighted by tier."""
        problem = self.incumbent.problem
        return int(self.certificate.weights @ (problem.supply - self.incumbent.unplaced))

    @property
    def unordered(self) -> Mask:
        """Movable signatures of which any pod may be placed before any other, shape (S,).

        They state no spread constraint or affinity, none counts them, and they are of no gang.
        """
        unordered = self.movable.copy()
        for part in self.parts:
            unordered[part.members] = False
        for gang in self.gangs:
            unordered &= ~gang.members
        return unordered

    @property
    def loose(self) -> Mask:
        """Movable signatures that no rule about other pods of the batch concerns, shape (S,)."""
        loose = self.unordered
        for exclusion in self.incumbent.exclusions:
            loose &= ~exclusion.members
        return loose

    def note(self) -> None:
        """Remember when the incumbent became as good as it is.

        Where the best in the first objective is the best in value, a proof is a bound.
        """
        objective, tiers = self.incumbent.objectives[0], self.incumbent.problem.tiers
        if self.optimal and (objective == "value" or tiers == 1):
            self.bound = min(self.bound, self.value)
        value, bound = self.value, math.floor(self.bound)
        if self.points and (self.points[-1].value, self.points[-1].bound) == (value, bound):
            return
        seconds = time.perf_counter() - self.effort.started
        self.points.append(IncumbentPoint(seconds, self.effort.spent, value, bound))


def work_on(start: Start, rules: Rules, certificate: Certificate, effort: Effort) -> Work:
    """Return a start as something to improve."""
    movable, parts = rules.movable(start.incumbent.counts)
    start.incumbent.exclusions = rules.exclusions
    return Work(start, start.incumbent, certificate, movable, parts, effort, rules.gangs)

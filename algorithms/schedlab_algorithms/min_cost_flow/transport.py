"""Pods of equal size and the slots that nodes have for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.incumbent import Incumbent


@dataclass(frozen=True)
class Transport:
    """Pods of m signatures, all of one size, and n nodes with slots of that size.

    Attributes
    ----------
    supply : int64, shape (m,)
    rank : int64, shape (m,)
        0 for the lowest priority in the batch, counting up.
    slots : int64, shape (n,)
        How many of these pods the node holds, whichever they are.
    allowed : bool, shape (m, n)
    cost : int64, shape (m, n)
        What it costs to put a pod there, 0 to ``dearest``.
    """

    supply: Ints
    rank: Ints
    slots: Ints
    allowed: Mask
    cost: Ints

    @property
    def dearest(self) -> int:
        """The highest cost of any allowed pair."""
        return int(self.cost[self.allowed].max(initial=0))

    @property
    def penalties(self) -> Ints:
        """What it costs to leave a pod of each signature, shape (m,).

        One more pod of a rank outweighs all that can change in the costs of where pods are:
        an improving cycle passes each signature and each node once.
        """
        swing = self.dearest * 2 * min(self.allowed.shape)
        return (swing + 1) * (1 + self.rank)


def sizes(incumbent: Incumbent, among: Mask) -> Iterator[Ints]:
    """Yield the signatures ``among`` (S,) that request the same, those of high tiers first."""
    problem, which = incumbent.problem, np.flatnonzero(among)
    size = np.unique(problem.requests[which], axis=0, return_inverse=True)[1].reshape(-1)
    alike = [which[size == k] for k in range(int(size.max(initial=-1)) + 1)]
    yield from sorted(alike, key=lambda s: (problem.tier[s].min(), -problem.dominant_share[s[0]]))


def transport(incumbent: Incumbent, signatures: Ints, cost: Ints) -> tuple[Transport, Ints]:
    """Lift all pods of signatures of one size; return what can be done, and the n nodes.

    ``cost`` is (m, N).  Everything else stays where the incumbent has it, so a slot is
    exactly a pod: whichever of these pods fill it, they take the same.
    """
    problem, here = incumbent.problem, incumbent.counts[signatures].sum(axis=0, dtype=np.int64)
    request = problem.requests[signatures[0]]
    asked = np.flatnonzero(request)
    more = incumbent.slots.copy()
    if len(asked):
        fits = np.maximum(incumbent.free[:, asked], 0) // request[asked]
        more = np.minimum(more, fits.min(axis=1))
    slots = here + np.maximum(more, 0)
    nodes = np.flatnonzero((slots > 0) & problem.eligible[signatures].any(axis=0))
    found = Transport(
        supply=problem.supply[signatures],
        rank=problem.tiers - 1 - problem.tier[signatures],
        slots=np.minimum(slots[nodes], problem.supply[signatures].sum()),
        allowed=problem.eligible[np.ix_(signatures, nodes)],
        cost=cost[:, nodes],
    )
    return found, nodes

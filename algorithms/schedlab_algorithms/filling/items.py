"""The pods that may be packed by room alone, and what they take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab_algorithms.filling.weights import weights_of
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.objectives import Value
from schedlab_algorithms.packing.work import Work

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Items:
    """I signatures whose pods are held to nothing but eligibility, resources and pod counts.

    Attributes
    ----------
    signatures : int64, shape (I,)
        Their numbers in the problem.
    resources : int64, shape (K - 1,)
        Columns of the problem's resources that any of them asks for.
    sizes : int64, shape (I, K)
        What a pod takes of these; the last column is the pod itself: 1.
    weights : float64, shape (I,)
        What a placed pod counts.
    """

    signatures: Ints
    resources: Ints
    sizes: Ints
    weights: Floats

    @classmethod
    def of(cls, work: Work) -> Items:
        """Return the signatures of a work that may be packed so, weighed by its first objective.

        Those with GPUs are not among them: devices are more than a sum.
        """
        problem = work.incumbent.problem
        signatures = np.flatnonzero(work.loose & (problem.gpu_count == 0) & problem.placeable)
        requests = problem.requests[signatures]
        resources = np.flatnonzero(requests.any(axis=0))
        sizes = np.column_stack([requests[:, resources], np.ones(len(signatures), np.int64)])
        weights = weights_of(work.certificate, work.incumbent, work.effort)[signatures]
        return cls(signatures, resources, sizes, weights)

    def __len__(self) -> int:
        return len(self.signatures)

    def room(self, incumbent: Incumbent, nodes: Ints) -> Ints:
        """Return what is free on some nodes, the pods that they may still hold last, (n, K)."""
        free = incumbent.free[np.ix_(nodes, self.resources)]
        return np.column_stack([free, incumbent.slots[nodes]])

    def counts(self, incumbent: Incumbent, nodes: Ints) -> Ints:
        """Return how many pods of each item are on some nodes, shape (n, I)."""
        return incumbent.counts[np.ix_(self.signatures, nodes)].T.astype(np.int64)

    def eligible(self, incumbent: Incumbent, nodes: Ints) -> NDArray[np.bool_]:
        """Return which items some nodes may hold at all, shape (I, n)."""
        return incumbent.problem.eligible[np.ix_(self.signatures, nodes)]

    def hosts(self, incumbent: Incumbent) -> Ints:
        """Return the nodes that may hold any item."""
        return np.flatnonzero(incumbent.problem.eligible[self.signatures].any(axis=0))

    def put(self, incumbent: Incumbent, nodes: Ints, counts: Ints) -> bool:
        """Put ``counts`` (n, I) on nodes in place of what they hold, unless that is worse.

        Says whether the incumbent is better than before.
        """
        before, old = incumbent.value_on(nodes), self.counts(incumbent, nodes)
        incumbent.replace(self.signatures, nodes, counts.T.astype(np.int32), {})
        after: Value = incumbent.value_on(nodes)
        if after < before:
            incumbent.replace(self.signatures, nodes, old.T.astype(np.int32), {})
        return after > before

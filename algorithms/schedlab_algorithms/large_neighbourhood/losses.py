"""Where the value is lost that a placement lacks of its bound, node by node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import PackingProblem, demand_and_offer
from schedlab_algorithms.packing.arrays import Floats, Ints
from schedlab_algorithms.packing.certificate import Certificate

NOTHING = 1e-5
"""Which part of a node's worth is not called lost: what is given is rounded."""


@dataclass(frozen=True)
class Losses:
    """What the relaxation's dual values say that nodes are worth, and what pods give back of it.

    Attributes
    ----------
    worth : float64, shape (N,)
        The rent of all that a node offers.
    gives : float32, shape (S, G)
        What a pod gives on a node of a group: the rent of what it takes, or, if that is
        less, its weight without the price of its signature.
    group : int64, shape (N,)
    """

    worth: Floats
    gives: NDArray[np.float32]
    group: Ints

    @classmethod
    def of(cls, problem: PackingProblem, certificate: Certificate) -> Losses:
        """Price the nodes and pods of a problem."""
        fluid, group = certificate.fluid, certificate.relaxation.group
        requests, offered = demand_and_offer(problem)
        worth = np.einsum("nk,nk->n", fluid.rents[group], offered)
        gained = (certificate.weights - fluid.prices)[:, None]
        gives = np.minimum(requests @ fluid.rents.T, gained)
        return cls(worth, gives.astype(np.float32), group)

    def on(self, counts: NDArray[np.int32]) -> Floats:
        """Return what is lost on each node that holds ``counts`` (S, N) pods, shape (N,).

        Together with what the prices of signatures say of pods that wait, this is all that
        the placement lacks of the bound.
        """
        given = np.einsum("sn,sn->n", self.gives[:, self.group], counts, dtype=np.float64)
        lost = self.worth - given
        return np.where(lost > NOTHING * self.worth, lost, 0.0)

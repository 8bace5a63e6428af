"""DualPriceScore: the node on which a pod takes the least worth, by cached dual prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.baselines.shares import SCALE, free, largest, need
from schedlab_algorithms.dual_price.rents import Rents

Ints = NDArray[np.int64]

PLENTY = np.int64(1) << 47
"""More worth than there can be: of what a node has enough of."""

SPREAD = 10
"""Worth that is left counts for this part of worth that is lost."""


class DualPriceScore(ScorePlugin):
    """Prefers the node that loses the least worth: the cheapest room, and such as is left over.

    Resources have prices by group of nodes: the dual values of a linear program that places
    pods like those of the past on the empty cluster.  They are found once and never change,
    as what a node scores may not depend on other nodes (locality NODE).  A pod takes its
    requests at these prices, and what it takes of the node's *usable* worth: the room as far
    as its scarcest resource suffices for average pods.  So a pod that is large in memory costs
    least where there is more memory than the cpu is good for.

    A little it prefers nodes that have much left.  That spreads pods; where not all fit, those
    that then find no room are a few large ones rather than many small ones.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return minus the worth that is lost, and a part of what is left, shape (n,)."""
        rents = nodes.shared(Rents, lambda: Rents.of(nodes.whole, largest(pod, nodes), SCALE))
        group = nodes.at(rents.group)
        taken, room = need(pod, nodes), free(pod, nodes)
        lost = rents.price @ taken
        left = _usable(rents, room - taken, group)
        return left - _usable(rents, room, group) - lost[group] + left // SPREAD


def _usable(rents: Rents, room: Ints, group: Ints) -> Ints:
    """Return the worth of room (n, R) as far as it can be used in the average mixture, (n,)."""
    price = rents.price[group]
    whole = (price @ rents.mixture)[:, None]
    worth = np.where(price > 0, room * whole // rents.mixture, PLENTY).min(axis=1)
    return np.where(price.any(axis=1), worth, 0)

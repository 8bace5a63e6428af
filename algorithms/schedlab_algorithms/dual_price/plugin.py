"""DualPriceScore: the node on which a pod takes the least worth, by prices that rise with use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Locality, NodeView, PodView, ScorePlugin, Scores

Ints = NDArray[np.int64]

BITS = 14
"""Of a share: 2**BITS is a whole node."""

STEEPNESS = 10
"""What a whole node costs by the part of the price that rises, over what it costs by the other."""

PODS_BY_POWER = 5
"""Of so many average pods on an average node, prices rise by one power more."""

LOWEST_POWER, HIGHEST_POWER = 2, 16


class DualPriceScore(ScorePlugin):
    """Prefers the node where the room that a pod takes is worth least.

    The price of a share of a node rises with the share that is taken already, as in online
    primal-dual algorithms (Buchbinder and Naor, The Design of Competitive Online Algorithms via
    a Primal-Dual Approach, 2009): the later and the more steeply, the more pods like those of
    the past a node holds.  A pod pays the sum over what it asks for.  Prices follow arrivals this
    way, each node's its own pods (locality NODE): a node that is short of a resource is avoided
    by those who need that one, and room stays on all nodes until the last.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return minus the price of what the pod takes, shape (n,)."""
        power = nodes.shared(DualPriceScore, lambda: _power(nodes.whole))
        before = _worth(_share(nodes.requested, nodes.allocatable), power)
        after = _worth(_share(nodes.requested + pod.requests, nodes.allocatable), power)
        return (before - after).sum(axis=1)


def _power(nodes: NodeView) -> int:
    """Return the power that suits how many average pods of the past an average node holds."""
    history, resources = nodes.history, nodes.resources
    often = np.bincount(history.signature, minlength=len(history.specs))
    requests = np.array([[s.request(r) for r in resources] for s in history.specs], np.int64)
    asked = often @ requests.reshape(len(often), len(resources)) / max(int(often.sum()), 1)
    offered = nodes.allocatable.sum(axis=0) / max(len(nodes), 1)
    wanted = asked > 0
    pods = float((offered[wanted] / asked[wanted]).min(initial=PODS_BY_POWER * HIGHEST_POWER))
    return int(np.clip(round(pods / PODS_BY_POWER), LOWEST_POWER, HIGHEST_POWER))


def _share(taken: Ints, offered: Ints) -> Ints:
    """Return what is taken of what is offered in parts of 2**-BITS, at most the whole."""
    share: Ints = np.minimum((taken << BITS) // np.maximum(offered, 1), 1 << BITS)
    return share


def _worth(share: Ints, power: int) -> Ints:
    """Return what a share u costs in all, u + STEEPNESS * u**power, in parts of 2**-(2 * BITS)."""
    linear = share << BITS
    steep = linear
    for _ in range(power - 1):
        steep = (steep * share) >> BITS
    return linear + STEEPNESS * steep

"""Sums over placed pods by topology domain, kept up to date by replaying the change log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from schedlab.model.objects import PodSpec

if TYPE_CHECKING:
    from schedlab.core.cluster import Cluster

Weigh = Callable[[PodSpec], int]


class DomainSums:
    """The weights of all placed pods, summed by the domain of their node.

    ``codes[row]`` is the domain (0 to ``size`` - 1) of each of the cluster's nodes, -1
    where the node does not take part.  A pod's weight is ``weigh(spec)``, evaluated once
    per signature.
    """

    def __init__(
        self, cluster: Cluster, codes: NDArray[np.integer], size: int, weigh: Weigh
    ) -> None:
        self._cluster = cluster
        self._codes = codes
        self._weigh = weigh
        self._weights = np.zeros(0, np.int64)
        self._seen = 0
        self._sums = np.zeros(size, np.int64)

    def current(self) -> NDArray[np.int64]:
        """Return the sums as the cluster stands, shape (size,); do not keep or change them."""
        log, since = self._cluster.log, self._seen
        if since != len(log):
            self._learn(self._cluster.specs)
            weights = self._weights[log.signatures(since)]
            if weights.any():
                self._add(self._codes[log.rows(since)], weights * log.signs(since))
            self._seen = len(log)
        return self._sums

    def _learn(self, specs: list[PodSpec]) -> None:
        known = len(self._weights)
        if known < len(specs):
            fresh = np.array([self._weigh(s) for s in specs[known:]], np.int64)
            self._weights = np.concatenate([self._weights, fresh])

    def _add(self, domains: NDArray[np.integer], weights: NDArray[np.int64]) -> None:
        counted = domains >= 0
        np.add.at(self._sums, domains[counted], weights[counted])

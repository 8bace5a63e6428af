"""Sums over placed pods by topology domain, kept up to date by replaying the change log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schedlab.core.log import NotLocalError
from schedlab.model.objects import PodSpec

if TYPE_CHECKING:
    from schedlab.core.cluster import Cluster
    from schedlab.core.views import NodeView

Weigh = Callable[[PodSpec], int]

FEW = 4
"""So many changes are added up one by one: NumPy would need as long for one."""


class SparseWeigh(ABC):
    """A weight of placed specs that is 0 for most, and knows for which it may not be."""

    @abstractmethod
    def __call__(self, spec: PodSpec) -> int:
        """Return the weight of a placed spec."""

    @abstractmethod
    def candidates(self, since: int) -> Iterable[int]:
        """Return positions, from ``since`` on in the list of all specs; others weigh 0."""


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

    @property
    def codes(self) -> NDArray[np.integer]:
        """The domain of each of the cluster's nodes, -1: not counted, shape (N,)."""
        return self._codes

    def current(self) -> NDArray[np.int64]:
        """Return the sums as the cluster stands, shape (size,); do not keep or change them."""
        if self._cluster.log.closed:
            raise NotLocalError
        return self.settled()

    def settled(self) -> NDArray[np.int64]:
        """Return the same for who knows that no hypothetical pod matters."""
        log, since = self._cluster.log, self._seen
        if since == len(log) - 1:
            self._add_one(*log.entry(since))
        elif since != len(log):
            self._replay(since)
        self._seen = len(log)
        return self._sums

    def _replay(self, since: int) -> None:
        """Take in the changes after the first ``since``, of which few count as a rule."""
        log = self._cluster.log
        weights = self.weights()[log.signatures(since)]
        counted = weights.nonzero()[0]
        if len(counted) <= FEW:
            for change in counted.tolist():
                self._add_one(*log.entry(since + change))
        else:
            domains, signs = self._codes[log.rows(since)], log.signs(since)
            self._add(domains[counted], (weights * signs)[counted])

    def weights(self) -> NDArray[np.int64]:
        """Return the weight of every signature that the cluster knows."""
        self._learn(self._cluster.specs)
        return self._weights

    def touched(self, since: int) -> NDArray[np.int64]:
        """Return the domains whose sums may have changed after ``since`` entries, ascending."""
        log = self._cluster.log
        if since == len(log) - 1:
            row, signature, _ = log.entry(since)
            counts = self.weights().item(signature) and self._codes.item(row) >= 0
            return np.array([self._codes.item(row)] if counts else [], np.int64)
        domains = self._codes[log.rows(since)]
        counted = (self.weights()[log.signatures(since)] != 0) & (domains >= 0)
        return np.unique(domains[counted]).astype(np.int64)

    def _learn(self, specs: list[PodSpec]) -> None:
        known = len(self._weights)
        if known < len(specs):
            positions: Iterable[int] = range(known, len(specs))
            if isinstance(self._weigh, SparseWeigh):
                positions = self._weigh.candidates(known)
            fresh = np.zeros(len(specs) - known, np.int64)
            for position in positions:
                fresh[position - known] = self._weigh(specs[position])
            self._weights = np.concatenate([self._weights, fresh])

    def _add_one(self, row: int, signature: int, sign: int) -> None:
        weight, domain = self.weights().item(signature), self._codes.item(row)
        if weight and domain >= 0:
            self._sums[domain] += sign * weight

    def _add(self, domains: NDArray[np.integer], weights: NDArray[np.int64]) -> None:
        counted = domains >= 0
        np.add.at(self._sums, domains[counted], weights[counted])


@dataclass(frozen=True, slots=True)
class ByDomain:
    """An answer about nodes that depends on their domain alone.

    Attributes
    ----------
    codes : integer, shape (N,)
        Each of the cluster's nodes' domain, -1: none.  The same array at each call.
    values : int64 or float64, shape (size + 1,)
        The answer by domain; the last one is that of nodes in none.
    """

    codes: NDArray[np.integer]
    values: NDArray[Any]

    def at(self, nodes: NodeView) -> NDArray[Any]:
        """Return the answer about each node of the view, shape (n,)."""
        return self.values[nodes.at(self.codes)]


Answer = Callable[[NDArray[np.int64]], NDArray[Any]]
"""Values for some sums, element by element; two are equal if and only if they answer alike."""


@dataclass(frozen=True, slots=True)
class Stays:
    """The answer stays as it is while more pods are placed."""


@dataclass(frozen=True, slots=True, eq=False)
class FollowsLeast:
    """The answer follows from how far a sum is above the least one of some ``domains``.

    ``above`` returns it for the differences; ``domains`` are the same array at each call,
    and not empty.
    """

    domains: NDArray[np.int64]
    above: Answer


@dataclass(frozen=True, slots=True, eq=False)
class FollowsDomainCount:
    """The answer follows from how many domains the feasible nodes are in.

    ``codes`` (N,) and ``size`` are what :meth:`NodeView.domain_count` is asked with.
    """

    codes: NDArray[np.integer]
    size: int
    answer: Callable[[int], Answer]


Follows = Stays | FollowsLeast | FollowsDomainCount


@dataclass(frozen=True, slots=True)
class CountsByDomain:
    """A :class:`ByDomain` of which each value depends on one domain's sum alone.

    The engine then looks at the domains of new placements only.

    Attributes
    ----------
    codes : integer, shape (N,)
        Each of the cluster's nodes' domain, -1: none.  The same array at each call.
    sums : DomainSums
        Of ``size`` + 1 entries; the same object at each call.
    answer : callable
        Returns the values for some sums, element by element; equal to the one before
        (``==``) if and only if it answers alike.
    without : int or float
        The answer for nodes in no domain.
    follows : Stays, FollowsLeast, FollowsDomainCount or None
        What ``answer`` follows from while more pods are placed, so that the engine can tell
        it without asking: many pods are then placed in one step.  None: it cannot be told
        before.  When pods leave or new specs come, the engine asks in any case.
    """

    codes: NDArray[np.integer]
    sums: DomainSums
    answer: Answer
    without: float
    follows: Follows | None = None

    @property
    def values(self) -> NDArray[Any]:
        """The answer by domain, shape (size + 1,); the last one is that of nodes in none."""
        values = self.answer(self.sums.current())
        values[-1] = self.without
        return values

    def at(self, nodes: NodeView) -> NDArray[Any]:
        """Return the answer about each node of the view, shape (n,)."""
        return self.values[nodes.at(self.codes)]


Part = ByDomain | CountsByDomain

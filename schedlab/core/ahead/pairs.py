"""Pods and nodes side by side: pairs, of which many signatures' are asked about at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.core.cluster import Cluster
from schedlab.core.views import NodeView

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PodsView:
    """Some pods, each to be looked at with the node at its position in a view.

    Attributes
    ----------
    requests : int64, shape (n, R)
        On the nodes' resource axis.
    nonzero : int64, shape (n, 2)
        cpu and memory, with Kubernetes' defaults where a pod states none.
    """

    requests: Ints
    nonzero: Ints

    @classmethod
    def of(cls, cluster: Cluster, signatures: Ints) -> PodsView:
        """Return the pods of some signatures, maybe repeated."""
        both = _asks(cluster).take(signatures, 1).T
        return cls(both[:, :-2], both[:, -2:])


class LadenView(NodeView):
    """Rows of a cluster with more on them than they have.

    ``more`` is what is added to the rows of ``dynamic``, shape (n, columns), or (columns,)
    for the same on each.
    """

    __slots__ = ("_more",)

    def __init__(self, cluster: Cluster, rows: Ints, more: Ints) -> None:
        super().__init__(cluster, rows)
        self._more = more

    def _read(self) -> None:
        super()._read()
        assert self._dynamic is not None
        self._dynamic += self._more


def after_one_more(cluster: Cluster, rows: Ints, signatures: Ints) -> LadenView:
    """Return rows, each with one more pod of the signature at its position."""
    return LadenView(cluster, rows, cluster.delta(slice(None)).T.take(signatures, 1).T)


def _asks(cluster: Cluster) -> Ints:
    """Return each signature's requests and those with defaults, shape (R + 2, signatures)."""
    known = len(cluster.specs), len(cluster.resources)
    return cluster.shared(("asks", known), lambda: _asks_of_all(cluster))


def _asks_of_all(cluster: Cluster) -> Ints:
    pods = [cluster.pod(signature) for signature in range(len(cluster.specs))]
    return np.array([[*p.requests.tolist(), *p.nonzero.tolist()] for p in pods], np.int64).T.copy()

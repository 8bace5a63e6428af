"""Nodes as they would be with some more pods on them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from schedlab.core.counts import DomainSums
from schedlab.core.log import NotLocalError
from schedlab.core.views import Ints, NodeView
from schedlab.model.objects import PodSpec

if TYPE_CHECKING:
    from schedlab.core.cluster import Cluster


class HypotheticalView(NodeView):
    """Rows of a cluster, the i-th with ``more[i]`` more pods of one signature.

    Without GPU devices.  What depends on other nodes, or on the log of what was really
    placed, raises :class:`NotLocalError`.
    """

    __slots__ = ("_more", "_signature")

    def __init__(self, cluster: Cluster, rows: Ints, signature: int, more: Ints) -> None:
        super().__init__(cluster, rows)
        self._signature = signature
        self._more = more

    def sum_placed(self, key: Hashable, weigh: Callable[[PodSpec], int]) -> Ints:
        """Return the sums with the hypothetical pods counted."""
        there = self.at(self._cluster.sums_by_node(key, weigh).settled())
        return there + self._more * weigh(self._cluster.specs[self._signature])

    @property
    def whole(self) -> NoReturn:
        """Refuse: only these rows are hypothetical."""
        raise NotLocalError

    def changes(self, since: int) -> tuple[Ints, Sequence[PodSpec], NDArray[np.int8]]:
        """Refuse: the hypothetical pods are in no log."""
        raise NotLocalError

    def sums_by_domain(
        self, codes: NDArray[np.integer], size: int, weigh: Callable[[PodSpec], int]
    ) -> DomainSums:
        """Refuse: a domain may hold other nodes."""
        raise NotLocalError

    def _read(self) -> None:
        super()._read()
        assert self._dynamic is not None
        self._dynamic += self._more[:, None] * self._cluster.delta(self._signature)


@contextmanager
def only_local_answers(cluster: Cluster) -> Iterator[None]:
    """Have tables that were built before refuse to answer, too."""
    cluster.log.closed = True
    try:
        yield
    finally:
        cluster.log.closed = False

"""A node view that knows what its plugin declared, and refuses what lies beyond it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from schedlab.api import DomainSums, Locality, PodSpec
from schedlab.core.cluster import Cluster
from schedlab.core.verdicts import PluginError
from schedlab.core.views import NodeView

Ints = NDArray[np.int64]


class BeyondLocalityError(PluginError):
    """A plugin reads what its declared locality does not cover."""


class GuardedView(NodeView):
    """The view of a SPEC or NODE plugin, without what the declaration says it does not read.

    SPEC plugins get nothing that changes with what is placed; NODE plugins get it for the
    rows of the view, not through ``whole``.  Tables over the change log are left to NODE
    plugins, which may keep one by node; it is the other checks that look at the answers.
    """

    __slots__ = ("_declared", "_path", "_sees_state")

    def __init__(
        self, cluster: Cluster, rows: NDArray[np.int64] | slice | None, declared: Locality
    ) -> None:
        super().__init__(cluster, rows)
        self._declared = declared
        self._sees_state = declared is Locality.NODE
        self._path = "nodes"

    @property
    def requested(self) -> Ints:
        """As of any view, if the plugin may read it."""
        self._require_state("requested")
        return super().requested

    @property
    def nonzero_requested(self) -> Ints:
        """As of any view, if the plugin may read it."""
        self._require_state("nonzero_requested")
        return super().nonzero_requested

    @property
    def pod_count(self) -> Ints:
        """As of any view, if the plugin may read it."""
        self._require_state("pod_count")
        return super().pod_count

    @property
    def free(self) -> Ints:
        """As of any view, if the plugin may read it."""
        self._require_state("free")
        return super().free

    @property
    def device_free(self) -> Ints:
        """As of any view, if the plugin may read it."""
        self._require_state("device_free")
        return super().device_free

    def sum_placed(self, key: Hashable, weigh: Callable[[PodSpec], int]) -> Ints:
        """As of any view, if the plugin may read it."""
        self._require_state("sum_placed()")
        return super().sum_placed(key, weigh)

    @property
    def whole(self) -> NodeView:
        """Every node, without what is placed."""
        view = GuardedView(self._cluster, None, self._declared)
        view._sees_state, view._path = False, "nodes.whole"
        return view

    def changes(self, since: int) -> tuple[Ints, Sequence[PodSpec], NDArray[np.int8]]:
        """As of any view, but for SPEC plugins."""
        self._require_log("changes()")
        return super().changes(since)

    def sums_by_domain(
        self, codes: NDArray[np.integer], size: int, weigh: Callable[[PodSpec], int]
    ) -> DomainSums:
        """As of any view, but for SPEC plugins."""
        self._require_log("sums_by_domain()")
        return super().sums_by_domain(codes, size, weigh)

    def _require_state(self, what: str) -> None:
        if not self._sees_state:
            self._refuse(what)

    def _require_log(self, what: str) -> None:
        if self._declared is Locality.SPEC:
            self._refuse(what)

    def _refuse(self, what: str) -> NoReturn:
        raise BeyondLocalityError(
            f"locality {self._declared.name} reads {self._path}.{what}, which changes with pods "
            + ("on any node" if self._declared is Locality.SPEC else "on other nodes")
        )

"""What a plugin sees: one pod as vectors, and some nodes as read-only columns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from schedlab.core.counts import DomainSums
from schedlab.core.labels import Column
from schedlab.errors import InputError, nearest
from schedlab.model.objects import (
    Node,
    NodeSelectorTerm,
    PodBatch,
    PodSpec,
    Requirement,
    Taint,
)
from schedlab.model.storage import Storage

if TYPE_CHECKING:
    from schedlab.core.cluster import Cluster

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
T = TypeVar("T")
S = TypeVar("S", bound=np.generic)

MANY = 1024
"""So many rows are taken column by column, fewer from where a row lies in one piece."""


def columns(positions: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """Return an index for these columns: a slice, which is faster, where they are consecutive."""
    if len(positions) and (np.diff(positions) == 1).all():
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


def frozen(array: NDArray[S]) -> NDArray[S]:
    """Return a view of ``array`` that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


class PodView:
    """One pod spec, with its requests on the cluster's resource axis.

    Attributes
    ----------
    spec : PodSpec
        Everything of the pod that scheduling reads.
    signature : int
        The number by which the cluster knows the spec.
    resources : tuple of str, length R
        The names on the resource axis.
    services : tuple of Service
        The cluster's Services and controllers, which system default spreading reads.
    storage : Storage
        The cluster's volumes and claims, which the pod's claims are found in.
    requests : int64, shape (R,)
    nonzero : int64, shape (2,)
        cpu and memory, with Kubernetes' defaults where the pod states none.
    asked : int64, shape (Q,)
        The positions on the resource axis of which the pod asks for more than nothing.
    """

    __slots__ = (
        "_memo",
        "asked",
        "nonzero",
        "requests",
        "resources",
        "services",
        "signature",
        "spec",
        "storage",
    )

    def __init__(self, cluster: Cluster, spec: PodSpec, signature: int) -> None:
        requests = dict(spec.requests)
        self.spec = spec
        self.signature = signature
        self.resources = cluster.resources
        self.services = cluster.services
        self.storage = cluster.storage
        self.requests = np.array([requests.get(r, 0) for r in cluster.resources], np.int64)
        self.nonzero = np.array(spec.nonzero, np.int64)
        self.asked = np.flatnonzero(self.requests)
        for array in (self.requests, self.nonzero, self.asked):
            array.flags.writeable = False
        self._memo: dict[tuple[int, str], tuple[object, object]] = {}

    def memo(self, owner: object, what: str, build: Callable[[], T]) -> T:
        """Return what ``build`` made for ``owner``, calling it once for this signature.

        For work that depends on the pod's spec and the nodes' specs alone.
        """
        kept = self._memo.get((id(owner), what))
        if kept is None:
            # The owner is kept alive with the entry, so that its id stays its own.
            kept = self._memo[id(owner), what] = owner, build()
        return kept[1]  # type: ignore[return-value]


class NodeView:
    """Some nodes of a cluster as columns, each with one row per node in the view.

    A plugin never asks which nodes it was given: rows may be all of the cluster's, a
    few, or repeated.  Arrays are read-only or copies, and valid during the call only.
    """

    __slots__ = ("_cluster", "_dynamic", "_free", "_rows", "_static")

    def __init__(self, cluster: Cluster, rows: NDArray[np.int64] | slice | None = None) -> None:
        self._cluster = cluster
        self._rows = rows
        self._free: Ints | None = None
        self._dynamic: Ints | None = None
        self._static: Ints | None = None

    def __len__(self) -> int:
        if self._rows is None:
            return len(self._cluster)
        if isinstance(self._rows, slice):
            return len(range(*self._rows.indices(len(self._cluster))))
        return len(self._rows)

    # -- numbers -----------------------------------------------------------------

    @property
    def resources(self) -> tuple[str, ...]:
        """The names on the resource axis."""
        return self._cluster.resources

    def resource(self, name: str) -> int:
        """Return a resource's position on the axis.

        One that clusters may lack is asked for by ``name in nodes.resources`` before.

        Raises
        ------
        InputError
            If no node or pod mentions it.
        """
        if name not in self._cluster.resources:
            raise InputError(
                f"{nearest('resource', name, self._cluster.resources)}: no node or pod of this "
                f"cluster mentions it. Ask first, `if {name!r} in nodes.resources`, where some "
                "clusters lack it"
            )
        return self._cluster.resource(name)

    @property
    def allocatable(self) -> Ints:
        """What each node offers, shape (n, R)."""
        if self._static is None:
            self._read()
        return self._static[:, :-1]  # type: ignore[index]

    @property
    def allowed_pods(self) -> Ints:
        """The largest number of pods on each node, shape (n,)."""
        if self._static is None:
            self._read()
        return self._static[:, -1]  # type: ignore[index]

    @property
    def requested(self) -> Ints:
        """What the pods on each node request, shape (n, R)."""
        if self._dynamic is None:
            self._read()
        return self._dynamic[:, :-3]  # type: ignore[index]

    @property
    def nonzero_requested(self) -> Ints:
        """Requested (cpu, memory) with defaults for pods that state none, shape (n, 2)."""
        if self._dynamic is None:
            self._read()
        return self._dynamic[:, -3:-1]  # type: ignore[index]

    @property
    def pod_count(self) -> Ints:
        """The number of pods on each node, shape (n,)."""
        if self._dynamic is None:
            self._read()
        return self._dynamic[:, -1]  # type: ignore[index]

    @property
    def free(self) -> Ints:
        """``allocatable - requested``, shape (n, R); negative on overcommitted nodes."""
        if self._free is None:
            self._free = self.allocatable - self.requested
            self._free.flags.writeable = False
        return self._free

    @property
    def device_free(self) -> Ints:
        """Free thousandths of each GPU device, shape (n, D); -1 where there is none."""
        return self.at(self._cluster.device_free)

    # -- specs -------------------------------------------------------------------

    @property
    def unschedulable(self) -> Mask:
        """Which nodes are cordoned, shape (n,)."""
        return self.at(self._cluster.labels.unschedulable)

    @property
    def gpu_model(self) -> Column:
        """The model of each node's GPU devices, -1 where a node has none."""
        column = self._cluster.labels.gpu_model
        return Column(self.at(column.codes), column.values)

    def label(self, key: str) -> Column:
        """Return a label as codes into its distinct values, -1 where absent."""
        column = self._cluster.labels.column(key)
        if self._rows is None:
            return column
        return Column(self.at(column.codes), column.values)

    def match(self, requirement: Requirement) -> Mask:
        """Return which nodes' labels satisfy ``requirement``, shape (n,)."""
        return self.at(self._cluster.labels.match(requirement))

    def match_term(self, term: NodeSelectorTerm) -> Mask:
        """Return which nodes satisfy a node selector term; an empty one matches none."""
        every = (*term.match_expressions, *term.match_fields)
        if not every:
            return np.zeros(len(self), np.bool_)
        matches: Mask = np.logical_and.reduce([self.match(r) for r in every])
        return matches

    @property
    def taint_sets(self) -> tuple[NDArray[np.int32], tuple[tuple[Taint, ...], ...]]:
        """Each node's index into the distinct taint tuples, and those."""
        codes, sets = self._cluster.labels.taint_sets
        return self.at(codes), sets

    def derive(self, key: Hashable, build: Callable[[tuple[Node, ...]], NDArray[S]]) -> NDArray[S]:
        """Return a column that ``build`` makes of all node specs, once, at this view's rows."""
        return self.at(self._cluster.derived(key, build))

    def sum_placed(self, key: Hashable, weigh: Callable[[PodSpec], int]) -> Ints:
        """Return Σ ``weigh(spec)`` over the pods on each node, shape (n,).

        The table is built once for each ``key``, which stands for ``weigh``, and kept up to
        date; NODE-local, as a node's sum depends on its own pods alone.
        """
        return self.at(self._cluster.sums_by_node(key, weigh).current())

    @property
    def storage(self) -> Storage:
        """The cluster's volumes, claims and classes; what is placed does not change them."""
        return self._cluster.storage

    @property
    def history(self) -> PodBatch:
        """Pods of the past, by which a plugin may foresee demand; it never changes."""
        return self._cluster.history

    def domain_count(self, codes: NDArray[np.integer], size: int) -> int:
        """Return how many of the domains 0 to ``size`` - 1 the nodes of this view are in.

        ``codes`` holds each of the cluster's nodes' domain, -1: none; the same array at
        each call.
        """
        present = np.zeros(size + 1, np.bool_)
        present[self.at(codes)] = True
        return int(np.count_nonzero(present[:size]))

    # -- the rest of the cluster (locality CLUSTER only) ---------------------------

    @property
    def whole(self) -> NodeView:
        """Every node of the cluster, whatever rows this view shows."""
        return self if self._rows is None else NodeView(self._cluster)

    @property
    def namespaces(self) -> Mapping[str, Mapping[str, str]]:
        """Each known namespace's labels."""
        return self._cluster.namespaces

    @property
    def specs(self) -> list[PodSpec]:
        """Every spec that the cluster knows, placed or not, in a list that only grows."""
        return self._cluster.specs

    def changes(self, since: int) -> tuple[Ints, Sequence[PodSpec], NDArray[np.int8]]:
        """Return rows, specs and signs (+1 placed, -1 removed) after the first ``since`` changes.

        A table that a plugin keeps of the whole cluster (see :meth:`shared`) is a fold over
        these; ``since`` is how many it has seen.
        """
        cluster, log = self._cluster, self._cluster.log
        specs = [cluster.specs[s] for s in log.signatures(since).tolist()]
        return log.rows(since), specs, log.signs(since)

    @property
    def undone(self) -> tuple[tuple[int, int], ...]:
        """Stretches (from, up to) of :meth:`changes` that cancel out: gangs placed in vain.

        A table that is a sum over all changes need not care.  Another one leaves them out, and
        begins anew once there are others.
        """
        return self._cluster.log.undone

    def shared(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return what ``build`` made under ``key``, calling it once for this cluster."""
        return self._cluster.shared(key, build)

    def sums_by_domain(
        self, codes: NDArray[np.integer], size: int, weigh: Callable[[PodSpec], int]
    ) -> DomainSums:
        """Return a table of Σ ``weigh(spec)`` over placed pods by domain; keep it in a memo.

        ``codes`` holds each of the cluster's nodes' domain, -1: not counted.
        """
        return DomainSums(self._cluster, codes, size, weigh)

    # -- gathering ----------------------------------------------------------------

    def at(self, column: NDArray[S]) -> NDArray[S]:
        """Return the rows of a column over all of the cluster's nodes that this view shows."""
        if self._rows is None:
            return frozen(column)
        if isinstance(self._rows, slice):
            return frozen(column[self._rows])
        # Columns of a table lie one after the other: taking from each keeps it so.
        return column.take(self._rows) if column.ndim == 1 else column.T.take(self._rows, -1).T

    def _read(self) -> None:
        static, dynamic = self._cluster.static, self._cluster.dynamic
        if self._rows is None or isinstance(self._rows, slice) or len(self._rows) >= MANY:
            self._static, self._dynamic = self.at(static), self.at(dynamic)
        else:
            both = self._cluster.gather(self._rows)
            self._static, self._dynamic = both[:, : static.shape[1]], both[:, static.shape[1] :]

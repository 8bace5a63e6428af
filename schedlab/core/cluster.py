"""The cluster as columns: one row a node, int64 throughout."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from schedlab.core.adding import add_at
from schedlab.core.counts import DomainSums
from schedlab.core.labels import LabelTable
from schedlab.core.log import ChangeLog
from schedlab.core.preemption.nominated import NominatedPods, Nomination
from schedlab.core.running import RunningPods
from schedlab.core.views import NodeView, PodView, S, T
from schedlab.model.objects import (
    CPU,
    EMPTY_BATCH,
    MEMORY,
    PODS,
    Node,
    PodBatch,
    PodDisruptionBudget,
    PodSpec,
    Service,
    Workload,
)
from schedlab.model.storage import NO_STORAGE, Storage

Ints = NDArray[np.int64]

NAME_ALONE = PodSpec(nonzero=(0, 0))
"""What kube-scheduler knows of a nominated pod that is not in its queue: nothing but the name.

It counts as one more pod, for pods of priority 0 and below
(scheduler/backend/queue/scheduling_queue.go, nominatedPodToInfo).
"""

UNLIMITED_PODS = 110
"""The kubelet's default maximum, for nodes that state no ``pods``."""


class Cluster:
    """Nodes, what is placed on them, and a log of the changes.

    Columns, row by row as in ``nodes``, each contiguous in memory (Fortran order):

    - ``allocatable``, ``requested``: (N, R), the axis named by ``resources``
      (``cpu`` in milli-cores, ``memory`` in bytes, others in counts);
    - ``nonzero_requested``: (N, 2) cpu and memory with Kubernetes' defaults for pods
      that state none;
    - ``allowed_pods``, ``pod_count``: (N,);
    - ``device_free``: (N, D) free thousandths by GPU device, -1 where a node has fewer.

    They are changed by :meth:`place` and :meth:`remove` alone.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        specs: Iterable[PodSpec] = (),
        *,
        services: Sequence[Service] = (),
        namespaces: Mapping[str, Mapping[str, str]] | None = None,
        storage: Storage = NO_STORAGE,
        history: PodBatch = EMPTY_BATCH,
    ) -> None:
        self.nodes = tuple(nodes)
        self.services = tuple(services)
        self.namespaces = dict(namespaces or {})
        self.storage = storage
        self.history = history
        self.bound_names: Sequence[str] = ()
        self.bound_start: Ints = np.zeros(0, np.int64)
        self.disruption_budgets: tuple[PodDisruptionBudget, ...] = ()
        self.nominated = NominatedPods()
        self.labels = LabelTable(self.nodes)
        self.log = ChangeLog(len(self.nodes))
        self.specs: list[PodSpec] = []
        self._index: dict[PodSpec, int] = {}
        self._views: list[PodView] = []
        self._derived: dict[Hashable, NDArray[np.generic]] = {}
        self._shared: dict[Hashable, object] = {}
        specs = tuple(dict.fromkeys(specs))
        self._deltas: Ints
        self._set_columns(_resource_names(self.nodes, specs))
        self.device_free = _devices(self.nodes)
        for spec in specs:
            self.signature(spec)

    @classmethod
    def of(cls, workload: Workload) -> Cluster:
        """Build a workload's cluster with its bound pods in place."""
        specs = (*workload.pods.specs, *workload.bound.specs)
        cluster = cls(
            workload.nodes,
            specs,
            services=workload.services,
            namespaces=workload.namespaces,
            storage=workload.storage,
            history=workload.expected,
        )
        for (_, spec), row in zip(workload.bound, workload.bound_node.tolist(), strict=True):
            cluster.place(cluster.signature(spec), row, cluster.first_devices(spec, row))
        cluster._note_preemption(workload)
        return cluster

    def _note_preemption(self, workload: Workload) -> None:
        """Take over what only preemption asks about."""
        self.bound_names = workload.bound.names
        self.bound_start = workload.bound_start
        if not len(self.bound_start):
            self.bound_start = np.arange(len(workload.bound))
        self.disruption_budgets = workload.disruption_budgets
        waiting = set(workload.pods.names) if len(workload.nominated) else ()
        rows = workload.nominated_node.tolist()
        for (name, spec), row in zip(workload.nominated, rows, strict=True):
            known = spec if name in waiting else replace(NAME_ALONE, namespace=spec.namespace)
            self.nominated.add(
                Nomination(name, known.priority, self.signature(known), row, name in waiting)
            )

    def __len__(self) -> int:
        return len(self.nodes)

    # -- columns -----------------------------------------------------------------

    @property
    def allocatable(self) -> Ints:
        """What each node offers, shape (N, R)."""
        return self.static[:, :-1]

    @property
    def allowed_pods(self) -> Ints:
        """The largest number of pods on each node, shape (N,)."""
        return self.static[:, -1]

    @property
    def requested(self) -> Ints:
        """What the pods on each node request, shape (N, R)."""
        return self.dynamic[:, :-3]

    @property
    def nonzero_requested(self) -> Ints:
        """Requested cpu and memory with defaults for pods that state none, shape (N, 2)."""
        return self.dynamic[:, -3:-1]

    @property
    def pod_count(self) -> Ints:
        """The number of pods on each node, shape (N,)."""
        return self.dynamic[:, -1]

    def resource(self, name: str) -> int:
        """Return the position of a resource on the R axis; raise KeyError if unknown."""
        return self._resource_index[name]

    # -- pods --------------------------------------------------------------------

    def signature(self, spec: PodSpec) -> int:
        """Return the number by which this cluster knows ``spec``, interning it if new."""
        known = self._index.get(spec)
        if known is not None:
            return known
        self._add_resources([r for r, _ in spec.requests])
        self._index[spec] = len(self.specs)
        self.specs.append(spec)
        self._views.append(PodView(self, spec, self._index[spec]))
        self._deltas = np.vstack([self._deltas, self._delta(spec)])
        return self._index[spec]

    def pod(self, signature: int) -> PodView:
        """Return the vectorised view of an interned spec."""
        return self._views[signature]

    def place(self, signature: int, row: int, devices: int = 0) -> None:
        """Put one pod on a node, on the GPU ``devices`` given as a bit mask."""
        self._add(row, self._deltas[signature])
        if devices:
            self._take_devices(signature, row, devices, 1)
            self.log.devices[len(self.log)] = devices
        self.log.append(row, signature, 1)

    def remove(self, signature: int, row: int, devices: int = 0) -> None:
        """Take one pod off a node, freeing the GPU ``devices`` it held."""
        self._add(row, -self._deltas[signature])
        if devices:
            self._take_devices(signature, row, devices, -1)
            self.log.devices[len(self.log)] = devices
        self.log.append(row, signature, -1)

    def place_many(self, signatures: NDArray[np.int32], rows: NDArray[np.integer]) -> None:
        """Put many pods that use no GPU devices on their nodes in one step."""
        self._add_many(signatures, rows, 1)

    def remove_many(self, signatures: NDArray[np.int32], rows: NDArray[np.integer]) -> None:
        """Take many pods that use no GPU devices off their nodes in one step."""
        self._add_many(signatures, rows, -1)

    def _add_many(
        self, signatures: NDArray[np.int32], rows: NDArray[np.integer], sign: int
    ) -> None:
        tables = self.dynamic, self._by_row[:, -self.dynamic.shape[1] :]
        add_at(tables, rows, sign * self._deltas, signatures)
        self.log.extend(rows, signatures, sign)

    def delta(self, signature: int | slice | Ints) -> Ints:
        """Return what one pod of a signature (or of each) adds to a row of ``dynamic``."""
        return self._deltas[signature]

    def gather(self, rows: NDArray[np.int64]) -> Ints:
        """Return ``static`` and ``dynamic`` side by side at some rows, shape (n, 2R + 4).

        A row lies in one piece of memory here, which a large cluster's cache misses thank.
        """
        return np.asfortranarray(self._by_row.take(rows, 0))

    def first_devices(self, spec: PodSpec, row: int) -> int:
        """Return the lowest GPU devices of ``row`` with room for ``spec``, as a bit mask."""
        if spec.gpu is None:
            return 0
        fits = np.flatnonzero(self.device_free[row] >= spec.gpu.milli)[: spec.gpu.count]
        return int((1 << fits).sum())

    @property
    def running(self) -> RunningPods:
        """Which pods are on which node; kept from its first use on."""
        return self.shared("running pods", lambda: RunningPods(self))

    # -- views -------------------------------------------------------------------

    def view(self, rows: NDArray[np.int64] | slice | None = None) -> NodeView:
        """Return a read-only view of all nodes, or of ``rows`` in that order."""
        return NodeView(self, rows)

    def derived(self, key: Hashable, build: Callable[[tuple[Node, ...]], NDArray[S]]) -> NDArray[S]:
        """Return the column that ``build`` made of the node specs, building it at first use."""
        if key not in self._derived:
            self._derived[key] = build(self.nodes)
        return self._derived[key]  # type: ignore[return-value]

    def shared(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return what ``build`` made under ``key``, calling it at first use."""
        if key not in self._shared:
            self._shared[key] = build()
        return self._shared[key]  # type: ignore[return-value]

    def sums_by_node(self, key: Hashable, weigh: Callable[[PodSpec], int]) -> DomainSums:
        """Return the table of Σ ``weigh(spec)`` over the pods on each node; ``key`` names it."""

        def build() -> DomainSums:
            return DomainSums(self, np.arange(len(self)), len(self), weigh)

        return self.shared(("sums by node", key), build)

    # -- building ----------------------------------------------------------------

    def _set_columns(self, resources: tuple[str, ...]) -> None:
        self.resources = resources
        self._resource_index = {r: i for i, r in enumerate(resources)}
        self.static = _static(self.nodes, resources)
        self.dynamic = np.zeros((len(self.nodes), len(resources) + 3), np.int64, order="F")
        self._deltas = np.zeros((0, len(resources) + 3), np.int64)
        self._by_row = np.ascontiguousarray(np.hstack([self.static, self.dynamic]))

    def _add_resources(self, names: list[str]) -> None:
        new = [n for n in names if n not in self._resource_index]
        if not new:
            return
        old, width, deltas = self.dynamic, len(self.resources), self._deltas
        self._set_columns((*self.resources, *new))
        self._deltas = np.zeros((len(deltas), self.dynamic.shape[1]), np.int64)
        for wide, narrow in ((self.dynamic, old), (self._deltas, deltas)):
            wide[:, :width] = narrow[:, :width]
            wide[:, -3:] = narrow[:, -3:]
        self._by_row = np.ascontiguousarray(np.hstack([self.static, self.dynamic]))
        self._views = [PodView(self, s, i) for i, s in enumerate(self.specs)]

    def _add(self, row: int, delta: Ints) -> None:
        for there in (self.dynamic[row], self._by_row[row, -len(delta) :]):
            there += delta

    def _delta(self, spec: PodSpec) -> Ints:
        assert spec.nonzero_placed is not None
        row = [dict(spec.requests).get(r, 0) for r in self.resources]
        return np.array([*row, *spec.nonzero_placed, 1], np.int64)

    def _take_devices(self, signature: int, row: int, devices: int, sign: int) -> None:
        gpu = self.specs[signature].gpu
        assert gpu is not None
        for device in range(self.device_free.shape[1]):
            if devices >> device & 1:
                self.device_free[row, device] -= sign * gpu.milli


def _resource_names(nodes: Sequence[Node], specs: Sequence[PodSpec]) -> tuple[str, ...]:
    named = {r for n in nodes for r in n.allocatable} | {r for s in specs for r, _ in s.requests}
    return (CPU, MEMORY, *sorted(named - {CPU, MEMORY, PODS}))


def _static(nodes: Sequence[Node], resources: tuple[str, ...]) -> Ints:
    table = [
        [*(n.allocatable.get(r, 0) for r in resources), n.allocatable.get(PODS, UNLIMITED_PODS)]
        for n in nodes
    ]
    return np.array(table, np.int64, order="F").reshape(len(nodes), len(resources) + 1)


def _devices(nodes: Sequence[Node]) -> Ints:
    counts = np.array([n.gpus.count if n.gpus else 0 for n in nodes], np.int64)
    width = int(counts.max(initial=0))
    return np.where(np.arange(width) < counts[:, None], 1000, -1).astype(np.int64, order="F")

"""What scheduling reads of a Kubernetes cluster, as immutable values.

Quantities are integers in the unit kube-scheduler computes with: ``cpu`` in
milli-cores, ``memory`` and ``ephemeral-storage`` in bytes, everything else in
counts.  A :class:`PodSpec` is hashable and equal specs schedule alike, so it is
also the *signature* by which pods are interned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schedlab.errors import InputError
from schedlab.model.amounts import refuse_broken_amounts
from schedlab.model.gangs import NO_QUORUM as NO_QUORUM
from schedlab.model.gangs import Gang as Gang
from schedlab.model.gangs import gang_sizes
from schedlab.model.selectors import LabelSelector as LabelSelector
from schedlab.model.selectors import NodeSelectorTerm as NodeSelectorTerm
from schedlab.model.selectors import Requirement as Requirement
from schedlab.model.selectors import as_integer as as_integer
from schedlab.model.selectors import matches_requirement as matches_requirement
from schedlab.model.storage import NO_STORAGE, Storage
from schedlab.model.volumes import PodVolume

CPU = "cpu"
MEMORY = "memory"
PODS = "pods"
EPHEMERAL_STORAGE = "ephemeral-storage"
GPU_MILLI = "schedlab.io/gpu-milli"
"""Thousandths of GPU devices: the sum behind the per-device columns."""

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
NAME_FIELD = "metadata.name"

DEFAULT_NONZERO = {CPU: 100, MEMORY: 200 * 1024 * 1024}
"""What scoring assumes of a container that states no request (scheduler/util/pod_resources.go)."""

Pairs = tuple[tuple[str, str], ...]
Amounts = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PreferredSchedulingTerm:
    """A node selector term worth ``weight`` (1 to 100) where it holds."""

    weight: int
    preference: NodeSelectorTerm


@dataclass(frozen=True, slots=True)
class Taint:
    """A node's taint; ``effect`` is NoSchedule, PreferNoSchedule or NoExecute."""

    key: str
    value: str = ""
    effect: str = "NoSchedule"


@dataclass(frozen=True, slots=True)
class Toleration:
    """A pod's toleration; an empty key or effect stands for all of them."""

    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def tolerates(self, taint: Taint) -> bool:
        """Say whether this toleration covers ``taint`` (api/core/v1/toleration.go)."""
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        return self.operator == "Exists" or self.value == taint.value


@dataclass(frozen=True, slots=True)
class TopologySpreadConstraint:
    """How far the matching pods may be out of balance over the domains of a topology key.

    ``selector`` None matches no pod.  ``match_label_keys`` are merged into the
    selector by whoever evaluates it, as the scheduler does.
    """

    max_skew: int
    topology_key: str
    when_unsatisfiable: str = "DoNotSchedule"
    selector: LabelSelector | None = None
    min_domains: int = 1
    node_affinity_policy: str = "Honor"
    node_taints_policy: str = "Ignore"
    match_label_keys: tuple[str, ...] = ()

    @property
    def is_hard(self) -> bool:
        """Whether the constraint filters (else it only scores)."""
        return self.when_unsatisfiable == "DoNotSchedule"


@dataclass(frozen=True, slots=True)
class PodAffinityTerm:
    """Pods (by labels and namespaces) to be near to, or away from, within a topology domain."""

    topology_key: str
    selector: LabelSelector | None = None
    namespaces: tuple[str, ...] = ()
    namespace_selector: LabelSelector | None = None


@dataclass(frozen=True, slots=True)
class WeightedPodAffinityTerm:
    """A pod affinity term worth ``weight`` (1 to 100) where it holds."""

    weight: int
    term: PodAffinityTerm


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port, 1 to 65535, that the pod takes of its node; on address 0.0.0.0, of all addresses.

    Raises
    ------
    InputError
        For a port that is none.  (Kubernetes reads 0 as no host port at all.)
    """

    port: int
    protocol: str = "TCP"
    host_ip: str = "0.0.0.0"

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65535:
            raise InputError(
                f"HostPort({self.port}): expected a port from 1 to 65535; "
                "leave host_ports empty for a pod that takes none"
            )
        # As Kubernetes reads what is left empty (HostPortInfo.sanitize).
        object.__setattr__(self, "protocol", self.protocol or "TCP")
        object.__setattr__(self, "host_ip", self.host_ip or "0.0.0.0")


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """``milli`` thousandths on each of ``count`` devices, of one of ``models`` (empty: any)."""

    count: int
    milli: int = 1000
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GpuDevices:
    """``count`` equal GPU devices of one ``model``, 1000 thousandths each."""

    count: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class PodSpec:
    """Everything of a pod that scheduling reads; equal specs schedule alike.

    ``requests`` is the effective request (init containers, sidecars and overhead
    included).  ``nonzero`` is (cpu, memory) with Kubernetes' defaults for
    containers that state none, which scoring uses; ``nonzero_placed`` is what the
    same pod counts for once it is on a node (it differs for partial pod-level
    requests).  Both are derived from ``requests`` when omitted.  ``terminating`` pods are
    being deleted, ``preempted`` ones among them because the scheduler evicted them.
    """

    namespace: str = "default"
    labels: Pairs = ()
    requests: Amounts = ()
    nonzero: tuple[int, int] | None = None
    nonzero_placed: tuple[int, int] | None = None
    priority: int = 0
    node_name: str = ""
    node_selector: Pairs = ()
    required_node_terms: tuple[NodeSelectorTerm, ...] | None = None
    preferred_node_terms: tuple[PreferredSchedulingTerm, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    spread: tuple[TopologySpreadConstraint, ...] = ()
    required_affinity: tuple[PodAffinityTerm, ...] = ()
    required_anti_affinity: tuple[PodAffinityTerm, ...] = ()
    preferred_affinity: tuple[WeightedPodAffinityTerm, ...] = ()
    preferred_anti_affinity: tuple[WeightedPodAffinityTerm, ...] = ()
    host_ports: tuple[HostPort, ...] = ()
    images: tuple[str, ...] = ()
    gpu: GpuRequest | None = None
    volumes: tuple[PodVolume, ...] = ()
    resource_claims: tuple[str, ...] = ()
    scheduling_gates: tuple[str, ...] = ()
    preemption_policy: str = "PreemptLowerPriority"
    terminating: bool = False
    preempted: bool = False
    gang: Gang | None = None

    def __post_init__(self) -> None:
        amounts = dict(self.requests)
        if self.gpu is not None:
            amounts[GPU_MILLI] = self.gpu.count * self.gpu.milli
        put = object.__setattr__
        put(self, "labels", tuple(sorted(self.labels)))
        put(self, "requests", tuple(sorted(amounts.items())))
        if self.nonzero is None:
            put(self, "nonzero", tuple(amounts.get(r, d) for r, d in DEFAULT_NONZERO.items()))
        if self.nonzero_placed is None:
            put(self, "nonzero_placed", self.nonzero)

    def request(self, resource: str) -> int:
        """Return how much of ``resource`` the pod asks for (0 if nothing)."""
        return dict(self.requests).get(resource, 0)


@dataclass(frozen=True, slots=True)
class Node:
    """A node: ``allocatable`` by resource (``pods`` is the largest number of pods)."""

    name: str
    allocatable: Mapping[str, int]
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    images: Mapping[str, int] = field(default_factory=dict)
    gpus: GpuDevices | None = None

    def __post_init__(self) -> None:
        if self.gpus is not None:
            amounts = {**self.allocatable, GPU_MILLI: 1000 * self.gpus.count}
            object.__setattr__(self, "allocatable", amounts)


@dataclass(frozen=True)
class PodBatch:
    """Pods in arrival order, as an index into their distinct specs.

    ``signature[i]`` is the position of pod i's spec in ``specs`` (int32, shape (P,)).
    ``names`` are ``namespace/name``.
    """

    specs: tuple[PodSpec, ...]
    signature: NDArray[np.int32]
    names: Sequence[str]

    @classmethod
    def of(cls, pods: Iterable[tuple[str, PodSpec]]) -> PodBatch:
        """Intern ``(name, spec)`` pairs into a batch, keeping their order."""
        index: dict[PodSpec, int] = {}
        names: list[str] = []
        codes: list[int] = []
        for name, spec in pods:
            names.append(name)
            codes.append(index.setdefault(spec, len(index)))
        return cls(tuple(index), np.asarray(codes, np.int32), names)

    def __len__(self) -> int:
        return len(self.signature)

    def __iter__(self) -> Iterator[tuple[str, PodSpec]]:
        specs = self.specs
        return ((n, specs[s]) for n, s in zip(self.names, self.signature.tolist(), strict=True))

    def column(self, resource: str) -> NDArray[np.int64]:
        """Return every pod's request of ``resource``, shape (P,)."""
        by_spec = np.array([s.request(resource) for s in self.specs], np.int64)
        return by_spec[self.signature] if len(self.specs) else np.zeros(0, np.int64)

    @property
    def priority(self) -> NDArray[np.int64]:
        """Every pod's priority, shape (P,)."""
        by_spec = np.array([s.priority for s in self.specs], np.int64)
        return by_spec[self.signature] if len(self.specs) else np.zeros(0, np.int64)


NOT_STARTED = np.iinfo(np.int64).max
"""The start of a pod that has not started: later than any other."""

EMPTY_BATCH = PodBatch((), np.zeros(0, np.int32), ())


@dataclass(frozen=True)
class Service:
    """A Service, ReplicationController, ReplicaSet or StatefulSet, as far as spreading reads it."""

    namespace: str
    name: str
    selector: LabelSelector


@dataclass(frozen=True)
class PodDisruptionBudget:
    """How many of the pods that ``selector`` selects may be evicted.

    ``disrupted_pods`` names (without namespace) those that the budget has counted already.
    """

    namespace: str
    name: str
    selector: LabelSelector | None
    disruptions_allowed: int = 0
    disrupted_pods: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Workload:
    """Nodes, the pods that already run on them, and the pods that wait.

    ``bound_node[i]`` is the row in ``nodes`` of the i-th bound pod (int32).
    ``namespaces`` maps a namespace to its labels.  ``ignored`` counts, by kind,
    input objects that do not matter to scheduling.  ``history`` holds pods of the past,
    from which a policy may learn what to expect; none: the waiting pods stand for them.
    ``nominated`` are pods that wait for room on the rows ``nominated_node`` (int32), where
    preemption made it for them.  ``bound_start`` says when each bound pod started, in
    seconds since 1970 (int64, :data:`NOT_STARTED` where it has not; empty: one after the
    other, in their order).

    Raises
    ------
    InputError
        If pods of one gang do not agree on how many it takes, or a request or allocatable
        is no whole number from 0 to 2**53.
    """

    name: str
    nodes: tuple[Node, ...]
    pods: PodBatch
    bound: PodBatch = EMPTY_BATCH
    bound_node: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    storage: Storage = NO_STORAGE
    ignored: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    history: PodBatch = EMPTY_BATCH
    nominated: PodBatch = EMPTY_BATCH
    nominated_node: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    bound_start: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    disruption_budgets: tuple[PodDisruptionBudget, ...] = ()

    def __post_init__(self) -> None:
        gang_sizes((*self.pods.specs, *self.bound.specs, *self.nominated.specs))
        refuse_broken_amounts(self)

    @property
    def expected(self) -> PodBatch:
        """The pods by which demand is foreseen: ``history``, else the waiting pods."""
        return self.history if len(self.history) else self.pods

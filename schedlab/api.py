"""The contract: what a plugin or a scheduler is, and nothing else.

A plugin is a vectorised function of *one pod* and *some nodes*.  It never loops over
nodes and never asks which nodes it was given; from its :class:`Locality` the engine
derives fast paths that decide exactly as the obvious one.  A class that derives from
:class:`FilterPlugin`, :class:`ScorePlugin`, :class:`DevicePlugin` or :class:`Scheduler`
becomes a frozen dataclass: its annotated fields are its arguments, typed and validated
wherever they come from (TOML, the command line, Python).

    class FewestPods(ScorePlugin):
        "Prefer the node with the fewest pods."

        locality = Locality.NODE

        def score(self, pod: PodView, nodes: NodeView) -> Scores:
            return -nodes.pod_count
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

from schedlab.core.ahead.pairs import PodsView
from schedlab.core.cluster import Cluster
from schedlab.core.counts import (
    ByDomain,
    CountsByDomain,
    DomainSums,
    FollowsDomainCount,
    FollowsLeast,
    Part,
    SparseWeigh,
    Stays,
)
from schedlab.core.labels import Column
from schedlab.core.preemption.what_if import WhatIf
from schedlab.core.views import NodeView, PodView, columns
from schedlab.errors import InputError
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec, Workload

if TYPE_CHECKING:
    from schedlab.core.preemption.handle import Handle

__all__ = [
    "FITS",
    "IGNORED",
    "MAX_NODE_SCORE",
    "Budget",
    "ByDomain",
    "Candidate",
    "Cluster",
    "Column",
    "CountsByDomain",
    "DevicePlugin",
    "DomainSums",
    "Eviction",
    "Failure",
    "FilterPlugin",
    "FollowsDomainCount",
    "FollowsLeast",
    "GpuDevices",
    "GpuRequest",
    "IncumbentPoint",
    "Locality",
    "Move",
    "Node",
    "NodeView",
    "Part",
    "Placement",
    "Plugin",
    "PodBatch",
    "PodSpec",
    "PodView",
    "PodsView",
    "PostFilterPlugin",
    "PostFilterResult",
    "PreEnqueuePlugin",
    "PreFilter",
    "PreemptionReport",
    "Reason",
    "Scheduler",
    "ScorePlugin",
    "Scores",
    "SparseWeigh",
    "Stays",
    "Verdict",
    "WhatIf",
    "Workload",
    "WorkloadSource",
    "columns",
    "first_verdict",
    "normalize_max",
    "normalize_max_reversed",
    "normalize_min_max",
    "sum_by_domain",
]

Scores = NDArray[np.int64]
"""One score for each node of the view, shape (n,)."""

Verdict = NDArray[np.bool_] | NDArray[np.int64]
"""Whether each node fits (bool), or bits of the plugin's reasons against it (int64, 0 = fits)."""

FITS = 0
MAX_NODE_SCORE = 100
IGNORED = np.iinfo(np.int64).min
"""The raw score of a node that takes no part in normalisation and ends up with 0."""


def normalize_max(raw: Scores, low: int, high: int) -> Scores:
    """Scale to 0..100 by the maximum (Kubernetes' DefaultNormalizeScore)."""
    return raw if high == 0 else MAX_NODE_SCORE * raw // high


def normalize_max_reversed(raw: Scores, low: int, high: int) -> Scores:
    """Scale to 100..0 by the maximum; all 100 if nothing is above 0 (DefaultNormalizeScore)."""
    if high == 0:
        return np.full_like(raw, MAX_NODE_SCORE)
    return MAX_NODE_SCORE - normalize_max(raw, low, high)


def normalize_min_max(raw: Scores, low: int, high: int) -> Scores:
    """Stretch [low, high] to 0..100, truncating; all 0 if they are equal (InterPodAffinity)."""
    if high == low:
        return np.zeros_like(raw)
    return MAX_NODE_SCORE * (raw - low) // (high - low)


def first_verdict(parts: Sequence[Part], nodes: NodeView) -> NDArray[np.int64]:
    """Return each node's first answer by domain that is not 0 (0: there is none), shape (n,)."""
    verdict = np.zeros(len(nodes), np.int64)
    for part in parts:
        verdict = np.where(verdict == 0, part.at(nodes), verdict)
    return verdict


def sum_by_domain(parts: Sequence[Part], nodes: NodeView) -> Scores:
    """Return each node's sum over some answers by domain, shape (n,).

    Floating-point sums are rounded, a half up; the sum -inf means IGNORED.
    """
    fractional = any(part.values.dtype.kind == "f" for part in parts)
    total: NDArray[Any] = np.zeros(len(nodes), np.float64 if fractional else np.int64)
    for part in parts:
        total += part.at(nodes)
    if not fractional:
        return total
    if not len(total) or total.min() != -np.inf:
        return np.floor(total + 0.5).astype(np.int64)
    ignored = np.isneginf(total)
    rounded = np.floor(np.where(ignored, 0.0, total) + 0.5).astype(np.int64)
    return np.where(ignored, IGNORED, rounded)


class Locality(Enum):
    """What a plugin's answer for a node depends on, besides the pod's spec.

    ``SPEC``: the nodes' specs (labels, taints, allocatable).  ``NODE``: also what is placed
    on that node.  ``CLUSTER``: also other nodes, or which nodes are in the view.  A plugin
    that is unsure declares ``CLUSTER``: it is always right, and slower.
    """

    SPEC = "spec"
    NODE = "node"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node was rejected, and whether evicting pods could help.

    ``resolvable`` False is Kubernetes' UnschedulableAndUnresolvable.
    """

    text: str
    resolvable: bool = True


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Configurable(ABC):
    """Base of everything with arguments: a subclass is a frozen, keyword-only dataclass."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            raise InputError(
                f"{cls.__name__} defines __init__, which it would never be made by: declare its "
                "arguments as annotated fields (percent: int = 10), and check them in __post_init__"
            )
        dataclass(frozen=True, kw_only=True)(cls)

    @property
    def name(self) -> str:
        """The name by which the registry and the tables know it."""
        return type(self).__name__


class Plugin(Configurable):
    """What filter, score and device plugins share."""

    locality: ClassVar[Locality] = Locality.CLUSTER

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not isinstance(cls.locality, Locality):
            choices = ", ".join(str(choice) for choice in Locality)
            raise InputError(f"{cls.__name__}.locality is {cls.locality!r}: expected {choices}")


@dataclass(frozen=True, slots=True)
class PreFilter:
    """What a filter knows of a pod before it looks at the nodes one by one.

    Attributes
    ----------
    reasons : tuple of Reason
        Why the pod cannot be placed on any node; empty if it may be.
    nodes : frozenset of str, or None
        The names of the nodes to look at (Kubernetes' PreFilterResult); None for all.
    """

    reasons: tuple[Reason, ...] = ()
    nodes: frozenset[str] | None = None


class FilterPlugin(Plugin):
    """Says which nodes a pod may be placed on."""

    @abstractmethod
    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Return whether each node fits, or reason bits (0 = fits), shape (n,)."""

    def fits(self, pod: PodView, nodes: NodeView) -> NDArray[np.bool_] | None:
        """Return which nodes :meth:`filter` accepts, shape (n,), if that is sooner told than why.

        None (always, or never): the engine asks :meth:`filter`.
        """
        return None

    def filter_each(self, pods: PodsView, nodes: NodeView) -> Verdict | None:
        """Return whether each pod fits on the node beside it, shape (n,) (locality NODE).

        The promise: position i is accepted where :meth:`filter` accepts that node for that
        pod.  The engine then decides about stretches of unequal pods in one step.  Asked
        only about pods that the plugin does not skip.  None (always, or never): it asks
        :meth:`filter`, signature by signature.
        """
        return None

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return what bit i of the verdict means for this pod."""
        return (Reason(f"node(s) rejected by {self.name}"),)

    def skips_filter(self, pod: PodView) -> bool:
        """Say once per signature that this plugin accepts every node for such a pod."""
        return False

    def verdict_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[Part] | None:
        """Return the verdict of every node of the cluster by topology domain (locality CLUSTER).

        ``nodes`` are all nodes.  The promise: :meth:`filter` answers
        ``first_verdict(parts, nodes)`` for any view, and the parts depend on nothing but
        the pod and what is placed.  No parts mean that every node is accepted until the
        cluster knows more specs.  The engine then touches only nodes in domains whose
        value changed.  None (always, or never, for one signature): it asks :meth:`filter`
        about all nodes at each decision.
        """
        return None

    def prefilter(self, pod: PodView, nodes: NodeView) -> PreFilter | None:
        """Return what can be said before nodes are looked at one by one, None if nothing.

        It only says how a rejection is reported: :meth:`filter` alone must reject every
        node that this rejects.  ``nodes`` are all nodes of the cluster.  Asked only about
        pods that the plugin does not skip.
        """
        return None

    def reserved(self, pod: PodView, nodes: NodeView) -> Mapping[str, str]:
        """Return what the pod would be given on the view's one node, beside its resources.

        By claim, as ``namespace/name``, the volume (Kubernetes' Reserve).  Asked before the
        pod is placed; that it is taken from then on is the plugin's own account.
        """
        return {}

    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict | None:
        """Return the verdict on nodes of which each, by itself, has other pods than it has.

        Preemption asks this: what would :meth:`filter` say of each node if only that
        node's pods were those assumed by ``nodes``?  SPEC and NODE plugins need not care.
        A CLUSTER plugin adds ``nodes.difference(weights)`` to the tables it reads
        (Kubernetes' PreFilterExtensions); None (always, or never): the engine really
        changes the cluster, node by node, and asks :meth:`filter`.
        """
        return None

    def skips_cycle(self, pod: PodView, nodes: NodeView) -> bool:
        """Say that, as the cluster stands, every node is accepted, and with fewer pods, too.

        Kubernetes' PreFilter returns Skip.  For CLUSTER plugins; it saves asking about
        every node what nobody can object to.
        """
        return False


class PreEnqueuePlugin(FilterPlugin):
    """Keeps a pod from being scheduled at all, for what its spec says."""

    locality = Locality.SPEC

    @abstractmethod
    def admits(self, pod: PodView) -> bool:
        """Say whether the pod may be scheduled."""

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods that may be scheduled."""
        return self.admits(pod)

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject every node."""
        return np.zeros(len(nodes), np.bool_)


class ScorePlugin(Plugin):
    """Ranks the nodes that passed the filters; higher is better.

    Scores are int64.  A plugin with locality SPEC or NODE must answer for any node, full
    or not; one with CLUSTER is shown exactly the feasible nodes.
    """

    @abstractmethod
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return one int64 score for each node, shape (n,)."""

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores | None:
        """Return the score of each pod on the node beside it, shape (n,) (locality NODE).

        The counterpart of :meth:`FilterPlugin.filter_each`.
        """
        return None

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Return final scores of some nodes from raw ones (Kubernetes' NormalizeScore).

        ``low`` and ``high`` are the extremes of the raw scores over the feasible nodes
        (without IGNORED ones).  Not overridden: raw scores are final.
        """
        return raw

    @property
    def normalizes(self) -> bool:
        """Whether final scores depend on the extremes over the feasible nodes."""
        return type(self).normalize is not ScorePlugin.normalize

    def skips_score(self, pod: PodView) -> bool:
        """Say once per signature that this plugin does not rank nodes for such a pod."""
        return False

    def ranks(self, pod: PodView, nodes: NodeView) -> bool:
        """Say whether the plugin ranks nodes for the pod as the cluster stands.

        It only says how scores are reported (Kubernetes: PreScore did not return Skip):
        where it does not rank, all final scores must be 0.
        """
        return True

    def score_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[Part] | None:
        """Return the raw score of every node of the cluster by topology domain (locality CLUSTER).

        ``nodes`` are the feasible nodes.  The promise: :meth:`score` answers
        ``sum_by_domain(parts, nodes)``, and the parts depend on which nodes are feasible
        by :meth:`NodeView.domain_count` alone.  No parts mean 0 for every node until the
        cluster knows more specs.  The engine then touches only nodes in domains whose
        value changed.  None (always, or never, for one signature): it asks :meth:`score`
        about all feasible nodes at each decision.
        """
        return None


@dataclass(frozen=True, slots=True)
class PostFilterResult:
    """On which node room is made, and by whose eviction.

    ``nominated`` is the node's row, -1 for none; ``victims`` are the numbers of running
    pods (:attr:`Cluster.running`), in the order in which they go.
    """

    nominated: int = -1
    victims: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node on which evicting ``victims`` makes room, and how many budgets that breaks."""

    row: int
    victims: tuple[int, ...]
    violations: int = 0


@dataclass(frozen=True, slots=True)
class PreemptionReport:
    """Everything of one attempt to make room for a pod.

    Attributes
    ----------
    message : str
        Why the pod may not preempt others, "" if it may.
    potential : int64, shape (n,)
        The rows that evictions could make fit, ascending.
    candidates : tuple of Candidate
        The nodes on which they do, ascending.
    best : tuple of int
        The rows of the candidates that no other one outranks, ascending.
    chosen : PostFilterResult
    """

    message: str
    potential: NDArray[np.int64]
    candidates: tuple[Candidate, ...] = ()
    best: tuple[int, ...] = ()
    chosen: PostFilterResult = PostFilterResult()


class PostFilterPlugin(Plugin):
    """Makes room for a pod that fits on no node, by evicting others."""

    @abstractmethod
    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        """Choose a node and victims; the engine evicts them and tries the pod there again."""

    def report(self, pod: PodView, handle: Handle) -> PreemptionReport:
        """Return what :meth:`post_filter` decides, and what it considered as far as it says so."""
        chosen = self.post_filter(pod, handle)
        potential = handle.potential(pod)
        if chosen.nominated < 0:
            return PreemptionReport("", potential)
        only = Candidate(chosen.nominated, chosen.victims)
        return PreemptionReport("", potential, (only,), (only.row,), chosen)


class DevicePlugin(Plugin):
    """Chooses the GPU devices of a node for pods that ask for some."""

    @abstractmethod
    def choose(self, pod: PodView, nodes: NodeView) -> NDArray[np.int64]:
        """Return the devices to take on each (feasible) node as a bit mask, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How many nodes a plugin rejected first, for which reason."""

    plugin: str
    reason: str
    nodes: int
    resolvable: bool = True


def never() -> bool:
    """Cancel nothing."""
    return False


@dataclass(frozen=True)
class Budget:
    """What a scheduler may spend on a batch.

    ``seed`` decides every random choice.  ``seconds`` bounds the wall clock (None: no
    bound).  ``effort`` bounds solver work in CP-SAT's deterministic seconds, so that the
    answer does not depend on the machine's speed.  Once ``cancelled()`` is true, which may
    be asked often and from any thread, a scheduler returns what it has within 100 ms.
    """

    seed: int = 0
    seconds: float | None = None
    effort: float = 10.0
    started: float = field(default_factory=time.perf_counter)
    cancelled: Callable[[], bool] = never

    def remaining(self) -> float:
        """Return the wall-clock seconds left: infinite without a bound, 0 once cancelled."""
        if self.cancelled():
            return 0.0
        if self.seconds is None:
            return float("inf")
        return self.seconds - (time.perf_counter() - self.started)


@dataclass(frozen=True, slots=True)
class IncumbentPoint:
    """How good the best placement was at a moment of the search.

    Attributes
    ----------
    seconds : float
        Wall-clock time since the budget began.
    effort : float
        Deterministic seconds spent.
    value : int
        Pods placed, weighted 1 for the lowest priority and twice as much for each higher one.
    bound : int
        What no placement's value exceeds, as far as was known.
    """

    seconds: float
    effort: float
    value: int
    bound: int


@dataclass(frozen=True, slots=True)
class Eviction:
    """A pod that was taken off its node to make room for another one.

    Attributes
    ----------
    by : int
        The pod of the batch that it was evicted for, at that pod's turn.
    row : int
        The node that it was on.
    pod : int
        Which pod of the batch it was, placed before, -1 for another one.
    bound : int
        Which of the workload's bound pods it was, -1 for another one.
    devices : int
        The GPU devices it held, as a bit mask.
    """

    by: int
    row: int
    pod: int = -1
    bound: int = -1
    devices: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A running pod that was taken to another node to make room for one of the batch.

    It leaves and arrives in one step, at the turn of ``by``, after the evictions and before
    that pod is placed; there and then it must be legal on the node that it comes to.

    Attributes
    ----------
    by : int
        The pod of the batch at whose turn it moves.
    bound : int
        Which of the workload's bound pods it is.
    origin, target : int
        The nodes that it leaves and comes to.
    held, devices : int
        The GPU devices that it gives back and takes, as bit masks.
    """

    by: int
    bound: int
    origin: int
    target: int
    held: int = 0
    devices: int = 0


@dataclass
class Placement:
    """Where each pod of a batch went.

    Attributes
    ----------
    node : int32, shape (P,)
        The row of the chosen node, -1 for a pod left unplaced.
    devices : int64, shape (P,)
        The GPU devices taken there, as a bit mask.
    sequence : int64, shape (P,)
        The pods in the order in which they were decided; every placement must be legal
        at its turn.
    latency_ns : int64, shape (P,) or None
        The time of each decision, scheduler logic only; None for batch solvers.
    failure : int32, shape (P,)
        For an unplaced pod the index into ``failures`` of what kept it off, else -1.
    failures : list of tuples of Failure
    evictions : list of Eviction
        In their order.  A pod of the batch that was evicted ends unplaced: whoever made
        it may make it anew, the scheduler does not.
    moves : list of Move
        In their order; a pod may move more than once.  Pods of the batch are not moved: the
        scheduler puts them where they end up.
    info : dict
        What the scheduler says of its work: counters, bound, gap, status.
    incumbents : list of IncumbentPoint
        How the best placement of a search got better, in order of time.
    """

    node: NDArray[np.int32]
    devices: NDArray[np.int64]
    sequence: NDArray[np.int64]
    latency_ns: NDArray[np.int64] | None
    failure: NDArray[np.int32]
    failures: list[tuple[Failure, ...]] = field(default_factory=list)
    evictions: list[Eviction] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    info: dict[str, float | int | str] = field(default_factory=dict)
    incumbents: list[IncumbentPoint] = field(default_factory=list)

    @classmethod
    def empty(cls, pods: int) -> Placement:
        """Return the placement of a batch of which nothing is placed yet."""
        return cls(
            node=np.full(pods, -1, np.int32),
            devices=np.zeros(pods, np.int64),
            sequence=np.arange(pods, dtype=np.int64),
            latency_ns=None,
            failure=np.full(pods, -1, np.int32),
        )


class Scheduler(Configurable):
    """Places a whole batch of pods on a cluster."""

    @abstractmethod
    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place what can be placed, updating ``cluster``, and return where."""


class WorkloadSource(Configurable):
    """Makes workloads: the same seed gives the same one on every machine."""

    @abstractmethod
    def build(self, seed: int) -> Workload:
        """Return the nodes and pods of this seed."""

    def input_files(self) -> tuple[Path, ...]:
        """Return the files that it reads beside its arguments: their contents are its identity."""
        return ()

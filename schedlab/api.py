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
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, dataclass_transform

import numpy as np
from numpy.typing import NDArray

from schedlab.core.cluster import Cluster
from schedlab.core.counts import DomainSums
from schedlab.core.labels import Column
from schedlab.core.views import NodeView, PodView, columns
from schedlab.model.objects import GpuRequest, Node, PodBatch, PodSpec, Workload

__all__ = [
    "FITS",
    "IGNORED",
    "MAX_NODE_SCORE",
    "Budget",
    "Cluster",
    "Column",
    "DevicePlugin",
    "DomainSums",
    "Failure",
    "FilterPlugin",
    "GpuRequest",
    "Locality",
    "Node",
    "NodeView",
    "Placement",
    "Plugin",
    "PodBatch",
    "PodSpec",
    "PodView",
    "Reason",
    "Scheduler",
    "ScorePlugin",
    "Scores",
    "Verdict",
    "Workload",
    "WorkloadSource",
    "columns",
    "normalize_max",
    "normalize_max_reversed",
    "normalize_min_max",
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
        dataclass(frozen=True, kw_only=True)(cls)

    @property
    def name(self) -> str:
        """The name by which the registry and the tables know it."""
        return type(self).__name__


class Plugin(Configurable):
    """What filter, score and device plugins share."""

    locality: ClassVar[Locality] = Locality.CLUSTER


class FilterPlugin(Plugin):
    """Says which nodes a pod may be placed on."""

    @abstractmethod
    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Return whether each node fits, or reason bits (0 = fits), shape (n,)."""

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return what bit i of the verdict means for this pod."""
        return (Reason(f"node(s) rejected by {self.name}"),)

    def skips_filter(self, pod: PodView) -> bool:
        """Say once per signature that this plugin accepts every node for such a pod."""
        return False


class ScorePlugin(Plugin):
    """Ranks the nodes that passed the filters; higher is better.

    Scores are int64.  A plugin with locality SPEC or NODE must answer for any node, full
    or not; one with CLUSTER is shown exactly the feasible nodes.
    """

    @abstractmethod
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return one int64 score for each node, shape (n,)."""

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


@dataclass(frozen=True)
class Budget:
    """What a scheduler may spend on a batch.

    ``seed`` decides every random choice.  ``seconds`` bounds the wall clock (None: no
    bound).  ``effort`` bounds solver work in CP-SAT's deterministic seconds, so that the
    answer does not depend on the machine's speed.
    """

    seed: int = 0
    seconds: float | None = None
    effort: float = 10.0
    started: float = field(default_factory=time.perf_counter)

    def remaining(self) -> float:
        """Return the wall-clock seconds left (infinite without a bound)."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - (time.perf_counter() - self.started)


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
    info : dict
        What the scheduler says of its work: counters, bound, gap, status.
    """

    node: NDArray[np.int32]
    devices: NDArray[np.int64]
    sequence: NDArray[np.int64]
    latency_ns: NDArray[np.int64] | None
    failure: NDArray[np.int32]
    failures: list[tuple[Failure, ...]] = field(default_factory=list)
    info: dict[str, float | int | str] = field(default_factory=dict)

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

"""How full the nodes are, and how evenly."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from schedlab.metrics.metric import family, metric
from schedlab.metrics.outcome import Outcome
from schedlab.model.objects import CPU, MEMORY

Floats = NDArray[np.float64]


@metric("nodes", "lower")
def nodes_used(outcome: Outcome) -> float:
    """Nodes that run at least one pod, bound ones included."""
    return float((outcome.cluster.pod_count > 0).sum())


@metric("share", "higher")
def utilisation_cpu(outcome: Outcome) -> float:
    """Requested cpu over allocatable cpu, all nodes and bound pods included; NaN without any."""
    return utilisation(outcome, CPU)


@metric("share", "higher")
def utilisation_memory(outcome: Outcome) -> float:
    """Requested memory over allocatable memory, as for cpu."""
    return utilisation(outcome, MEMORY)


@metric("share", "higher")
def utilisation_gpu(outcome: Outcome) -> float:
    """Requested GPU over allocatable GPU, as for cpu; NaN in a cluster without GPUs.

    Counted in thousandths of devices (``schedlab.io/gpu-milli``) where a node offers
    them, else in ``nvidia.com/gpu``.
    """
    return math.nan if outcome.gpu is None else utilisation(outcome, outcome.gpu)


@family("share", "higher")
def utilisation_by_resource(outcome: Outcome) -> dict[str, float]:
    """Requested over allocatable of one resource besides cpu, memory and GPU; as for cpu."""
    named = {CPU, MEMORY, outcome.gpu}
    return {r: utilisation(outcome, r) for r in outcome.cluster.resources if r not in named}


@metric("ratio", "lower")
def balance_cv(outcome: Outcome) -> float:
    """Unevenness: standard deviation over mean of the nodes' dominant utilisation; NaN if idle.

    The dominant utilisation of a node is its largest requested/allocatable over the
    resources (the dominant share of DRF, Ghodsi et al., NSDI'11, by node); the deviation
    is the population's.  0: all alike.
    """
    dominant = node_utilisation(outcome).max(axis=1, initial=0.0)
    mean = float(dominant.mean()) if len(dominant) else 0.0
    return float(dominant.std()) / mean if mean else math.nan


@metric("share", "lower")
def imbalance_cpu_memory(outcome: Outcome) -> float:
    """Mean over nodes of |cpu utilisation - memory utilisation|; NaN without nodes.

    What NodeResourcesBalancedAllocation (Kubernetes) tries to keep small.
    """
    shares = node_utilisation(outcome)
    cpu, memory = (shares[:, outcome.cluster.resource(r)] for r in (CPU, MEMORY))
    return float(np.abs(cpu - memory).mean()) if len(shares) else math.nan


def utilisation(outcome: Outcome, resource: str) -> float:
    """Return requested over allocatable of a resource, summed over the nodes."""
    cluster = outcome.cluster
    at = cluster.resource(resource)
    offered = int(cluster.allocatable[:, at].sum())
    return int(cluster.requested[:, at].sum()) / offered if offered else math.nan


def node_utilisation(outcome: Outcome) -> Floats:
    """Return requested over allocatable, shape (N, R); 0 where a node offers nothing."""
    offered = outcome.cluster.allocatable
    share: Floats = outcome.cluster.requested / np.maximum(offered, 1)
    return np.where(offered > 0, share, 0.0)

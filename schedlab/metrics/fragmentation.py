"""Fragmentation: free capacity that lies where the workload's pods cannot use it.

After Weng et al., *Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
Fragmentation Gradient Descent* (USENIX ATC 2023).
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from schedlab.core.cluster import Cluster
from schedlab.metrics.metric import metric
from schedlab.metrics.outcome import Outcome
from schedlab.model.objects import CPU, GPU_MILLI, MEMORY, GpuRequest, PodBatch, PodSpec
from schedlab.model.typical import PodKind, typical_kinds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@metric("share", "lower")
def fragmentation_cpu(outcome: Outcome) -> float:
    """Share of the free cpu that a random pod asking for cpu cannot use where it lies.

    Σ_m p_m · (free cpu on nodes where m does not fit) / (free cpu on all nodes), over the
    kinds m of pods of the batch that ask for cpu, p_m their share among those.  Fits: by
    capacity alone (every resource, pod count, GPU devices and their model).  0: every node
    with room takes every pod; 1: nothing free is of use.  NaN if nothing is free or no pod
    asks.  The definition of FGD (Weng et al., ATC'23), for any resource.
    """
    return stranded(outcome, CPU)


@metric("share", "lower")
def fragmentation_memory(outcome: Outcome) -> float:
    """Share of the free memory that a random pod asking for memory cannot use; as for cpu."""
    return stranded(outcome, MEMORY)


@metric("share", "lower")
def fragmentation_gpu(outcome: Outcome) -> float:
    """Share of the free GPU that a random pod asking for GPU cannot use; as for cpu.

    Thousandths on a device with fewer free than the pod asks of each count as unusable,
    even on a node where the pod fits.  NaN in a cluster without GPUs.
    """
    return math.nan if outcome.gpu is None else stranded(outcome, outcome.gpu)


@metric("share", "lower")
def fragmentation_fgd(outcome: Outcome) -> float:
    """FGD's own fragmentation ratio of the GPUs, as published (Weng et al., ATC'23); else NaN.

    Σ_m p_m F_m / idle GPU over the typical pods m: the most frequent kinds (cpu, thousandths,
    devices, models) that make up 95 % of the batch.  F_m: idle thousandths on devices too
    full for m, and all of a node's where m does not fit or asks for no GPU.  Memory and
    pod counts play no part.  Needs GPU devices; NaN without, or when none is idle.
    """
    return fgd(outcome.cluster, typical_pods(outcome.workload.expected))


def stranded(outcome: Outcome, resource: str) -> float:
    """Return the share of the free ``resource`` that the pods asking for it cannot use."""
    cluster, kinds = outcome.cluster, capacity_kinds(outcome.workload.pods)
    asking = [(s, n) for s, n in kinds if s.request(resource)]
    free = _free(cluster)
    whole = float(_amounts(cluster, free, resource).sum())
    if not asking or not whole:
        return math.nan
    usable = sum(n * _usable(cluster, free, spec, resource) for spec, n in asking)
    return 1.0 - usable / sum(n for _, n in asking) / whole


def capacity_kinds(pods: PodBatch) -> list[tuple[PodSpec, int]]:
    """Return one spec for each distinct (requests, GPU request) and how many pods have it."""
    often = np.bincount(pods.signature, minlength=len(pods.specs)).tolist()
    first: dict[object, PodSpec] = {}
    count: Counter[object] = Counter()
    for spec, times in zip(pods.specs, often, strict=True):
        kind = (spec.requests, spec.gpu)
        first.setdefault(kind, spec)
        count[kind] += times
    return [(spec, count[kind]) for kind, spec in first.items()]


def fgd(cluster: Cluster, typical: list[tuple[PodKind, float]]) -> float:
    """Return the share of the idle GPU thousandths that the typical pods cannot use."""
    idle = float(device_room(cluster).sum())
    if not idle:
        return math.nan
    cpu = _free(cluster)[:, cluster.resource(CPU)]
    usable = sum(
        share * float(_usable_devices(cluster, kind.gpu)[cpu >= kind.cpu].sum())
        for kind, share in typical
        if kind.gpu.count
    )
    return 1.0 - usable / idle


def typical_pods(pods: PodBatch) -> list[tuple[PodKind, float]]:
    """Return FGD's typical pods with shares that add up to 1; see ``typical_kinds``."""
    kinds = typical_kinds(pods)
    total = sum(k.count for k in kinds)
    return [(k, k.count / total) for k in kinds]


def device_room(cluster: Cluster) -> Ints:
    """Return the free thousandths of each node's devices, shape (N, D); 0 where there is none."""
    return np.maximum(cluster.device_free, 0)


def _free(cluster: Cluster) -> Ints:
    return np.maximum(cluster.allocatable - cluster.requested, 0)


def _amounts(cluster: Cluster, free: Ints, resource: str) -> Ints:
    """Return the free amount by node, shape (N,); shared GPUs by device."""
    if resource == GPU_MILLI:
        amounts: Ints = device_room(cluster).sum(axis=1)
        return amounts
    return free[:, cluster.resource(resource)]


def _usable(cluster: Cluster, free: Ints, spec: PodSpec, resource: str) -> float:
    """Return how much of the free ``resource`` lies where ``spec`` can use it."""
    fits = cluster.pod_count < cluster.allowed_pods
    for name, amount in spec.requests:
        fits &= free[:, cluster.resource(name)] >= amount
    amounts = _amounts(cluster, free, resource)
    if spec.gpu is not None:
        devices = _usable_devices(cluster, spec.gpu)
        fits &= devices > 0
        amounts = devices if resource == GPU_MILLI else amounts
    return float(amounts[fits].sum())


def _usable_devices(cluster: Cluster, gpu: GpuRequest) -> Ints:
    """Return the free thousandths on devices with room, shape (N,); 0 with too few of them."""
    roomy = cluster.device_free >= gpu.milli
    usable = np.where(roomy, cluster.device_free, 0).sum(axis=1)
    enough = roomy.sum(axis=1) >= gpu.count
    if gpu.models:
        model = cluster.labels.gpu_model
        allowed = np.array([*(v in gpu.models for v in model.values), False], np.bool_)
        enough &= allowed[model.codes]
    return np.where(enough, usable, 0)

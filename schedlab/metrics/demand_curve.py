"""How GPU allocation and fragmentation go as demand arrives: the curves of the FGD paper.

After Weng et al., *Beware of Fragmentation* (USENIX ATC 2023): after every arrival, placed or
not, the GPU thousandths in use and the fragmentation F of the whole cluster, as functions of
what has arrived in percent of the cluster's GPUs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from schedlab.core.cluster import Cluster
from schedlab.metrics.outcome import Outcome
from schedlab.model.objects import CPU, GPU_MILLI
from schedlab.model.typical import PodKind, typical_kinds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

COLUMNS = (
    "arrived_percent",
    "allocated_percent",
    "fragmentation_percent",
    "fragmentation_ratio_percent",
    "failed_pods",
)


@dataclass(frozen=True)
class Arrivals:
    """What the cluster looks like after each arrival, in the order of decisions, shape (P,).

    ``arrived``, ``used`` and ``fragmented`` are thousandths of devices: asked for so far, in
    use, and Σ F over the nodes; ``failed`` is how many pods were left so far.
    ``capacity`` is all the thousandths there are, ``idle_at_first`` those before any decision.
    """

    capacity: int
    idle_at_first: int
    arrived: Ints
    used: Ints
    fragmented: Floats
    failed: Ints


def demand_curve(outcome: Outcome) -> pd.DataFrame:
    """Return a row for each whole percent of the cluster's GPUs that has arrived.

    Columns: ``arrived_percent``; ``allocated_percent`` and ``fragmentation_percent`` of all
    GPUs; ``fragmentation_ratio_percent`` of the idle ones; ``failed_pods`` so far.  Each is the
    mean over the arrivals that round to this percent (half to even), without any over those of
    the neighbouring percents, else NaN; numbers are rounded to 0.01 before and after as in
    the published curves.  Empty in a cluster without GPU devices.
    """
    events = arrivals(outcome)
    if not events.capacity or not len(events.arrived):
        return pd.DataFrame({name: np.zeros(0) for name in COLUMNS})
    percent = 100 / events.capacity
    idle = events.capacity - events.used
    ratio = np.divide(100 * events.fragmented, idle, out=np.zeros(len(idle)), where=idle > 0)
    at = np.rint(percent * events.arrived).astype(np.int64)
    means = {
        "allocated_percent": _means(at, np.round(percent * events.used, 2)).round(2),
        "fragmentation_percent": _means(at, percent * events.fragmented).round(2),
        "fragmentation_ratio_percent": _means(at, np.round(ratio, 2)),
        "failed_pods": _means(at, events.failed),
    }
    return pd.DataFrame({"arrived_percent": np.arange(at.max() + 1), **means})


def arrivals(outcome: Outcome) -> Arrivals:
    """Return the cluster after each arrival, by replaying the placement."""
    pods, sequence = outcome.workload.pods, outcome.placement.sequence
    cluster = Cluster.of(outcome.workload)
    milli = pods.column(GPU_MILLI)[sequence]
    placed = outcome.placed[sequence]
    room = np.maximum(cluster.device_free, 0)
    fragmented, change = _fragmentation(outcome, cluster)
    grown = np.zeros(len(sequence))
    grown[placed] = change
    capacity, idle = int(1000 * (cluster.device_free >= 0).sum()), int(room.sum())
    return Arrivals(
        capacity=capacity,
        idle_at_first=idle,
        arrived=np.cumsum(milli),
        used=capacity - idle + np.cumsum(np.where(placed, milli, 0)),
        fragmented=fragmented + np.cumsum(grown),
        failed=np.cumsum(~placed),
    )


def _fragmentation(outcome: Outcome, cluster: Cluster) -> tuple[float, Floats]:
    """Return Σ F before the first decision, and by how much each placed pod changes it."""
    kinds = typical_kinds(outcome.workload.expected)
    model = _accessible(kinds, cluster)
    at = cluster.resource(CPU)
    cpu = cluster.allocatable[:, at] - cluster.requested[:, at]
    before = fragmentation(kinds, cpu, cluster.device_free, model)
    rows, cpu_taken, devices_taken = _taken(outcome, cluster)
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    first = np.r_[True, rows[1:] != rows[:-1]] if len(rows) else np.zeros(0, np.bool_)
    after = fragmentation(
        kinds,
        cpu[rows] - _running_sums(cpu_taken[order], first),
        cluster.device_free[rows] - _running_sums(devices_taken[order], first),
        model[:, rows],
    )
    previous = np.where(first, before[rows], np.roll(after, 1))
    change = np.empty(len(rows))
    change[order] = after - previous
    return float(before.sum()), change


def fragmentation(
    kinds: list[PodKind], cpu: Ints, free: Ints, accessible: NDArray[np.bool_]
) -> Floats:
    """Return F of nodes in a given state, in thousandths of a device, shape (n,).

    F = idle - Σ p_m usable_m: the mean over the typical pods m of what m cannot use.

    Parameters
    ----------
    kinds
        The M typical pods, their counts standing for probabilities p_m.
    cpu, free
        Free milli-cores, shape (n,), and thousandths by device, shape (n, D), -1: no device.
    accessible
        Whether kind m may use the node's GPU model, shape (M, n).
    """
    room = np.maximum(free, 0)
    usable = np.zeros(len(cpu), np.int64)
    for kind, allowed in zip(kinds, accessible, strict=True):
        if kind.gpu.count:
            roomy = free >= kind.gpu.milli
            hosts = allowed & (cpu >= kind.cpu) & (roomy.sum(axis=1) >= kind.gpu.count)
            usable += kind.count * np.where(hosts, (room * roomy).sum(axis=1), 0)
    total = max(sum(k.count for k in kinds), 1)
    fragment: Floats = room.sum(axis=1) - usable / total
    return fragment


def _taken(outcome: Outcome, cluster: Cluster) -> tuple[Ints, Ints, Ints]:
    """Return row, cpu (p,) and thousandths by device (p, D) of each placed pod, as decided."""
    pods, placement = outcome.workload.pods, outcome.placement
    placed = placement.sequence[outcome.placed[placement.sequence]]
    share = np.array([s.gpu.milli if s.gpu else 0 for s in pods.specs], np.int64)
    device = np.arange(cluster.device_free.shape[1])
    taken = placement.devices[placed, None] >> device & 1
    return (
        placement.node[placed].astype(np.int64),
        pods.column(CPU)[placed],
        taken * share[pods.signature[placed]][:, None],
    )


def _running_sums(values: Ints, first: NDArray[np.bool_]) -> Ints:
    """Return cumulative sums that begin anew at each ``first`` entry, along axis 0."""
    sums = np.cumsum(values, axis=0)
    starts = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
    anew: Ints = sums - (sums - values)[starts]
    return anew


def _accessible(kinds: list[PodKind], cluster: Cluster) -> NDArray[np.bool_]:
    """Return whether each kind may use each node's GPU model, shape (M, N)."""
    column = cluster.labels.gpu_model
    allowed = [
        [*(not k.gpu.models or v in k.gpu.models for v in column.values), not k.gpu.models]
        for k in kinds
    ]
    table = np.array(allowed, np.bool_).reshape(len(kinds), len(column.values) + 1)
    return table[:, column.codes]


def _means(at: Ints, values: NDArray[np.generic]) -> Floats:
    """Return the mean of the values at 0, 1, ..., or around a place without any."""
    often = np.bincount(at).astype(np.float64)
    sums = np.bincount(at, values)
    around = np.ones(3)
    wide_often, wide_sums = (np.convolve(x, around, "same") for x in (often, sums))
    alone = often > 0
    often, sums = np.where(alone, often, wide_often), np.where(alone, sums, wide_sums)
    return np.divide(sums, often, out=np.full(len(sums), np.nan), where=often > 0)

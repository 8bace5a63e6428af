"""A trial's tables, each kept as ``<name>.parquet``: a row a pod, a row a node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from schedlab.api import Failure, Placement
from schedlab.metrics import Outcome
from schedlab.model.objects import GPU_MILLI


def decisions(outcome: Outcome) -> pa.Table:
    """Return one row a pod, in arrival order.

    Columns: ``pod`` (namespace/name), ``signature`` (equal for pods of equal specs),
    ``node`` (row, -1 unplaced), ``devices`` (bit mask), ``latency_us`` (null where the
    scheduler decides in batches), ``turn`` (position in the order of decisions),
    ``reason`` (why it was left, null if placed or untold).
    """
    pods, placement = outcome.workload.pods, outcome.placement
    turn = np.empty(len(pods), np.int64)
    turn[placement.sequence] = np.arange(len(pods))
    return pa.table(
        {
            "pod": pa.array(pods.names, pa.string()),
            "signature": pods.signature,
            "node": placement.node,
            "devices": placement.devices,
            "latency_us": _microseconds(placement.latency_ns, len(pods)),
            "turn": turn,
            "reason": _reasons(placement),
        }
    )


def nodes(outcome: Outcome) -> pa.Table:
    """Return one row a node as the placement leaves it, in the workload's order.

    Columns: ``node`` (name), ``pods``, and for each resource ``<resource>_allocatable`` and
    ``<resource>_requested`` (milli-cores, bytes, counts).
    """
    cluster = outcome.cluster
    columns: dict[str, object] = {
        "node": pa.array([n.name for n in cluster.nodes], pa.string()),
        "pods": cluster.pod_count.copy(),
    }
    for i, name in enumerate(cluster.resources):
        columns[f"{name}_allocatable"] = cluster.allocatable[:, i].copy()
        columns[f"{name}_requested"] = cluster.requested[:, i].copy()
    return pa.table(columns)


def curves(outcome: Outcome) -> pa.Table | None:
    """Return a row for each percent of the GPUs asked for, None without GPU devices.

    See :func:`schedlab.metrics.demand_curve.demand_curve`.
    """
    if outcome.gpu != GPU_MILLI:
        return None
    from schedlab.metrics.demand_curve import demand_curve  # pandas: slow for who needs it not

    return pa.Table.from_pandas(demand_curve(outcome), preserve_index=False)


def gpu_losses(outcome: Outcome) -> pa.Table | None:
    """Return who loses the idle GPUs at some points of arrived demand, None without devices.

    See :func:`schedlab.metrics.gpu_losses.gpu_losses`.
    """
    if outcome.gpu != GPU_MILLI:
        return None
    from schedlab.metrics import gpu_losses  # pandas: slow for who needs it not

    return pa.Table.from_pandas(gpu_losses.gpu_losses(outcome), preserve_index=False)


def evictions(outcome: Outcome) -> pa.Table | None:
    """Return one row for each pod that was evicted, in their order, None if none was.

    Columns: ``victim`` (namespace/name), ``was_bound`` (it ran before the batch), ``node`` (the
    row it was on), ``preemptor`` (whom it made room for).
    """
    found = outcome.placement.evictions
    if not found:
        return None
    pods, bound = outcome.workload.pods.names, outcome.workload.bound.names
    return pa.table(
        {
            "victim": [bound[e.bound] if e.bound >= 0 else pods[e.pod] for e in found],
            "was_bound": [e.bound >= 0 for e in found],
            "node": [e.row for e in found],
            "preemptor": [pods[e.by] for e in found],
        }
    )


def incumbents(outcome: Outcome) -> pa.Table | None:
    """Return one row for each better placement that a search found, None if none is told.

    Columns: ``seconds`` (wall clock since the call), ``effort`` (deterministic seconds),
    ``value`` (as the metric) and ``bound`` (what the scheduler says that no value exceeds).
    """
    points = outcome.placement.incumbents
    if not points:
        return None
    columns = ("seconds", "effort", "value", "bound")
    return pa.table({column: [getattr(p, column) for p in points] for column in columns})


def moves(outcome: Outcome) -> pa.Table | None:
    """Return one row for each move of a running pod, in their order, None if none moved.

    Columns: ``pod`` (namespace/name), ``origin`` and ``target`` (the nodes' rows),
    ``made_room_for`` (the pod of the batch at whose turn it moved).
    """
    found = outcome.placement.moves
    if not found:
        return None
    pods, bound = outcome.workload.pods.names, outcome.workload.bound.names
    return pa.table(
        {
            "pod": [bound[m.bound] for m in found],
            "origin": [m.origin for m in found],
            "target": [m.target for m in found],
            "made_room_for": [pods[m.by] for m in found],
        }
    )


def _microseconds(latency_ns: NDArray[np.int64] | None, pods: int) -> pa.Array:
    if latency_ns is None:
        return pa.nulls(pods, pa.float64())
    return pa.array(latency_ns / 1000.0)


def _reasons(placement: Placement) -> pa.Array:
    texts = [_reason(failures) for failures in placement.failures]
    codes = pa.array(placement.failure, mask=placement.failure < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(texts, pa.string()))


def _reason(failures: tuple[Failure, ...]) -> str:
    ranked = sorted(failures, key=lambda f: (-f.nodes, f.plugin, f.reason))
    return "; ".join(f"{f.nodes} nodes: {f.reason}" for f in ranked)


TABLES: dict[str, Callable[[Outcome], pa.Table | None]] = {
    "decisions": decisions,
    "evictions": evictions,
    "moves": moves,
    "incumbents": incumbents,
    "nodes": nodes,
    "curves": curves,
    "gpu_losses": gpu_losses,
}
"""What a trial leaves, by name (None: it has no such table); ``Run.table(name)`` reads it."""


def write_tables(folder: Path, outcome: Outcome) -> None:
    """Write every table of a legal placement into the trial's folder."""
    for name, make in TABLES.items():
        table = make(outcome)
        if table is not None:
            pq.write_table(table, table_path(folder, name))


def table_path(trial: Path, name: str) -> Path:
    """Return where a trial's folder keeps a table."""
    return trial / f"{name}.parquet"

"""Undo the latest changes of a cluster: who was placed leaves, who was evicted is back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Placement, PodBatch

Ints = NDArray[np.int64]


def undo(cluster: Cluster, since: int) -> None:
    """Make the cluster what it was when its log had ``since`` changes; the log grows by that.

    Who runs is known to :class:`RunningPods` alone, which unwinds by itself.
    """
    rows, signatures, devices, pods = _net(cluster, since)
    came, went = np.maximum(pods, 0), np.maximum(-pods, 0)
    _remove(cluster, *(np.repeat(column, came) for column in (rows, signatures, devices)))
    _place(cluster, *(np.repeat(column, went) for column in (rows, signatures, devices)))
    cluster.log.note_undone(since)


def take_back(cluster: Cluster, pods: PodBatch, placement: Placement, which: Ints) -> None:
    """Take pods of a batch off the nodes that they were placed on."""
    placed = which[placement.node[which] >= 0]
    rows, devices = placement.node[placed].astype(np.int64), placement.devices[placed]
    _remove(cluster, rows, _signatures(cluster, pods, placed), devices)
    forget(placement, which)


def forget(placement: Placement, which: Ints) -> None:
    """Have pods of a batch be on no node, those that were on one without a reason."""
    placed = which[placement.node[which] >= 0]
    placement.node[placed], placement.devices[placed], placement.failure[placed] = -1, 0, -1


def place_all(
    cluster: Cluster, pods: PodBatch, placement: Placement, which: Ints, rows: Ints, devices: Ints
) -> None:
    """Put pods of a batch on nodes, whoever says that they fit there."""
    _place(cluster, rows, _signatures(cluster, pods, which), devices)
    placement.node[which], placement.devices[which], placement.failure[which] = rows, devices, -1


def _signatures(cluster: Cluster, pods: PodBatch, which: Ints) -> Ints:
    """Return the numbers by which the cluster knows the specs of some pods, shape (n,)."""
    return np.array([cluster.signature(s) for s in pods.specs], np.int64)[pods.signature[which]]


def _net(cluster: Cluster, since: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Return by row, signature and devices how many more pods there are than there were."""
    log, signatures = cluster.log, len(cluster.specs)
    held = np.zeros(len(log) - since, np.int64)
    if log.devices:
        held[:] = [log.devices.get(i, 0) for i in range(since, len(log))]
    masks, mask = np.unique(held, return_inverse=True)
    kinds = (log.rows(since) * signatures + log.signatures(since)) * len(masks) + mask.reshape(-1)
    distinct, which = np.unique(kinds, return_inverse=True)
    pods = np.zeros(len(distinct), np.int64)
    np.add.at(pods, which.reshape(-1), log.signs(since))
    specs, mask = np.divmod(distinct, max(len(masks), 1))
    rows, signature = np.divmod(specs, signatures)
    return rows, signature, masks[mask], pods


def _place(cluster: Cluster, rows: Ints, signatures: Ints, devices: Ints) -> None:
    plain = devices == 0
    cluster.place_many(signatures[plain].astype(np.int32), rows[plain])
    for i in np.flatnonzero(~plain).tolist():
        cluster.place(int(signatures[i]), int(rows[i]), int(devices[i]))


def _remove(cluster: Cluster, rows: Ints, signatures: Ints, devices: Ints) -> None:
    plain = devices == 0
    cluster.remove_many(signatures[plain].astype(np.int32), rows[plain])
    for i in np.flatnonzero(~plain).tolist():
        cluster.remove(int(signatures[i]), int(rows[i]), int(devices[i]))

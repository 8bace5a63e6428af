"""Pods that may be moved, and those that may not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab.api import Cluster, PodBatch, PodSpec
from schedlab.engine import Profile
from schedlab.model.objects import PodDisruptionBudget
from schedlab_algorithms.defragment.kinds import Kinds
from schedlab_algorithms.packing.arrays import Ints, Mask

NOWHERE = -1


@dataclass(eq=False)
class Tenants:
    """The pods of the batch, then the running ones that may move: T in all, P of the batch.

    Attributes
    ----------
    kinds : Kinds
    kind : int64, shape (T,)
    row : int64, shape (T,)
        The node that each is on, -1 for none; changes.
    devices : int64, shape (T,)
        The GPU devices held there, as bit masks; changes.
    bound : int64, shape (T,)
        Which of the workload's bound pods it is, -1 for a pod of the batch.
    movable : bool, shape (T,)
        Changes: a pod that others were evicted for stays.
    """

    kinds: Kinds
    kind: Ints
    row: Ints
    devices: Ints
    bound: Ints
    movable: Mask

    @property
    def running(self) -> Mask:
        """Which ran before the batch, shape (T,)."""
        return self.bound >= 0


def tenants(profile: Profile, cluster: Cluster, pods: PodBatch) -> Tenants:
    """Return the pods of a batch, nowhere yet, and the running ones that may move."""
    bound, signature, row = _bound(cluster)
    distinct, code = np.unique(signature, return_inverse=True)
    theirs = [cluster.specs[s] for s in distinct.tolist()]
    kinds = Kinds.of(profile, cluster, (*pods.specs, *theirs))
    kind = len(pods.specs) + code.reshape(-1)
    may = np.array([_may_move(s, cluster.disruption_budgets) for s in kinds.specs], np.bool_)
    stays = np.flatnonzero(~(kinds.loose & may)[kind])
    bound, row, kind = (np.delete(column, stays) for column in (bound, row, kind))
    held = np.array([cluster.log.devices.get(b, 0) for b in bound.tolist()], np.int64)
    nowhere = np.full(len(pods), NOWHERE, np.int64)
    batch = pods.signature.astype(np.int64)
    return Tenants(
        kinds=kinds,
        kind=np.concatenate([batch, kind]),
        row=np.concatenate([nowhere, row]),
        devices=np.concatenate([np.zeros(len(pods), np.int64), held]),
        bound=np.concatenate([nowhere, bound]),
        movable=np.concatenate([kinds.loose[batch], np.ones(len(bound), np.bool_)]),
    )


def _bound(cluster: Cluster) -> tuple[Ints, Ints, Ints]:
    """Return the numbers, signatures and rows of the bound pods that still run, (B,) each.

    A workload's bound pods are the first that its cluster was told of.
    """
    number = np.arange(len(cluster.bound_start))
    signs, rows = cluster.log.signs(0), cluster.log.rows(0)
    there = np.ones(len(number), np.bool_)
    if (signs < 0).any():
        on_row = [cluster.running.on(r) for r in np.unique(rows[number]).tolist()]
        there = np.isin(number, np.concatenate(on_row)) if on_row else there
    number = number[there]
    return number, cluster.log.signatures(0)[number].astype(np.int64), rows[number]


def _may_move(spec: PodSpec, budgets: tuple[PodDisruptionBudget, ...]) -> bool:
    """Say whether pods of a spec may be taken elsewhere, as far as they themselves say.

    Not those that are tied to a node or bring ports, volumes or claims, those that are
    being deleted, nor those that a PodDisruptionBudget protects.
    """
    tied = spec.node_name or spec.host_ports or spec.volumes or spec.resource_claims
    if tied or spec.terminating:
        return False
    labels = dict(spec.labels)
    return not any(
        budget.namespace == spec.namespace
        and budget.selector is not None
        and budget.selector.requirements
        and budget.selector.matches(labels)
        for budget in budgets
    )

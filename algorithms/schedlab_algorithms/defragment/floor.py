"""The cluster while pods move on it: what is free, who goes where, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from schedlab.api import Cluster
from schedlab_algorithms.defragment.tenants import NOWHERE, Tenants
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.devices import tightest_mask

ALL = slice(None)


class Step(NamedTuple):
    """A tenant left ``origin``, giving back ``held``, and came to ``target``, taking ``devices``.

    Either may be nowhere (-1).
    """

    tenant: int
    origin: int
    target: int
    held: int
    devices: int


@dataclass(eq=False)
class Floor:
    """The living cluster, its tenants, and the steps taken so far."""

    cluster: Cluster
    tenants: Tenants
    steps: list[Step] = field(default_factory=list)

    @property
    def free(self) -> Ints:
        """What each node has left, below 0 where it is overcommitted, shape (N, R)."""
        return self.cluster.allocatable - self.cluster.requested

    @property
    def slots(self) -> Ints:
        """How many more pods each node may hold, shape (N,)."""
        return self.cluster.allowed_pods - self.cluster.pod_count

    def take(self, tenant: int, target: int, devices: int = 0) -> None:
        """Take a tenant from where it is to another node, or to none."""
        where = self.tenants
        step = Step(tenant, int(where.row[tenant]), target, int(where.devices[tenant]), devices)
        self.steps.append(step)
        self._carry_out(step)

    def undo(self, mark: int) -> None:
        """Take back all steps but the first ``mark``."""
        while len(self.steps) > mark:
            tenant, origin, target, held, devices = self.steps.pop()
            self._carry_out(Step(tenant, target, origin, devices, held))

    def _carry_out(self, step: Step) -> None:
        where, signature = self.tenants, self.signature(step.tenant)
        if step.origin != NOWHERE:
            self.cluster.remove(signature, step.origin, step.held)
        if step.target != NOWHERE:
            self.cluster.place(signature, step.target, step.devices)
        where.row[step.tenant], where.devices[step.tenant] = step.target, step.devices

    def signature(self, tenant: int) -> int:
        """Return the cluster's number of a tenant's spec."""
        return int(self.tenants.kinds.signature[self.tenants.kind[tenant]])

    def fits(self, kind: int, rows: Ints | slice = ALL) -> Mask:
        """Return which of some nodes have room for one more pod, shape (n,)."""
        kinds, cluster = self.tenants.kinds, self.cluster
        request, count = kinds.requests[kind], int(kinds.gpu_count[kind])
        able: Mask = cluster.pod_count[rows] < cluster.allowed_pods[rows]
        for resource in np.flatnonzero(request).tolist():
            offered = cluster.allocatable[rows, resource] - cluster.requested[rows, resource]
            able &= offered >= request[resource]
        if count:
            able &= (cluster.device_free[rows] >= kinds.gpu_milli[kind]).sum(axis=1) >= count
        return able

    def fits_on(self, kind: int, row: int) -> bool:
        """Say whether a node has room for one more pod."""
        return bool(self.fits(kind, np.array([row]))[0])

    def tightest(self, kind: int, able: Mask) -> int:
        """Return the node of some that would be left with the least, -1 for none of them."""
        rows = np.flatnonzero(able)
        if not len(rows):
            return NOWHERE
        left = self.cluster.allocatable[rows] - self.cluster.requested[rows]
        left = left - self.tenants.kinds.requests[kind]
        shares = left / np.maximum(self.cluster.allocatable[rows], 1)
        return int(rows[shares.sum(axis=1).argmin()])

    def devices_for(self, kind: int, row: int) -> int:
        """Return the devices with the least room that is enough, as a bit mask (0 without GPUs)."""
        kinds = self.tenants.kinds
        count, milli = int(kinds.gpu_count[kind]), int(kinds.gpu_milli[kind])
        return tightest_mask(self.cluster.device_free[row], count, milli) if count else 0

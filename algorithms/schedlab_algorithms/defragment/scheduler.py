"""Defragment: moves few running pods so that those that fit on no node do."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from schedlab import engine
from schedlab.api import FITS, Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.engine import FilterScore, PackingProblem, Profile
from schedlab_algorithms.defragment.floor import Floor
from schedlab_algorithms.defragment.mover import Mover
from schedlab_algorithms.defragment.story import placement_of
from schedlab_algorithms.defragment.tenants import Tenants, tenants
from schedlab_algorithms.packing.answer import fill
from schedlab_algorithms.packing.arguments import at_least
from schedlab_algorithms.packing.arrays import Mask
from schedlab_algorithms.packing.certificate import Certificate, certify
from schedlab_algorithms.packing.devices import load
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.fixed import MODELLED
from schedlab_algorithms.packing.report import Info, value_and_gap, weighed


class Defragment(Scheduler):
    """Places a batch, and makes room for what does not fit by moving few running pods.

    The profile places the pods one by one.  Then, for each that is left, the highest
    priority first, the node is chosen on which the fewest running pods are in the way, and
    these go to other nodes; where they find none, others make room for them in turn, or a
    model of a few nodes finds by CP-SAT the cheapest moves among them.
    Pods that the batch placed before move freely: it is still one batch.

    A running pod moves only if it needs nothing but room where it goes: not pods with spread
    constraints or inter-pod (anti-)affinity, nor any that such a rule counts; not those tied
    to a node, with host ports, volumes or claims, being deleted, or protected by a
    PodDisruptionBudget.  Every move is legal at its turn (:class:`schedlab.api.Move`).

    Parameters
    ----------
    profile : str
        Its filters hold and its scores rank the nodes of the greedy start.
    most_moves : int
        How many running pods may move for one pod, at most.
    evict : bool
        Whether running pods of lower priority may be evicted for a pod for which moving others
        is not enough.

    Raises
    ------
    InputError
        For an unknown profile, or ``most_moves`` below 0.
    """

    profile: str = "kubernetes"
    most_moves: int = 3
    evict: bool = False

    def __post_init__(self) -> None:
        at_least(0, most_moves=self.most_moves)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the batch; see the class."""
        profile = replace(engine.profile(self.profile), post_filter=None)
        effort = Effort.of(budget)
        where = tenants(profile, cluster, pods)
        problem = _without_tenants(engine.packing_problem(profile, cluster, pods), where)
        certificate = certify(problem, effort)
        greedy, until = FilterScore(profile=profile), replace(budget, cancelled=effort.is_over)
        start = greedy.schedule(cluster, pods, until)
        where.row[: len(pods)], where.devices[: len(pods)] = start.node, start.devices
        floor = Floor(cluster, where)
        mover = Mover(floor, effort, self.most_moves, partial(_admits, profile, floor))
        self._admit_all(mover, len(pods))
        placement = placement_of(floor, start)
        fill(cluster, pods, placement, greedy, until)
        placement.info = {**_report(placement, start, pods, certificate), **_counted(mover, pods)}
        return placement

    def _admit_all(self, mover: Mover, pods: int) -> None:
        """Give every pod that waits its turn: by priority, the largest first."""
        where, failed = mover.floor.tenants, dict[int, int]()
        kind = where.kind[:pods]
        order = np.lexsort((-where.kinds.size[kind], -where.kinds.priority[kind]))
        for pod in order.tolist():
            known = failed.get(int(kind[pod])) == len(mover.floor.steps)
            # The greedy start has placed what gangs it could, whole.
            if where.row[pod] >= 0 or known or where.kinds.specs[kind[pod]].gang:
                continue
            if mover.effort.exhausted():
                return
            may_go = self._may_go(where, pod)
            before = len(mover.floor.steps)
            if not mover.admit(pod, may_go):
                failed[int(kind[pod])] = before
            elif any(may_go[s.tenant] and s.target < 0 for s in mover.floor.steps[before:]):
                # Those that left for this very pod were of lower priority than it is.
                where.movable[pod] = False

    def _may_go(self, where: Tenants, pod: int) -> Mask:
        """Return whom a pod may leave without a node, (T,): lower ones of the batch, or any."""
        priority = where.kinds.priority[where.kind]
        lower = where.movable & (where.row >= 0) & (priority < priority[pod])
        # Without one of its pods a gang might come short.
        lower &= np.array([s.gang is None for s in where.kinds.specs], np.bool_)[where.kind]
        spec = where.kinds.specs[where.kind[pod]]
        evicts = self.evict and spec.preemption_policy != "Never"
        return lower if evicts else lower & ~where.running


def _admits(profile: Profile, floor: Floor, kind: int) -> Mask:
    """Return the nodes that every filter accepts but those about room, as things stand, (N,)."""
    kinds, cluster = floor.tenants.kinds, floor.cluster
    pod, nodes = cluster.pod(int(kinds.signature[kind])), cluster.view()
    accepted = kinds.zones[kinds.zone[kind]].copy()
    for plugin in profile.filters:
        if plugin.name not in MODELLED and not plugin.skips_filter(pod):
            verdict = plugin.filter(pod, nodes)
            accepted &= verdict if verdict.dtype == np.bool_ else verdict == FITS
    return accepted


def _without_tenants(problem: PackingProblem, where: Tenants) -> PackingProblem:
    """Return the problem on a cluster that those who may move have left."""
    moving = np.flatnonzero(where.running)
    rows, kind = where.row[moving], where.kind[moving]
    free, slots, devices = problem.free.copy(), problem.slots.copy(), problem.devices.copy()
    np.add.at(free, rows, where.kinds.requests[kind])
    np.add.at(slots, rows, 1)
    for tenant in moving[where.devices[moving] > 0].tolist():
        milli = int(where.kinds.gpu_milli[where.kind[tenant]])
        devices[where.row[tenant]] += load([int(where.devices[tenant])], milli, devices.shape[1])
    return replace(problem, free=free, slots=slots, devices=devices)


def _counted(mover: Mover, pods: PodBatch) -> Info:
    """Return what is to be said of the search."""
    where = mover.floor.tenants
    return {
        "repacked": mover.repacked,
        "may_move": int(where.running.sum()),
        "fixed_pods": int((~where.movable[: len(pods)]).sum()),
        "repeatable": int(not mover.effort.cut),
    }


def _report(
    placement: Placement, start: Placement, pods: PodBatch, certificate: Certificate
) -> Info:
    """Return what is placed and moved; ``bound`` is for whoever moves the same pods."""
    return {
        "greedy_value": weighed(certificate, pods, start),
        **value_and_gap(certificate, pods, placement, certificate.bound),
        "greedy_placed": int((start.node >= 0).sum()),
        "placed": int((placement.node >= 0).sum()),
        "moves": len(placement.moves),
        "evicted": len(placement.evictions),
    }

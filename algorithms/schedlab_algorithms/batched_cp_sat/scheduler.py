"""BatchedCpSat: an online scheduler that decides about some pods at a time, jointly."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.engine import Exclusion, Profile
from schedlab_algorithms.batched_cp_sat.counter import Choice, Counter
from schedlab_algorithms.batched_cp_sat.interplay import Interplay, within
from schedlab_algorithms.batched_cp_sat.joint import rows_and_devices, solve
from schedlab_algorithms.batched_cp_sat.scope import candidates, incumbent_of
from schedlab_algorithms.packing.answer import NO_TIME
from schedlab_algorithms.packing.arguments import above_zero, at_least
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.certificate import certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.report import value_and_gap


class BatchedCpSat(Scheduler):
    """Places pods as they come, some at a time, each batch jointly by CP-SAT.

    After DCM (Suresh et al., OSDI 2020).  The profile first places the pods of a batch one by
    one.  Then they are lifted again, and a model of them all on a few dozen candidate nodes
    is solved, with that placement as its hint: most pods placed by priority, then the highest
    sum of what their nodes total for the profile.  What a node totals falls with each pod it
    gets; the model has a straight line for that, and its answer is kept if it is better than
    one by one when each pod is asked about at its turn, else the first placement is.

    What is placed stays: there is no going back to earlier batches.  Host ports and
    anti-affinity between pods of the batch are part of the model; pods with volumes, affinity
    or spread constraints, and those that such a rule in the batch is about, stay where the
    profile put them.
    ``Placement.latency_ns`` is, for each pod, the time that its whole batch took.

    Parameters
    ----------
    profile : str
        Its filters hold, its scores rank, its queue sort orders the pods.
    batch : int
        How many pods are decided about together.
    candidates : int
        How many nodes the model adds to those of the first placement, about.
    batch_effort : float
        CP-SAT's deterministic seconds for a batch.

    Raises
    ------
    InputError
        For an unknown profile or a number out of range.
    """

    profile: str = "kubernetes"
    batch: int = 50
    candidates: int = 40
    batch_effort: float = 0.01

    def __post_init__(self) -> None:
        at_least(1, batch=self.batch, candidates=self.candidates)
        above_zero(batch_effort=self.batch_effort)

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the pods in queue order; once it is over, leave the rest.  See the class."""
        profile = replace(engine.profile(self.profile), post_filter=None)
        effort = Effort.of(budget)
        problem = engine.packing_problem(profile, cluster, pods)
        rules = engine.pod_rules(profile, cluster, pods.specs, effort.is_over)
        path = engine.one_by_one(profile, cluster, budget.seed)
        counter = Counter(profile, cluster, path, effort.is_over)
        online = _Online(self, counter, Interplay.of(profile, cluster, pods.specs), effort)
        until = replace(budget, cancelled=effort.is_over)
        placement = engine.in_whole_gangs(online.decide_all, cluster, pods, until, profile)
        _note_failures(placement, profile, cluster, pods, effort)
        # Bounded last, as pods that come do not wait for it; of the cluster as it was before.
        certificate = certify(problem, effort, rules)
        told = value_and_gap(certificate, pods, placement, certificate.bound)
        placement.info = {**online.tally, **told, "repeatable": int(not effort.cut)}
        return placement


@dataclass
class _Online:
    """Decides batch by batch."""

    scheduler: BatchedCpSat
    counter: Counter
    interplay: Interplay
    effort: Effort
    tally: Tally[str] = field(default_factory=Tally)

    def decide_all(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        """Place the pods in queue order, until the budget is cancelled."""
        placement = Placement.empty(len(pods))
        placement.sequence = engine.queue_order(self.counter.profile.queue_sort, pods)
        placement.latency_ns = np.zeros(len(pods), np.int64)
        known = [cluster.signature(s) for s in pods.specs]
        for batch in _batches(placement.sequence, self.scheduler.batch):
            if budget.cancelled():
                break
            began, codes = time.perf_counter_ns(), pods.signature[batch].astype(np.int64)
            choice = self.decide(np.array(known, np.int64)[codes], codes)
            placement.latency_ns[batch] = time.perf_counter_ns() - began
            placement.node[batch], placement.devices[batch] = choice.rows, choice.devices
        return placement

    def decide(self, batch: Ints, codes: Ints) -> Choice:
        """Place the pods of a batch, given by signatures of the cluster and of all pods, (b,)."""
        self.tally["batches"] += 1
        present, which = np.unique(codes, return_inverse=True)
        signatures, exclusions = batch.tolist(), self.interplay.exclusions(present)
        movable = self.interplay.movable(present, exclusions)[which.reshape(-1)]
        self.tally["fixed_pods"] += int((~movable).sum())
        tried = self.counter.one_by_one(signatures)
        if not movable.any() or self.effort.exhausted():
            return tried
        self.counter.take_back(signatures, tried)
        rows, devices = self._jointly(batch, codes, movable, tried, exclusions)
        if not (rows != tried.rows).any():
            self.counter.put_again(signatures, tried)
            return tried
        found = self.counter.as_told(signatures, rows, devices)
        if found.value > tried.value:
            self.tally["better_than_one_by_one"] += 1
            return found
        self.counter.take_back(signatures, found)
        self.counter.put_again(signatures, tried)
        return tried

    def _jointly(
        self,
        batch: Ints,
        codes: Ints,
        movable: Mask,
        tried: Choice,
        exclusions: Sequence[Exclusion],
    ) -> tuple[Ints, Ints]:
        scope = candidates(self.counter.path, batch, movable, tried, self.scheduler.candidates)
        if not scope.allowed.any():
            return tried.rows, tried.devices
        incumbent = incumbent_of(self.counter.cluster, scope, batch, movable, tried)
        position = dict(zip(batch.tolist(), np.searchsorted(np.unique(codes), codes), strict=True))
        specs = np.array([position[s] for s in scope.signatures.tolist()], np.int64)
        incumbent.exclusions = [within(e, specs, scope.rows) for e in exclusions]
        choice = solve(incumbent, scope, self.effort, self.scheduler.batch_effort)
        return rows_and_devices(choice, scope, batch, movable, tried)


def _batches(sequence: Ints, size: int) -> Iterator[Ints]:
    yield from (sequence[i : i + size] for i in range(0, len(sequence), size))


def _note_failures(
    placement: Placement, profile: Profile, cluster: Cluster, pods: PodBatch, effort: Effort
) -> None:
    """Say of the pods that are left what keeps them off every node in the end.

    Once it is over, that there was no time.
    """
    left = np.flatnonzero((placement.node < 0) & (placement.failure < 0))
    for code in np.unique(pods.signature[left]).tolist():
        signature = cluster.signature(pods.specs[code])
        mine = left[pods.signature[left] == code]
        placement.failure[mine] = len(placement.failures)
        reasons = (NO_TIME,) if effort.is_over() else engine.failures(profile, cluster, signature)
        placement.failures.append(reasons)

"""Gangs: pods that are placed together, or not at all.

Kubernetes 1.35 lets pods of a gang wait for one another on nodes whose room they hold, and
gives it back if not enough of them come in time (plugins/gangscheduling, alpha).  A batch
has no clock: who waits in vain gives back before the first pod that came after is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Budget, Cluster, Failure, Placement, PodBatch, PodSpec

Ints = NDArray[np.int64]
Schedule = Callable[[Cluster, PodBatch, Budget], Placement]
Name = tuple[str, str]
"""A gang's namespace and name."""

WAITS = Failure("GangScheduling", "not enough pods of its gang could be placed together", 0)


def gang_of(spec: PodSpec) -> Name | None:
    """Return the gang of a pod."""
    return None if spec.gang is None else (spec.namespace, spec.gang.name)


def missing(cluster: Cluster, specs: Iterable[PodSpec]) -> dict[Name, int]:
    """Return how many more pods of each gang of ``specs`` must be placed together, if any."""
    wanted = {name: s.gang.least for s in specs if s.gang and (name := gang_of(s))}
    if not wanted:
        return {}
    log = cluster.log
    placed = np.bincount(log.signatures(0), log.signs(0), minlength=len(cluster.specs))
    for spec, pods in zip(cluster.specs, placed.tolist(), strict=True):
        name = gang_of(spec)
        if name in wanted:
            wanted[name] -= int(pods)
    return {name: least for name, least in wanted.items() if least > 0}


def in_whole_gangs(
    schedule: Schedule, cluster: Cluster, pods: PodBatch, budget: Budget
) -> Placement:
    """Place a batch by ``schedule``, which may leave any pod, in whole gangs.

    If a gang comes short, what was decided before its first pod stands.  The others are
    decided again, a gang at the turn of its first pod, one of its pods after the other, and
    whole or not at all.  ``schedule`` must not evict or move running pods.
    """
    if not any(s.gang for s in pods.specs):
        return schedule(cluster, pods, budget)
    trial = _Trial(schedule, cluster, pods, budget)
    again = trial.place_all()
    for unit in trial.units(again):
        trial.place_unit(unit)
    return trial.answer()


@dataclass(eq=False)
class _Trial:
    """A placement that grows; ``gang`` (P,) numbers the gangs, -1 for pods without one.

    ``least`` (G,) are how many more of a gang must be placed together, ``placed`` (G,) those
    that are.
    """

    schedule: Schedule
    cluster: Cluster
    pods: PodBatch
    budget: Budget

    def __post_init__(self) -> None:
        names = [gang_of(s) for s in self.pods.specs]
        needed = missing(self.cluster, self.pods.specs)
        number: dict[Name | None, int] = {name: i for i, name in enumerate(needed)}
        of_spec = np.array([number.get(name, -1) for name in names], np.int64)
        self.gang: Ints = of_spec[self.pods.signature]
        self.least = np.array(list(needed.values()), np.int64)
        self.placed = np.zeros(len(self.least), np.int64)
        self.found = Placement.empty(len(self.pods))
        self.found.latency_ns = np.zeros(len(self.pods), np.int64)
        self.turns: list[Ints] = []

    def place_all(self) -> Ints:
        """Place all gangs that the batch has enough pods of; return who is decided again."""
        enough = self._members(np.arange(len(self.pods))) >= self.least
        waiting = np.flatnonzero((self.gang < 0) | np.append(enough, True)[self.gang])
        made, part = self._made(waiting)
        turns = made.sequence[made.node[made.sequence] >= 0]
        stand = self._whole(waiting[turns])
        self._take_back(part, made, turns[stand:])
        self._keep(waiting, made, turns[:stand])
        begin = np.flatnonzero(made.sequence == turns[stand])[0] if stand < len(turns) else None
        return waiting[made.sequence[begin:]] if begin is not None else waiting[:0]

    def units(self, again: Ints) -> Iterator[Ints]:
        """Yield the pods of each gang that is not whole, and those between them, in turn."""
        plain, tried = list[int](), set[int]()
        for pod, number in zip(again.tolist(), self.gang[again].tolist(), strict=True):
            if number in tried:
                continue
            if number < 0 or self.placed[number] >= self.least[number]:
                plain.append(pod)
            else:
                tried.add(number)
                yield np.array(plain, np.int64)
                yield np.flatnonzero((self.gang == number) & (self.found.node < 0))
                plain = []
        yield np.array(plain, np.int64)

    def place_unit(self, unit: Ints) -> None:
        """Place pods that need no others, or a gang unless it comes short."""
        if not len(unit):
            return
        made, part = self._made(unit)
        turns = made.sequence[made.node[made.sequence] >= 0]
        together = self.placed + self._members(unit[turns])
        short = ((together > 0) & (together < self.least)).any()
        self._take_back(part, made, turns if short else turns[:0])
        self._keep(unit, made, turns[:0] if short else turns)

    def _made(self, waiting: Ints) -> tuple[Placement, PodBatch]:
        names = [self.pods.names[i] for i in waiting.tolist()]
        part = PodBatch(self.pods.specs, self.pods.signature[waiting], names)
        return self.schedule(self.cluster, part, self.budget), part

    def _members(self, pods: Ints) -> Ints:
        """Return how many of some pods each gang has, shape (G,)."""
        gang = self.gang[pods]
        return np.bincount(gang[gang >= 0], minlength=len(self.least))

    def _whole(self, turns: Ints) -> int:
        """Return how many of the pods ``turns``, in that order, are in whole gangs or in none."""
        stand = len(turns)
        while True:
            placed = self._members(turns[:stand])
            short = np.flatnonzero((placed > 0) & (placed < self.least))
            if not len(short):
                return stand
            stand = int(np.flatnonzero(np.isin(self.gang[turns[:stand]], short))[0])

    def _take_back(self, part: PodBatch, made: Placement, pods: Ints) -> None:
        for pod in pods[::-1].tolist():
            signature = self.cluster.signature(part.specs[part.signature[pod]])
            self.cluster.remove(signature, int(made.node[pod]), int(made.devices[pod]))

    def _keep(self, waiting: Ints, made: Placement, turns: Ints) -> None:
        found, known = self.found, len(self.found.failures)
        pods = waiting[turns]
        found.node[pods], found.devices[pods] = made.node[turns], made.devices[turns]
        self.placed += self._members(pods)
        self.turns.append(pods)
        found.failures += made.failures
        told = made.failure >= 0
        found.failure[waiting] = np.where(told, made.failure + known, -1)
        if made.latency_ns is not None and found.latency_ns is not None:
            found.latency_ns[waiting] += made.latency_ns
        for name, counted in made.info.items():
            before = found.info.get(name, 0)
            both = isinstance(counted, int) and isinstance(before, int)
            found.info[name] = before + counted if both else counted  # type: ignore[operator]

    def answer(self) -> Placement:
        """Return the placement, with a reason for every pod that is left."""
        found = self.found
        left, short = np.flatnonzero(found.node < 0), self.placed < self.least
        vain = left[(self.gang[left] >= 0) & np.append(short, False)[self.gang[left]]]
        found.failure[vain] = len(found.failures)
        found.failures.append((WAITS,))
        found.sequence = np.concatenate([*self.turns, left])
        return found

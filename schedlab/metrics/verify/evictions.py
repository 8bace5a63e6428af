"""Evictions: who goes at whose turn, and whether the preemptor may evict it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schedlab.api import Eviction, Placement
from schedlab.metrics.verify.rule import Turn
from schedlab.model.objects import PodSpec, Workload

PREEMPTION = "preemption"

GONE = -1
"""The node of a bound pod that was evicted."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A victim by name, where it is taken from, whether it was there, and what is wrong."""

    name: str
    turn: Turn
    there: bool
    faults: tuple[str, ...]


class Departures:
    """The evictions of a placement by the turn at which they happen.

    ``at`` tells on which node each bound pod is, -1 once it is gone.
    """

    def __init__(self, workload: Workload, placement: Placement, at: list[int]) -> None:
        self._workload = workload
        self._specs = [spec for _, spec in workload.pods]
        self._bound_specs = [spec for _, spec in workload.bound] if placement.evictions else []
        self._nodes = placement.node.tolist()
        self._by: dict[int, list[Eviction]] = {}
        self._evicted: dict[int, Eviction] = {}
        self._present: set[int] = set()
        self._at = at
        for eviction in placement.evictions:
            self._by.setdefault(eviction.by, []).append(eviction)
            if eviction.pod >= 0:
                self._evicted.setdefault(eviction.pod, eviction)

    def row(self, pod: int) -> int:
        """Return the node that a pod of the batch was placed on at its turn, -1 for none."""
        eviction = self._evicted.get(pod)
        return self._nodes[pod] if eviction is None else eviction.row

    def devices(self, pod: int, kept: int) -> int:
        """Return the devices it took there; ``kept`` are those that it still has."""
        eviction = self._evicted.get(pod)
        return kept if eviction is None else eviction.devices

    def placed(self, pod: int) -> None:
        """Note that a pod's turn has come."""
        self._present.add(pod)

    def before(self, pod: int, code: dict[PodSpec, int]) -> Iterator[Departure]:
        """Yield those that go for the sake of ``pod``."""
        for eviction in self._by.get(pod, ()):
            yield self._departure(eviction, self._specs[pod], code)

    def _departure(
        self, eviction: Eviction, preemptor: PodSpec, code: dict[PodSpec, int]
    ) -> Departure:
        name, spec, there = self._victim(eviction)
        faults = [] if there else ["is evicted from a node that it is not on"]
        node = self._workload.nodes[eviction.row]
        turn = Turn(code[spec], spec, eviction.row, node, eviction.devices)
        return Departure(name, turn, there, (*faults, *_may_not(preemptor, spec)))

    def _victim(self, eviction: Eviction) -> tuple[str, PodSpec, bool]:
        pods, bound = self._workload.pods, self._workload.bound
        if eviction.pod >= 0:
            there = eviction.pod in self._present and self._nodes[eviction.pod] < 0
            name, spec = pods.names[eviction.pod], self._specs[eviction.pod]
            self._present.discard(eviction.pod)
        else:
            there = self._at[eviction.bound] == eviction.row
            name, spec = bound.names[eviction.bound], self._bound_specs[eviction.bound]
            self._at[eviction.bound] = GONE
        return name, spec, there


def _may_not(preemptor: PodSpec, victim: PodSpec) -> Iterator[str]:
    if preemptor.preemption_policy == "Never":
        yield "is evicted for a pod whose preemptionPolicy is Never"
    if victim.priority >= preemptor.priority:
        yield f"has priority {victim.priority}, the pod it goes for {preemptor.priority}"


def eviction_faults(workload: Workload, placement: Placement) -> Iterator[str]:
    """Yield evictions that name a pod or node that there is not."""
    pods, bound, nodes = len(workload.pods), len(workload.bound), len(workload.nodes)
    for i, e in enumerate(placement.evictions):
        if not 0 <= e.by < pods or not 0 <= e.row < nodes:
            yield f"evictions[{i}] is by pod {e.by} on node {e.row}: there are {pods} and {nodes}"
        elif (0 <= e.pod < pods) == (0 <= e.bound < bound):
            yield (
                f"evictions[{i}] names pod {e.pod} and bound pod {e.bound}, expected one of "
                f"{pods} pods or of {bound} bound ones"
            )

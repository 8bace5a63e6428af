"""Each objective on tiny clusters: the number is right, and so is the optimum."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, Workload
from schedlab.model.objects import Node, PodBatch, PodSpec
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.objectives import MEASURES

LISTS = [
    ("placed-by-priority", "nodes-used"),
    ("placed", "fragmentation"),
    ("value", "balance"),
    ("placed", "balance", "nodes-used"),
    ("value", "nodes-used", "fragmentation", "balance"),
    ("placed", "placed-by-priority", "moves"),
]


@st.composite
def tiny(draw: st.DrawFn) -> Workload:
    """Draw up to three nodes, one of them perhaps in use, and up to five pods."""
    sizes = st.integers(1, 9)
    nodes = tuple(
        Node(f"n{i}", {"cpu": draw(sizes), "memory": draw(sizes), "pods": draw(st.integers(1, 4))})
        for i in range(draw(st.integers(1, 3)))
    )
    kinds = [
        PodSpec(
            requests=(("cpu", draw(st.integers(0, 4))), ("memory", draw(st.integers(1, 4)))),
            priority=draw(st.sampled_from([0, 5])),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    pods = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
    running = [PodSpec(requests=(("cpu", 1),))] * draw(st.integers(0, 1))
    return Workload(
        name="tiny",
        nodes=nodes,
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(pods)),
        bound=PodBatch.of((f"default/b{i}", s) for i, s in enumerate(running)),
        bound_node=np.zeros(len(running), np.int32),
    )


class Oracle:
    """Objectives by their definition, pod by pod."""

    def __init__(self, workload: Workload) -> None:
        self.pods = [(dict(spec.requests), spec.priority) for _, spec in workload.pods]
        asked = {key for need, _ in self.pods for key, amount in need.items() if amount}
        self.resources = sorted(asked & {"cpu", "memory"})
        self.room = [dict(node.allocatable) for node in workload.nodes]
        self.slots = [node.allocatable["pods"] for node in workload.nodes]
        self.taken = set(workload.bound_node.tolist())
        for row, (_, spec) in zip(workload.bound_node.tolist(), workload.bound, strict=True):
            self.slots[row] -= 1
            for key, amount in spec.requests:
                self.room[row][key] -= amount
        self.largest = {r: max(room[r] for room in self.room) for r in self.resources}

    def fits(self, where: tuple[int, ...]) -> bool:
        for row, room in enumerate(self.room):
            here = [need for (need, _), w in zip(self.pods, where, strict=True) if w == row]
            if len(here) > max(self.slots[row], 0):
                return False
            for key in ("cpu", "memory"):
                if any(n[key] for n in here) and sum(n[key] for n in here) > room[key]:
                    return False
        return True

    def value(self, where: tuple[int, ...], names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(x for name in names for x in self.measure(where, name))

    def measure(self, where: tuple[int, ...], name: str) -> tuple[int, ...]:
        placed = [priority for (_, priority), w in zip(self.pods, where, strict=True) if w >= 0]
        tiers = sorted({priority for _, priority in self.pods}, reverse=True)
        if name == "placed-by-priority":
            return tuple(placed.count(t) for t in tiers)
        if name == "placed":
            return (len(placed),)
        if name == "value":
            return (sum(2 ** (len(tiers) - 1 - tiers.index(p)) for p in placed),)
        used = self.taken | {w for w in where if w >= 0}
        if name == "nodes-used":
            return (-len(used),)
        if name == "fragmentation":
            return (-sum(self.stranded(where, row) for row in used),)
        if name == "balance":
            return (-sum(self.unbalanced(where, row) for row in range(len(self.room))),)
        return (0,)

    def needs(self, where: tuple[int, ...], row: int, key: str) -> list[int]:
        return [need[key] for (need, _), w in zip(self.pods, where, strict=True) if w == row]

    def stranded(self, where: tuple[int, ...], row: int) -> int:
        left = 0
        for key in self.resources:
            whole = max(self.largest[key], 1)
            left += 10_000 * max(self.room[row][key], 0) // whole
            left -= sum(10_000 * amount // whole for amount in self.needs(where, row, key))
        return left

    def unbalanced(self, where: tuple[int, ...], row: int) -> int:
        loads = [
            sum(10_000 * amount // self.room[row][key] for amount in self.needs(where, row, key))
            for key in self.resources
            if self.room[row][key] > 0
        ]
        return max(loads) - min(loads) if loads else 0


def everything(workload: Workload) -> list[tuple[int, ...]]:
    """Return every legal placement."""
    rows = range(-1, len(workload.nodes))
    oracle = Oracle(workload)
    return [w for w in product(rows, repeat=len(workload.pods)) if oracle.fits(w)]


@given(tiny(), st.data())
@settings(max_examples=50, deadline=None)
def test_numbers_are_those_of_the_definition(workload: Workload, data: st.DataObject) -> None:
    where = data.draw(st.sampled_from(everything(workload)))
    problem = engine.packing_problem(
        engine.profile("kubernetes"), Cluster.of(workload), workload.pods
    )
    placement = Placement.empty(len(workload.pods))
    placement.node[:] = where
    found = Incumbent.of(problem, workload.pods, placement, tuple(MEASURES))
    assert found.value == Oracle(workload).value(where, tuple(MEASURES))


@pytest.mark.parametrize("objectives", LISTS, ids="+".join)
def test_the_optimum_is_reached(objectives: tuple[str, ...]) -> None:
    @given(tiny(), st.sampled_from([0, 3000]))
    @settings(max_examples=8, deadline=None)
    def check(workload: Workload, full_model: int) -> None:
        oracle = Oracle(workload)
        best = max(oracle.value(where, objectives) for where in everything(workload))
        scheduler = CpSatPacking(
            start=("best-fit",), objectives=objectives, full_model=full_model, patience=10
        )
        placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget(effort=0.5))
        reached = oracle.value(tuple(placement.node.tolist()), objectives)
        assert reached <= best
        if full_model:
            assert placement.info["status"] == "optimal"
        if placement.info["status"] == "optimal":
            assert reached == best

    check()

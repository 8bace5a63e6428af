"""MinimumNodes: as few nodes as possible, never more than its starts, bounds that are bounds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, Workload
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import Node, PodBatch, PodSpec
from schedlab_algorithms.minimum_nodes import MinimumNodes

STARTS = ("best-fit", "dot-product")
Sizes = list[tuple[int, int]]


def node(name: str, cpu: int, memory: int, **labels: str) -> Node:
    return Node(name, {"cpu": cpu, "memory": memory, "pods": 20}, labels)


def pod(cpu: int, memory: int, **selector: str) -> PodSpec:
    return PodSpec(
        requests=(("cpu", cpu), ("memory", memory)), node_selector=tuple(sorted(selector.items()))
    )


def workload(nodes: list[Node], specs: list[PodSpec], running: Sizes = []) -> Workload:  # noqa: B006
    """Return pods that wait, and others of one CPU that run on the first nodes."""
    return Workload(
        "test",
        tuple(nodes),
        PodBatch.of([(f"p{i}", spec) for i, spec in enumerate(specs)]),
        bound=PodBatch.of([(f"r{i}", pod(*size)) for i, size in enumerate(running)]),
        bound_node=np.arange(len(running), dtype=np.int32),
    )


def scheduled(batch: Workload, seed: int = 0, effort: float = 1.0, **arguments: int) -> Placement:
    scheduler = MinimumNodes(start=STARTS, **arguments)  # type: ignore[arg-type]
    budget = Budget(seed=seed, effort=effort)
    return scheduler.schedule(Cluster.of(batch), batch.pods, budget)


def used(batch: Workload, placement: Placement) -> int:
    placed = placement.node[placement.node >= 0]
    return len({*placed.tolist(), *batch.bound_node.tolist()})


def triples(bins: int) -> Sizes:
    """Return sizes that fill so many nodes of 100 by 100 exactly, three on each."""
    generator = np.random.default_rng(5)
    first, second = generator.integers(25, 40, (2, bins, 2))
    sizes = np.concatenate([first, second, 100 - first - second])
    return [(int(c), int(m)) for c, m in sizes]


@pytest.mark.parametrize("kinds", [64, 1])
def test_triples_that_fill_their_nodes_are_found_and_proven(kinds: int) -> None:
    nodes = [node(f"n{i}", 100, 100) for i in range(20)]
    batch = workload(nodes, [pod(*size) for size in triples(12)])
    greedy = engine.greedy("best-fit").schedule(Cluster.of(batch), batch.pods, Budget())
    found = scheduled(batch, effort=4.0, kinds=kinds)
    assert used(batch, greedy) > 12
    assert used(batch, found) == 12
    assert verify(batch, found) == []
    assert found.info["nodes_bound"] == 12
    assert found.info["status"] == "optimal"


def test_every_pod_goes_where_it_may() -> None:
    nodes = [node(f"n{i}", 100, 100, zone="ab"[i % 2]) for i in range(20)]
    sizes = triples(8)  # the items i, i + 8 and i + 16 fill a node
    batch = workload(nodes, [pod(*size, zone="ab"[i % 2]) for i, size in enumerate(sizes)])
    found = scheduled(batch, effort=4.0)
    assert verify(batch, found) == []
    assert used(batch, found) == 8
    assert found.info["improvements"]


def test_nodes_of_several_kinds_and_nodes_in_use_are_told_apart() -> None:
    nodes = [
        node("busy", 100, 100),
        *(node(f"small{i}", 60, 60) for i in range(8)),
        *(node(f"large{i}", 120, 120, disk="ssd") for i in range(2)),
    ]
    specs = [pod(50, 50)] * 2 + [pod(40, 40, disk="ssd")] * 3 + [pod(60, 60)] * 2
    batch = workload(nodes, specs, running=[(1, 1)])
    found = scheduled(batch)
    assert verify(batch, found) == []
    assert used(batch, found) == 4  # 340 of 99 + 240 + 60
    assert found.info["nodes_bound"] == 4


@st.composite
def batches(draw: st.DrawFn, pods: int, nodes: int) -> Workload:
    """Draw a few pods, some for one zone only, and nodes of two sizes, some in use."""
    size = st.tuples(st.integers(1, 7), st.integers(1, 7))
    specs = [
        pod(*draw(size), zone="a") if draw(st.integers(0, 2)) == 0 else pod(*draw(size))
        for _ in range(draw(st.integers(1, pods)))
    ]
    rooms = [draw(st.sampled_from([(10, 10), (14, 8)])) for _ in range(draw(st.integers(1, nodes)))]
    cluster = [node(f"n{i}", *r, zone="ab"[i % 2]) for i, r in enumerate(rooms)]
    busy = draw(st.integers(0, len(rooms) - 1))
    return workload(cluster, specs, running=[(3, 2)] * busy)


def best(batch: Workload) -> tuple[int, int]:
    """Return the most pods placed, and minus the fewest nodes for so many, by trying all."""
    rows = range(-1, len(batch.nodes))
    outcomes = []
    for choice in product(rows, repeat=len(batch.pods)):
        if _fits(batch, choice):
            nodes = {*(n for n in choice if n >= 0), *batch.bound_node.tolist()}
            outcomes.append((sum(n >= 0 for n in choice), -len(nodes)))
    return max(outcomes)


def _fits(batch: Workload, choice: tuple[int, ...]) -> bool:
    room = [[n.allocatable["cpu"], n.allocatable["memory"]] for n in batch.nodes]
    placed = [(n, spec) for n, (_, spec) in zip(choice, batch.pods, strict=True) if n >= 0]
    running = [(int(n), s) for n, (_, s) in zip(batch.bound_node, batch.bound, strict=True)]
    for n, spec in placed + running:
        for k, (_, request) in enumerate(spec.requests):
            room[n][k] -= request
        if any(batch.nodes[n].labels.get(key) != value for key, value in spec.node_selector):
            return False
    return all(left >= 0 for pair in room for left in pair)


@given(batches(pods=5, nodes=3))
@settings(max_examples=25, deadline=None)
def test_against_all_placements_of_small_batches(batch: Workload) -> None:
    found, optimum = scheduled(batch, effort=0.5), best(batch)
    reached = int((found.node >= 0).sum()), -used(batch, found)
    assert verify(batch, found) == []
    assert reached <= optimum
    if found.info["status"] == "optimal":
        assert reached == optimum
    if optimum[0] == len(batch.pods):
        assert int(found.info.get("nodes_bound", 0)) <= -optimum[1]


@given(batches(pods=30, nodes=12), st.integers(0, 3), st.sampled_from([1, 64]))
@settings(max_examples=15, deadline=None)
def test_never_worse_than_its_starts(batch: Workload, seed: int, kinds: int) -> None:
    found = scheduled(batch, seed, effort=0.2, kinds=kinds)
    reached = int((found.node >= 0).sum()), -used(batch, found)
    assert verify(batch, found) == []
    for name in STARTS:
        greedy = engine.greedy(name).schedule(Cluster.of(batch), batch.pods, Budget(seed=seed))
        assert reached >= (int((greedy.node >= 0).sum()), -used(batch, greedy))


def test_one_seed_and_effort_give_one_placement() -> None:
    nodes = [node(f"n{i}", 100, 100) for i in range(12)]
    batch = workload(nodes, [pod(*size) for size in triples(6)])
    first, second = (scheduled(batch, seed=3, effort=0.05) for _ in range(2))
    assert np.array_equal(first.node, second.node)
    assert first.info == second.info


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [({"start": ()}, "start"), ({"kinds": 0}, "kinds"), ({"patience": 0}, "patience")],
)
def test_arguments_out_of_range_are_named(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        MinimumNodes(**arguments)  # type: ignore[arg-type]

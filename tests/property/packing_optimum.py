"""Plain packing instances, and their optimum by an integer program over pods and nodes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from schedlab.api import Workload
from schedlab.model.objects import Node, NodeSelectorTerm, PodBatch, PodSpec, Requirement

POOLS = ("a", "b")


@st.composite
def plain(draw: st.DrawFn) -> Workload:
    """Draw nodes of a few kinds, and more pods of a few signatures than they can hold."""
    kinds = draw(
        st.lists(st.tuples(st.integers(2, 12), st.integers(2, 12)), min_size=1, max_size=3)
    )
    shapes = [draw(st.sampled_from(kinds)) for _ in range(draw(st.integers(1, 4)))]
    nodes = tuple(
        Node(
            f"n{i}",
            {"cpu": cpu, "memory": memory, "pods": draw(st.sampled_from([2, 4, 20]))},
            {"pool": draw(st.sampled_from(POOLS))},
        )
        for i, (cpu, memory) in enumerate(shapes)
    )
    specs = [
        PodSpec(
            requests=(("cpu", draw(st.integers(0, 6))), ("memory", draw(st.integers(1, 6)))),
            priority=draw(st.sampled_from([0, 0, 5, 9])),
            required_node_terms=draw(st.sampled_from([None, None, _within("a"), _within("b")])),
        )
        for _ in range(draw(st.integers(1, 5)))
    ]
    pods = [(s, draw(st.integers(1, 8))) for s in specs]
    names = (f"default/p{i}-{j}" for i, (_, n) in enumerate(pods) for j in range(n))
    batch = PodBatch.of(zip(names, (s for s, n in pods for _ in range(n)), strict=True))
    return Workload(name="plain", nodes=nodes, pods=batch)


def _within(pool: str) -> tuple[NodeSelectorTerm, ...]:
    return (NodeSelectorTerm((Requirement("pool", "In", (pool,)),)),)


def weights_of(workload: Workload) -> list[int]:
    """Return each signature's weight: 1 for the lowest priority, twice as much for the next."""
    priorities = [s.priority for s in workload.pods.specs]
    order = sorted(set(priorities))
    return [2 ** order.index(p) for p in priorities]


def optimum(workload: Workload, weights: list[int]) -> int:
    """Return the greatest sum of weights that pods within eligibility and room can have."""
    model, specs = cp_model.CpModel(), workload.pods.specs
    supply = np.bincount(workload.pods.signature, minlength=len(specs)).tolist()
    x = {
        (s, n): model.new_int_var(0, supply[s], "")
        for s, spec in enumerate(specs)
        for n, node in enumerate(workload.nodes)
        if spec.required_node_terms in (None, _within(node.labels["pool"]))
    }
    for s, there in enumerate(supply):
        model.add(sum(v for (t, _), v in x.items() if t == s) <= there)
    for n, node in enumerate(workload.nodes):
        for resource, room in node.allocatable.items():
            size = [1 if resource == "pods" else spec.request(resource) for spec in specs]
            model.add(sum(size[s] * v for (s, m), v in x.items() if m == n) <= room)
    model.maximize(sum(weights[s] * v for (s, _), v in x.items()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    assert solver.solve(model) == cp_model.OPTIMAL
    return round(solver.objective_value)

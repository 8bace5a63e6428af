"""Bounds know rules between pods and stay bounds: no placement in any order gets beyond them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from schedlab import engine
from schedlab.api import Workload
from schedlab.bound import groups, rules
from schedlab.metrics.bounds import Bounds
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    LabelSelector,
    Node,
    PodBatch,
    PodSpec,
    TopologySpreadConstraint,
)

from .cp_sat_oracle import reachable
from .pod_rules_oracle import Program, app, ruled
from .test_bound import assert_within


class Most(Program):
    """The placement of pods by signature that is worth most, whatever order there is."""

    def best(self, weights: list[int], per_node: int) -> tuple[list[int], int]:
        """Return pods placed by signature and nodes in use; a used node costs ``per_node``."""
        used = list(self._used())
        pods = [(p, v) for (p, _), v in self._waiting()]
        worth = sum(weights[p] * v for p, v in pods) - per_node * sum(used)
        self.model.maximize(worth)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        assert solver.solve(self.model) == cp_model.OPTIMAL
        specs = list(dict.fromkeys(self.specs[p] for p in self.waiting))
        counts = [0] * len(specs)
        for p, v in pods:
            counts[specs.index(self.specs[p])] += int(solver.value(v))
        return counts, sum(int(solver.value(v)) for v in used)


def check(workload: Workload, seed: int) -> None:
    """Hold the best placements by some weights to the bounds."""
    bounds = Bounds.of(workload, np.ones(len(workload.bound), np.bool_))
    generator, problem = np.random.default_rng(seed), bounds.problem
    signature = workload.pods.signature
    for weights in (
        np.ones(len(signature), np.int64),
        problem.value_weights[signature],
        4 ** (problem.tiers - problem.tier[signature]),
        generator.integers(1, 9, len(problem.specs))[signature],
    ):
        placed, used = Most(workload).best((100 * weights).tolist(), per_node=int(seed % 3))
        assert_within(bounds, placed, used)


@st.composite
def rivals(draw: st.DrawFn) -> Workload:
    """Draw nodes with more room than there are pods, so that rules alone decide."""
    zones = st.sampled_from(["z0", "z1", "z2", None])
    nodes = []
    for i in range(draw(st.integers(1, 5))):
        zone = draw(zones)
        labels = {HOSTNAME: f"n{i}"} | ({ZONE: zone, "rack": zone} if zone else {})
        nodes.append(Node(f"n{i}", {"cpu": draw(st.sampled_from([9, 30])), "pods": 10}, labels))
    specs = [draw(app(i % 3)) for i in range(draw(st.integers(1, 4)))]
    alike = [s for s in specs for _ in range(draw(st.integers(1, 4)))][:9]
    running: list[PodSpec] = draw(st.lists(app(0), max_size=2))
    return Workload(
        name="rivals",
        nodes=tuple(nodes),
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(alike)),
        bound=PodBatch.of((f"default/b{i}", s) for i, s in enumerate(running)),
        bound_node=np.array([draw(st.integers(0, len(nodes) - 1)) for _ in running], np.int32),
        namespaces={"default": {}, "other": {}},
    )


@given(st.one_of(ruled(), rivals()), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_no_placement_gets_beyond_the_bounds(workload: Workload, seed: int) -> None:
    check(workload, seed)


@given(rivals(), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_nor_where_domains_and_unlike_nodes_are_lumped(workload: Workload, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "MOST_GROUPS", 2)
        patch.setattr(rules, "MOST_ZONES", 0)
        check(workload, seed)


@st.composite
def spreading(draw: st.DrawFn) -> Workload:
    """Draw one or two applications that are spread over zones, some of them full."""
    zones = st.sampled_from(["z0", "z1", "z1", "z2", None])
    nodes = []
    for i in range(draw(st.integers(1, 4))):
        zone, cpu = draw(zones), draw(st.sampled_from([0, 1, 2, 9]))
        labels = {HOSTNAME: f"n{i}", "pool": draw(st.sampled_from("ab"))}
        nodes.append(
            Node(f"n{i}", {"cpu": cpu, "pods": 9}, labels | ({ZONE: zone} if zone else {}))
        )
    specs = [draw(spread_app(i)) for i in range(draw(st.integers(1, 2)))]
    waiting = draw(st.lists(st.sampled_from(specs), min_size=1, max_size=5))
    running = draw(st.lists(st.sampled_from([*specs, PodSpec(labels=(("app", "x"),))]), max_size=3))
    return Workload(
        name="spreading",
        nodes=tuple(nodes),
        pods=PodBatch.of((f"default/p{i}", s) for i, s in enumerate(waiting)),
        bound=PodBatch.of((f"default/b{i}", s) for i, s in enumerate(running)),
        bound_node=np.array([draw(st.integers(0, len(nodes) - 1)) for _ in running], np.int32),
    )


@st.composite
def spread_app(draw: st.DrawFn, number: int) -> PodSpec:
    selector = LabelSelector.of(draw(st.sampled_from([{"app": "x"}, {"tier": str(number)}])))
    constraint = TopologySpreadConstraint(
        max_skew=draw(st.integers(1, 2)),
        topology_key=draw(st.sampled_from([ZONE, ZONE, HOSTNAME])),
        selector=selector,
        min_domains=draw(st.sampled_from([1, 1, 3])),
    )
    return PodSpec(
        labels=(("app", "x"), ("tier", str(number))),
        requests=(("cpu", draw(st.integers(0, 1))),),
        priority=draw(st.sampled_from([0, 0, 5])),
        node_selector=draw(st.sampled_from([(), (), (("pool", "a"),)])),
        spread=draw(st.sampled_from([(constraint,), (constraint,), ()])),
    )


def check_all(workload: Workload) -> None:
    bounds = Bounds.of(workload, np.ones(len(workload.bound), np.bool_))
    for placed, used in reachable(workload, engine.profile("kubernetes")):
        assert_within(bounds, list(placed), used)


@given(spreading())
@settings(max_examples=30, deadline=None)
def test_no_history_of_spread_pods_gets_beyond_the_bounds(workload: Workload) -> None:
    check_all(workload)


@given(spreading())
@settings(max_examples=30, deadline=None)
def test_nor_where_their_domains_are_lumped(workload: Workload) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "MOST_GROUPS", 2)
        patch.setattr(rules, "MOST_ZONES", 0)
        check_all(workload)

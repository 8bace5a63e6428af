"""A linear program is left in the middle once nobody waits for it; bounds stay bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from schedlab import engine
from schedlab.api import Cluster
from schedlab.bound.linear import LinearProgram, solve
from schedlab.engine import PackingProblem
from schedlab.model.objects import (
    HOSTNAME,
    HostPort,
    LabelSelector,
    Node,
    PodBatch,
    PodSpec,
    TopologySpreadConstraint,
)


class After:
    """Is true from the n-th time it is asked."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def dense(size: int) -> LinearProgram:
    """Return a program that takes the simplex method seconds."""
    generator = np.random.default_rng(0)
    rows = csr_array(generator.integers(1, 1000, (size, size)).astype(float))
    ones = np.ones(size)
    return LinearProgram(generator.random(size) + 1, rows, 1e3 * ones, 10 * ones)


@pytest.mark.parametrize("asked", [0, 1])
def test_a_program_is_left_before_it_is_solved_and_in_the_middle(asked: int) -> None:
    found = solve(dense(1200), cancelled=After(asked))
    assert not found.solved
    assert not found.x.any()
    assert not found.duals.any()


def test_a_program_is_solved_if_nobody_cancels() -> None:
    found = solve(dense(30), cancelled=lambda: False)
    assert found.solved
    np.testing.assert_array_equal(found.x, solve(dense(30)).x)


def problem_of_tiers() -> PackingProblem:
    sizes = [(3, 5, 9), (4, 2, 9), (2, 2, 5), (5, 1, 5), (1, 3, 0), (2, 4, 0)]
    specs = [PodSpec(requests=(("cpu", c), ("memory", m)), priority=p) for c, m, p in sizes]
    batch = PodBatch.of((f"default/p{i}", specs[i % 6]) for i in range(60))
    nodes = [Node(f"n{i}", {"cpu": 11 + i, "memory": 13, "pods": 10}) for i in range(8)]
    cluster = Cluster(nodes, batch.specs)
    return engine.packing_problem(engine.profile("kubernetes"), cluster, batch)


@pytest.mark.parametrize("asked", range(6))
def test_bounds_that_were_cut_short_are_only_weaker(asked: int) -> None:
    problem = problem_of_tiers()
    relaxation, ones = engine.relax(problem), np.ones(len(problem.supply))
    total = engine.fluid_bound(relaxation, ones)
    weak = engine.fluid_bound(relaxation, ones, cancelled=After(asked))
    assert weak.limit >= total.limit
    tiers = engine.tier_bounds(relaxation, total)
    best = np.zeros(problem.tiers, np.int64)
    for tier in range(problem.tiers):
        best[tier] = tiers.given(best)[tier]
    cut = engine.tier_bounds(relaxation, total, cancelled=After(asked))
    assert (cut.given(best) >= tiers.given(best)).all()


def spread_and_apart() -> tuple[Cluster, PodBatch]:
    """Return three zones of which one is full, and pods that are spread or keep apart."""
    rules = (TopologySpreadConstraint(1, "zone", selector=LabelSelector.of({"app": "a"})),)
    spread = PodSpec(requests=(("cpu", 1),), labels=(("app", "a"),), spread=rules)
    alone = PodSpec(requests=(("cpu", 1),), host_ports=(HostPort(80),))
    other = PodSpec(requests=(("cpu", 2),), host_ports=(HostPort(80), HostPort(81)))
    specs = [spread, alone, other]
    batch = PodBatch.of((f"default/p{i}", specs[i % 3]) for i in range(24))
    nodes = [
        Node(f"n{i}", {"cpu": 9 if i else 0, "pods": 9}, {"zone": f"z{i}", HOSTNAME: f"n{i}"})
        for i in range(3)
    ]
    return Cluster(nodes, batch.specs), batch


def limit_of(asked_rules: int, asked: int) -> float:
    """Return how many pods there is place for, as far as the rules were read until told."""
    cluster, batch = spread_and_apart()
    profile = engine.profile("kubernetes")
    problem = engine.packing_problem(profile, cluster, batch)
    rules = engine.pod_rules(profile, cluster, batch.specs, After(asked_rules))
    relaxation = engine.relax(problem, rules, After(asked))
    return engine.fluid_bound(relaxation, np.ones(len(problem.supply))).limit


def test_rules_that_were_not_read_make_a_bound_only_weaker() -> None:
    never = 1_000_000
    # One pod of the spread app in each of the other zones, and one port 80 on each node there.
    assert limit_of(never, never) == pytest.approx(4)
    by_rules = [limit_of(asked, never) for asked in range(6)]
    by_asked = [limit_of(never, asked) for asked in range(12)]
    for limits in (by_rules, by_asked):
        assert limits == sorted(limits, reverse=True)
        assert limits[0] > 4.5
        assert limits[-1] == pytest.approx(4)


@pytest.mark.parametrize("asked", range(3))
def test_without_time_or_once_cancelled_bounds_are_only_weaker(asked: int) -> None:
    relaxation = engine.relax(problem_of_tiers())
    total = engine.fluid_bound(relaxation, np.ones(len(relaxation.supply)))
    whole, late = engine.tier_bounds(relaxation, total), engine.tier_bounds(relaxation, total, 0.0)
    nothing = np.zeros(3, np.int64)
    assert (late.given(nothing) >= whole.given(nothing)).all()
    assert (late.limits == total.limit).all(), "no tier has had its turn"
    placed = total.pods.astype(np.int64)
    least = engine.fewest_nodes(relaxation, placed)
    cut = engine.fewest_nodes(relaxation, placed, After(asked))
    assert 0 <= cut <= least
    assert least > 0
    assert asked or not cut

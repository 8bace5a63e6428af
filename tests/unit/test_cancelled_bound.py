"""A linear program is left in the middle once nobody waits for it; bounds stay bounds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from schedlab import engine
from schedlab.api import Cluster
from schedlab.bound.linear import LinearProgram, solve
from schedlab.engine import PackingProblem
from schedlab.model.objects import Node, PodBatch, PodSpec


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
    cut = engine.tier_bounds(relaxation, total, After(asked))
    assert (cut.given(best) >= tiers.given(best)).all()

"""Bounds are bounds: no scheduler, and no legal history at all, gets beyond them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from schedlab import engine
from schedlab.api import Budget, Cluster, Workload
from schedlab.bound import fluid, groups
from schedlab.bound.linear import LinearProgram, upper_bound
from schedlab.metrics import Outcome
from schedlab.metrics.bounds import Bounds
from schedlab.metrics.verify import verify
from schedlab_algorithms.cp_sat_packing import CpSatPacking

from .clusters import workloads
from .cp_sat_oracle import reachable
from .test_cp_sat_packing import crowded, shared_gpus, tiny

SCHEDULERS = ("kubernetes", "best-fit", "dot-product", "random")


def assert_within(bounds: Bounds, placed: list[int], used: int) -> None:
    """Check every bound against pods placed by signature and nodes in use."""
    problem, counts = bounds.problem, np.array(placed, np.int64)
    assert counts.sum() <= bounds.pods.limit
    assert (problem.tiers - problem.tier) @ counts <= bounds.ranked.limit
    assert problem.value_weights @ counts <= bounds.value.limit
    by_tier = problem.by_tier(counts)
    assert (by_tier <= bounds.tiers.given(by_tier)).all()
    assert bounds.fewest_nodes(counts) <= used


def check_schedulers(workload: Workload) -> None:
    schedulers = [engine.greedy(name) for name in SCHEDULERS]
    for scheduler in (*schedulers, CpSatPacking(full_model=0, patience=5)):
        budget = Budget(effort=0.1)
        placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
        assert verify(workload, placement) == []
        outcome = Outcome(workload, placement)
        used = int((outcome.cluster.pod_count > 0).sum())
        assert_within(outcome.bounds, outcome.placed_by_signature.tolist(), used)


@given(st.one_of(workloads(), crowded(), shared_gpus()))
@settings(max_examples=30, deadline=None)
def test_no_scheduler_gets_beyond_the_bounds(workload: Workload) -> None:
    check_schedulers(workload)


@given(crowded())
@settings(max_examples=25, deadline=None)
def test_bounds_hold_when_unlike_nodes_and_tiers_are_lumped(workload: Workload) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "MOST_GROUPS", 2)
        patch.setattr(fluid, "MOST_TIERS", 1)
        check_schedulers(workload)


@given(st.one_of(tiny(), shared_gpus()))
@settings(max_examples=30, deadline=None)
def test_no_legal_history_gets_beyond_the_bounds(workload: Workload) -> None:
    bounds = Bounds.of(workload, np.ones(len(workload.bound), np.bool_))
    for placed, used in reachable(workload, engine.profile("kubernetes")):
        assert_within(bounds, list(placed), used)


@st.composite
def programs(draw: st.DrawFn) -> tuple[LinearProgram, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Draw a linear program with numbers of all magnitudes, and dual values for it."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    generator = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    whole = generator.integers(0, 1 << draw(st.integers(1, 45)), (rows, columns)).astype(float)
    program = LinearProgram(
        gain=generator.random(columns) * 10.0 ** generator.integers(-3, 7),
        rows=csr_array(whole),
        limits=generator.integers(-5, 1 << 45, rows).astype(float),
        most=generator.integers(0, 1 << 20, columns).astype(float),
    )
    return program, generator.random(rows) * 10.0 ** generator.integers(-12, 3, rows)


@given(programs())
@settings(max_examples=200, deadline=None)
def test_rounding_never_lowers_a_bound(
    drawn: tuple[LinearProgram, np.ndarray[tuple[int], np.dtype[np.float64]]],
) -> None:
    program, duals = drawn
    y = [Fraction(d) for d in duals.tolist()]
    exact = sum(
        (Fraction(b) * p for b, p in zip(program.limits.tolist(), y, strict=True)), Fraction()
    )
    for gain, most, column in zip(
        program.gain.tolist(), program.most.tolist(), program.rows.toarray().T.tolist(), strict=True
    ):
        price = sum((Fraction(a) * p for a, p in zip(column, y, strict=True)), Fraction())
        exact += Fraction(most) * max(Fraction(gain) - price, Fraction())
    found = Fraction(upper_bound(program, duals))
    assert found >= exact
    size = sum(
        (abs(Fraction(b)) * p for b, p in zip(program.limits.tolist(), y, strict=True)), exact
    )
    assert found - exact <= size * Fraction(1, 10**9)

"""The ladder's clusters and pods are what its description says, for any seed and size."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster, Workload
from schedlab.errors import InputError
from schedlab.registry import installed
from schedlab_workloads.ladder import Ladder

small = st.builds(
    Ladder,
    nodes=st.integers(32, 80),
    pods=st.integers(300, 600),
    signatures=st.integers(20, 60),
    pools=st.integers(1, 8),
    priorities=st.integers(1, 5),
    demand=st.sampled_from([0.5, 1.05, 2.0]),
    distinct=st.booleans(),
)
seeds = st.integers(0, 2**40)


@settings(max_examples=40, deadline=None)
@given(source=small, seed=seeds)
def test_all_pods_request_the_demand_times_what_is_free(source: Ladder, seed: int) -> None:
    workload = source.build(seed)
    cluster = Cluster.of(workload)
    free = (cluster.allocatable - cluster.requested).sum(axis=0)
    for resource in ("cpu", "memory"):
        asked = workload.pods.column(resource).sum()
        assert asked / free[cluster.resource(resource)] == pytest.approx(source.demand, rel=2e-3)


@settings(max_examples=40, deadline=None)
@given(source=small, seed=seeds)
def test_a_quarter_of_the_groups_is_empty_and_the_rest_30_to_100_percent_full(
    source: Ladder, seed: int
) -> None:
    shares = used_shares(source.build(seed))
    by_group = [shares[g :: 4 * source.pools] for g in range(4 * source.pools)]
    assert sum(not group.any() for group in by_group) == source.pools
    full = np.concatenate([group for group in by_group if group.any()])
    assert full.min() > 0.2999
    assert full.max() <= 1
    if not source.distinct:
        assert all(np.ptp(group, axis=0).max() < 1e-12 for group in by_group)


@settings(max_examples=40, deadline=None)
@given(source=small, seed=seeds)
def test_pods_are_as_many_and_of_as_many_kinds_as_asked(source: Ladder, seed: int) -> None:
    pods = source.build(seed).pods
    assert (len(pods), len(pods.specs)) == (source.pods, source.signatures)
    assert (np.bincount(pods.signature, minlength=source.signatures) > 0).all()
    levels = Counter(spec.priority for spec in pods.specs)
    assert set(levels) == {1000 * p for p in range(source.priorities)}
    assert max(levels.values()) - min(levels.values()) <= 1


def test_30_percent_of_the_signatures_may_run_in_3_of_8_pools_only() -> None:
    workload = Ladder(nodes=64, pods=400).build(3)
    terms = [s.required_node_terms for s in workload.pods.specs if s.required_node_terms]
    assert len(terms) == 60
    for (term,) in terms:
        (allowed,) = term.match_expressions
        assert (allowed.key, allowed.operator) == ("pool", "In")
        assert len(set(allowed.values)) == 3
    assert {v for (t,) in terms for v in t.match_expressions[0].values} == {
        f"p{i}" for i in range(8)
    }
    assert Counter(n.labels["pool"] for n in workload.nodes) == {f"p{i}": 8 for i in range(8)}


def test_sizes_and_popularity_are_log_normal() -> None:
    """The standard deviations of the logarithms are the stated ones."""
    workload = Ladder(nodes=640, pods=2_000_000, signatures=4000, demand=400).build(0)
    cpu = np.log([spec.request("cpu") for spec in workload.pods.specs])
    memory = np.log([spec.request("memory") for spec in workload.pods.specs])
    popularity = np.log(np.bincount(workload.pods.signature))
    assert np.std(cpu) == pytest.approx(0.8, rel=0.05)
    assert np.std(memory - cpu) == pytest.approx(0.6, rel=0.05)
    assert np.std(popularity) == pytest.approx(0.8, rel=0.05)
    assert abs(np.mean(((cpu - cpu.mean()) / np.std(cpu)) ** 3)) < 0.15


def test_distinct_nodes_in_use_are_all_filled_differently() -> None:
    shares = used_shares(Ladder(nodes=384, pods=1000, distinct=True).build(1))[:, 1]
    filled = shares[shares > 0]
    assert len(filled) == 288
    assert len(set(filled.tolist())) == len(filled)


def test_no_pod_that_runs_can_be_evicted_by_one_that_waits() -> None:
    workload = Ladder(nodes=64, pods=400).build(0)
    assert min(workload.bound.priority) > max(workload.pods.priority)


def test_a_seed_gives_one_workload_and_another_seed_another() -> None:
    first, again, other = (Ladder(nodes=64, pods=400).build(s) for s in (1, 1, 2))
    assert (first.nodes, first.pods.specs, first.bound.specs) == (
        again.nodes,
        again.pods.specs,
        again.bound.specs,
    )
    assert np.array_equal(first.pods.signature, again.pods.signature)
    assert first.pods.specs != other.pods.specs
    assert first.bound.specs != other.bound.specs


def test_the_pods_move_no_nodes() -> None:
    few, many = Ladder(nodes=64, pods=400).build(5), Ladder(nodes=64, pods=900).build(5)
    assert few.bound.specs == many.bound.specs
    assert np.array_equal(few.bound_node, many.bound_node)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"nodes": 0}, "nodes: expected 1 to"),
        ({"pods": 10, "signatures": 11}, "signatures: expected 1 to 10, got 11"),
        ({"priorities": 0}, "priorities: expected 1 to 200, got 0"),
        ({"demand": 0.0}, "demand: expected a ratio above 0"),
        ({"nodes": "many"}, "nodes"),
    ],
)
def test_impossible_arguments_are_told(args: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        installed().make_workload("Ladder", args)


def used_shares(workload: Workload) -> np.ndarray:
    """Return what runs as a share of what each node offers, cpu and memory, shape (N, 2)."""
    cluster = Cluster.of(workload)
    columns = [cluster.resource("cpu"), cluster.resource("memory")]
    return cluster.requested[:, columns] / cluster.allocatable[:, columns]

"""The run path: the order of chains, and long runs placed as one by one."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from schedlab.api import (
    Budget,
    Cluster,
    Locality,
    NodeView,
    Plugin,
    PodBatch,
    PodView,
    ScorePlugin,
    Scores,
    Workload,
    normalize_max,
)
from schedlab.core import spot_check
from schedlab.core.ahead import chains, runs
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.core.verdicts import PluginError
from schedlab.registry import installed

from .clusters import nodes, specs
from .test_paths import StretchedLoad, assert_same, place, profiles


def one_by_one(totals: np.ndarray, count: int) -> list[tuple[int, int]]:
    """Take the highest head, the lowest chain among equals, until nothing is left."""
    heads = [(-int(chain[0]), i, 0) for i, chain in enumerate(totals)]
    heapq.heapify(heads)
    taken = []
    while heads and len(taken) < count and -heads[0][0] != chains.INFEASIBLE:
        _, i, depth = heapq.heappop(heads)
        taken.append((i, depth))
        if depth + 1 < totals.shape[1]:
            heapq.heappush(heads, (-int(totals[i, depth + 1]), i, depth + 1))
    return taken


totals = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: arrays(
        np.int64, shape, elements=st.sampled_from([0, 1, 2, 3, 50, chains.INFEASIBLE])
    )
)


@settings(max_examples=300, deadline=None)
@given(totals=totals, count=st.integers(1, 40))
def test_greedy_order_is_that_of_taking_heads(totals: np.ndarray, count: int) -> None:
    chain, depth = chains.greedy_order(totals, count)
    assert list(zip(chain.tolist(), depth.tolist(), strict=True)) == one_by_one(totals, count)


@settings(max_examples=300, deadline=None)
@given(
    values=st.lists(st.sampled_from([0, 3, 5, 20_000, -(1 << 40), chains.INFEASIBLE]), min_size=1),
    data=st.data(),
)
def test_kth_highest(values: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(values)))
    assert chains.kth_highest(np.array(values), k) == sorted(values, reverse=True)[k - 1]


@settings(max_examples=300, deadline=None)
@given(totals=totals, wide=st.integers(1, 6), deep=st.integers(1, 6), count=st.integers(1, 40))
def test_what_is_certain_of_a_part_holds_of_the_whole(
    totals: np.ndarray, wide: int, deep: int, count: int
) -> None:
    rows, unseen = chains.best_rows(totals[:, 0], wide)
    if not len(rows):
        assert (totals[:, 0] == chains.INFEASIBLE).all()
        return
    part = totals[rows, :deep]
    chain, depth = chains.greedy_order(part, count)
    limit = chains.certain(part, chain, depth, rows, unseen)
    ended = deep >= totals.shape[1]  # the whole ends there too: nothing is unknown
    assert ended or limit >= 1
    found = list(zip(rows[chain[:limit]].tolist(), depth[:limit].tolist(), strict=True))
    assert found == one_by_one(totals, count)[:limit]


@st.composite
def long_runs(draw: st.DrawFn) -> Workload:
    """Draw a cluster with room and few specs that come in long runs."""
    kinds = draw(st.lists(specs(), min_size=1, max_size=2))
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    order = [i % len(kinds) for i, length in enumerate(lengths) for _ in range(length)]
    return Workload(
        name="runs",
        nodes=tuple(draw(nodes(i)) for i in range(draw(st.integers(1, 12)))),
        pods=PodBatch.of((f"default/p{i}", kinds[k]) for i, k in enumerate(order)),
    )


@pytest.mark.parametrize("first", [(1, 2), (2, 3), (256, 4)])
@settings(max_examples=120, deadline=None)
@given(workload=long_runs(), profile=profiles())
def test_long_runs_decide_as_reference(
    first: tuple[int, int], workload: Workload, profile: Profile
) -> None:
    class Small(runs.Shape):
        def __init__(self) -> None:
            self.rows, self.depth = first

    local = replace(
        profile,
        filters=tuple(f for f in profile.filters if is_local(f)),
        scores=tuple((s, weight) for s, weight in profile.scores if is_local(s)),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "Shape", Small)
        patch.setattr(runs, "SHORTEST", 2)
        _, fast = place(local, "run", workload)
    _, reference = place(local, "reference", workload)
    assert_same(fast, reference)


def is_local(plugin: Plugin) -> bool:
    """Say whether runs are possible with a plugin."""
    return plugin.locality is not Locality.CLUSTER


class Beyond(ScorePlugin):
    """A plugin that wrongly declares NODE: it looks at the whole cluster."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        table = pod.memo(
            self, "all", lambda: nodes.sums_by_domain(np.zeros(4, int), 1, lambda _: 1)
        )
        return np.full(len(nodes), table.current()[0]) + nodes.pod_count


class RoomLeft(ScorePlugin):
    """A SPEC score whose maximum belongs to the smallest nodes, which fill first."""

    locality = Locality.SPEC

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return 10_000_000 // (1 + nodes.allocatable[:, 0])

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        return normalize_max(raw, low, high)


def cluster_of(cpus: list[int]) -> Workload:
    from schedlab.model.objects import Node, PodSpec

    spec = PodSpec(requests=(("cpu", 100),))
    return Workload(
        name="four",
        nodes=tuple(Node(f"n{i}", {"cpu": c, "pods": 110}) for i, c in enumerate(cpus)),
        pods=PodBatch.of((f"default/p{i}", spec) for i in range(80)),
    )


def scored_by(*scores: ScorePlugin) -> Profile:
    named = installed().make_profile("least-allocated", {"filters": ["NodeResourcesFit"]})
    return Profile("drawn", named.filters, tuple((s, 3) for s in scores) + named.scores)


def test_a_plugin_that_looks_beyond_its_nodes_is_found_out() -> None:
    workload = cluster_of([1000, 2000, 3000, 4000])
    with pytest.raises(PluginError, match="what was once true of n3"):
        place(scored_by(Beyond()), "incremental", workload)


def test_a_plugin_that_looks_beyond_its_nodes_is_asked_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spot_check, "suspects", lambda profile: ())
    workload = cluster_of([1000, 2000, 3000, 4000])
    cluster = Cluster.of(workload)
    profile = scored_by(Beyond())
    placement = FilterScore(profile=profile, path="run").schedule(cluster, workload.pods, Budget())
    assert "pods_in_runs" not in placement.info
    assert any("looks beyond" in key for key in placement.info)


def test_runs_are_cut_where_a_moving_score_moves_the_extremes() -> None:
    workload = cluster_of([1000, 2000, 3000, 4000])
    profile = scored_by(StretchedLoad())
    _, fast = place(profile, "run", workload)
    _, reference = place(profile, "reference", workload)
    assert_same(fast, reference)
    assert fast.info["pods_in_runs"] >= 60


def test_runs_are_cut_where_the_feasible_maximum_changes() -> None:
    workload = cluster_of([500, 700, 900, 4000])
    profile = scored_by(RoomLeft())
    _, fast = place(profile, "run", workload)
    _, reference = place(profile, "reference", workload)
    assert_same(fast, reference)
    assert fast.info["pods_in_runs"] >= 60


def test_a_run_on_one_node_learns_to_look_deeper() -> None:
    workload = cluster_of([20_000])
    _, fast = place(scored_by(), "run", workload)
    _, reference = place(scored_by(), "reference", workload)
    assert_same(fast, reference)
    assert fast.info["run_steps"] <= 8

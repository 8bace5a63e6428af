"""Spot checks: wrong decisions of fast paths, and stale totals behind right ones, are found."""

from __future__ import annotations

import numpy as np
import pytest

from schedlab.api import (
    Cluster,
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    ScorePlugin,
    Scores,
    Verdict,
)
from schedlab.core import spot_check
from schedlab.core.ahead.runs import RunPath
from schedlab.core.incremental import IncrementalPath
from schedlab.core.profile import Profile
from schedlab.core.select import Lowest
from schedlab.core.spot_check import EVERY, SpotCheck
from schedlab.core.verdicts import PluginError
from schedlab.registry import installed
from schedlab.testing import cluster_of, node, pod, put, random_scenes


class HalfFull(FilterPlugin):
    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return 2 * nodes.pod_count < nodes.allowed_pods


class SharesOfMost(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return 100 * nodes.pod_count // max(1, int(nodes.pod_count.max(initial=0)))


def scene() -> tuple[Profile, Cluster, int]:
    profile = Profile("test", (HalfFull(),), ((SharesOfMost(), 1),))
    cluster = cluster_of([node("a", pods=8), node("b", pods=8)], {"b": [pod(cpu=1)]})
    return profile, cluster, cluster.signature(pod(cpu=1))


def decide(look: SpotCheck, signature: int, row: int, pods: int = 1) -> None:
    look.expect(signature)
    look.compare(row, pods)


def test_right_decisions_pass_the_spot_check() -> None:
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster, None)
    decide(look, signature, 1)
    assert look.checked == 1


@pytest.mark.parametrize("row", [0, -1])
def test_a_wrong_decision_names_the_suspects(row: int) -> None:
    profile, cluster, signature = scene()
    with pytest.raises(PluginError, match=r"HalfFull \(NODE\), SharesOfMost \(NODE\)"):
        decide(SpotCheck(profile, cluster, None), signature, row)


def test_choosing_a_node_where_none_fits_is_found() -> None:
    profile, cluster, signature = scene()
    for _ in range(4):
        cluster.place(signature, 0)
        cluster.place(signature, 1)
    with pytest.raises(PluginError, match="took a, the reference path no node"):
        decide(SpotCheck(profile, cluster, None), signature, 0)


def test_any_of_the_best_nodes_is_right() -> None:
    profile, cluster, signature = scene()
    cluster.place(signature, 0)
    for row in (0, 1):
        decide(SpotCheck(profile, cluster, None), signature, row)


def test_which_decisions_are_checked() -> None:
    profile, cluster, signature = scene()
    look, checked = SpotCheck(profile, cluster, None), []
    for decision in range(1, 3 * EVERY + 1):
        before = look.checked
        decide(look, signature, 1)
        if look.checked > before:
            checked.append(decision)
    assert checked == [*2 ** np.arange(10), EVERY, 2 * EVERY, 3 * EVERY]


def test_a_run_counts_all_its_pods() -> None:
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster, None)
    for pods, checked in ((EVERY - 1, 1), (1, 2), (EVERY - 2, 2), (1, 2), (1, 3)):
        decide(look, signature, 1, pods)
        assert look.checked == checked


class SlyInCrowds(ScorePlugin):
    """Keeps its promise until there are ten pods: more than vetting may see."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        crowded = nodes._cluster.pod_count.sum() >= 10
        return nodes.pod_count if crowded else -nodes.pod_count


def place_all(profile: Profile, cluster: Cluster, signature: int, pods: int) -> None:
    path = IncrementalPath(profile, cluster, Lowest())
    look = SpotCheck(profile, cluster, path)
    for _ in range(pods):
        look.expect(signature)
        row = path.pick(signature)
        look.compare(row)
        cluster.place(signature, row)


def test_what_a_path_keeps_is_looked_at_as_a_whole() -> None:
    """Seven pods later there are ten; at the eighth decision most kept totals are stale."""
    profile = Profile("test", (HalfFull(),), ((SlyInCrowds(), 1),))
    cluster = cluster_of([node(n, pods=30) for n in "abcd"], {"d": [pod(cpu=1)] * 3})
    with pytest.raises(PluginError, match="decision 8 is made by what was once true of"):
        place_all(profile, cluster, cluster.signature(pod(cpu=1)), 20)


@pytest.mark.parametrize("path", [IncrementalPath, RunPath])
def test_nothing_is_found_where_all_is_well(
    path: type[IncrementalPath], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All plugins of the kubernetes profile stand for other people's honest ones."""
    monkeypatch.setattr(spot_check, "is_built_in", lambda cls: False)
    profile, checked = installed().make_profile("kubernetes", {}), 0
    for scene in random_scenes(1, 12):
        workload = scene.workload(np.random.default_rng(0), 30)
        cluster = Cluster.of(workload)
        decide = path(profile, cluster, Lowest())
        look = SpotCheck(profile, cluster, decide)
        for _, spec in workload.pods:
            signature = cluster.signature(spec)
            look.expect(signature)
            row = decide.pick(signature)
            look.compare(row)
            if row >= 0:
                put(cluster, spec, row)
        checked += look.checked
    assert checked > 30


def test_runs_are_cut_where_a_decision_is_to_be_checked() -> None:
    profile, cluster, signature = scene()
    look, waiting, steps = SpotCheck(profile, cluster, None), 2 * EVERY, []
    while waiting:
        look.expect(signature)
        steps.append(look.most(waiting))
        look.compare(1, steps[-1])
        waiting -= steps[-1]
    assert steps == [1, 2, 4, 8, 16, 32, 64, 128, 256, EVERY - 512, EVERY, 1]
    assert look.checked == len(steps)


def test_runs_of_built_in_profiles_are_not_cut() -> None:
    profile = installed().make_profile("kubernetes", {})
    assert SpotCheck(profile, cluster_of([node("a")]), None).most(5000) == 5000


def test_expecting_twice_checks_once() -> None:
    """A step of a run that is given up is decided pod by pod."""
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster, None)
    look.expect(signature)
    look.expect(signature)
    with pytest.raises(PluginError):
        look.compare(0)


def test_room_made_by_evictions_is_not_compared() -> None:
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster, None)
    look.expect(signature)
    cluster.remove(signature, 1)
    look.compare(0)
    assert look.checked == 0


def test_built_in_profiles_are_not_spot_checked() -> None:
    profile = installed().make_profile("kubernetes", {})
    cluster = cluster_of([node("a")])
    look = SpotCheck(profile, cluster, None)
    decide(look, cluster.signature(pod(cpu=1)), -1)
    assert look.checked == 0

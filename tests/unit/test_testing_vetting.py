"""No plugin of somebody else's decides by a locality that it does not keep."""

from __future__ import annotations

from pathlib import Path

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
from schedlab.core.profile import Profile
from schedlab.core.spot_check import EVERY, SpotCheck
from schedlab.core.verdicts import PluginError
from schedlab.errors import InputError
from schedlab.registry import Registry, installed
from schedlab.testing import cluster_of, node, pod
from schedlab.testing.vetting import vet

LIAR = """
from schedlab.api import *

class FarFromMost(ScorePlugin):
    "Claims to look at one node only."
    locality = Locality.{locality}

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.whole.pod_count.max(initial=0) - nodes.pod_count
"""


class HalfFull(FilterPlugin):
    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return 2 * nodes.pod_count < nodes.allowed_pods


class RestsTooSoon(HalfFull):
    locality = Locality.CLUSTER

    def skips_cycle(self, pod: PodView, nodes: NodeView) -> bool:
        return True


class SharesOfMost(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return 100 * nodes.pod_count // max(1, int(nodes.pod_count.max(initial=0)))


def liar(tmp_path: Path, locality: str) -> Registry:
    file = tmp_path / f"liar_{locality.lower()}.py"
    file.write_text(LIAR.format(locality=locality))
    return Registry([file])


def test_a_plugin_file_that_breaks_its_locality_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"(?s)FarFromMost \(locality NODE\) does not keep.*mend: declare"
    ):
        liar(tmp_path, "NODE").make_scheduler("FarFromMost", {})


def test_the_same_plugin_runs_when_it_declares_cluster(tmp_path: Path) -> None:
    assert liar(tmp_path, "CLUSTER").make_scheduler("FarFromMost", {}).name == "FarFromMost"


def test_a_wrong_shortcut_is_refused_whatever_the_locality() -> None:
    with pytest.raises(InputError, match=r"RestsTooSoon \(locality CLUSTER\).*check cycle"):
        vet(RestsTooSoon())


def test_an_honest_plugin_is_vetted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(HalfFull, "filter", _counting(HalfFull.filter, asked))
    vet(HalfFull())
    first = len(asked)
    vet(HalfFull())
    assert first > 0
    assert len(asked) == first


def _counting(method, calls):  # type: ignore[no-untyped-def]
    def counted(self, *args):  # type: ignore[no-untyped-def]
        calls.append(1)
        return method(self, *args)

    return counted


def test_built_ins_are_not_vetted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = installed().make_plugin("NodeResourcesFit", {})
    monkeypatch.setattr(type(plugin), "filter", lambda *_: pytest.fail("was asked"))
    vet(plugin)


# -- spot checks -----------------------------------------------------------------------


def scene() -> tuple[Profile, Cluster, int]:
    profile = Profile("test", (HalfFull(),), ((SharesOfMost(), 1),))
    cluster = cluster_of([node("a", pods=8), node("b", pods=8)], {"b": [pod(cpu=1)]})
    return profile, cluster, cluster.signature(pod(cpu=1))


def decide(look: SpotCheck, signature: int, row: int, pods: int = 1) -> None:
    look.expect(signature)
    look.compare(row, pods)


def test_right_decisions_pass_the_spot_check() -> None:
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster)
    decide(look, signature, 1)
    assert look.checked == 1


@pytest.mark.parametrize("row", [0, -1])
def test_a_wrong_decision_names_the_suspects(row: int) -> None:
    profile, cluster, signature = scene()
    with pytest.raises(PluginError, match=r"HalfFull \(NODE\), SharesOfMost \(NODE\)"):
        decide(SpotCheck(profile, cluster), signature, row)


def test_choosing_a_node_where_none_fits_is_found() -> None:
    profile, cluster, signature = scene()
    for _ in range(4):
        cluster.place(signature, 0)
        cluster.place(signature, 1)
    with pytest.raises(PluginError, match="took a, the reference path no node"):
        decide(SpotCheck(profile, cluster), signature, 0)


def test_any_of_the_best_nodes_is_right() -> None:
    profile, cluster, signature = scene()
    cluster.place(signature, 0)
    for row in (0, 1):
        decide(SpotCheck(profile, cluster), signature, row)


def test_which_decisions_are_checked() -> None:
    profile, cluster, signature = scene()
    look, checked = SpotCheck(profile, cluster), []
    for decision in range(1, 3 * EVERY + 1):
        before = look.checked
        decide(look, signature, 1)
        if look.checked > before:
            checked.append(decision)
    assert checked == [*2 ** np.arange(10), EVERY, 2 * EVERY, 3 * EVERY]


def test_a_run_counts_all_its_pods() -> None:
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster)
    for pods, checked in ((EVERY - 1, 1), (1, 2), (EVERY - 2, 2), (1, 2), (1, 3)):
        decide(look, signature, 1, pods)
        assert look.checked == checked


def test_room_made_by_evictions_is_not_compared() -> None:
    profile, cluster, signature = scene()
    look = SpotCheck(profile, cluster)
    look.expect(signature)
    cluster.remove(signature, 1)
    look.compare(0)
    assert look.checked == 0


def test_built_in_profiles_are_not_spot_checked() -> None:
    profile = installed().make_profile("kubernetes", {})
    cluster = cluster_of([node("a")])
    look = SpotCheck(profile, cluster)
    decide(look, cluster.signature(pod(cpu=1)), -1)
    assert look.checked == 0

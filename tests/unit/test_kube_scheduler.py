"""KubeSchedulerConfiguration files as profiles; the expectations are kube-scheduler's rules.

How defaults, overrides and multiPoint merge is also held against the real scheduler by the
``config`` family of the recorded scenarios (tests/parity).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from schedlab.api import Cluster
from schedlab.config.kube_args import plugin_args
from schedlab.config.kube_scheduler import KubeScheduler, kube_scheduler, load_configuration
from schedlab.core.reference import evaluate
from schedlab.errors import InputError
from schedlab.model.objects import (
    NAME_FIELD,
    Node,
    NodeSelectorTerm,
    PodSpec,
    Requirement,
    TopologySpreadConstraint,
)
from schedlab.registry import Registry, installed

HEAD = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def read(profile: dict[str, Any] | None = None, **top: Any) -> KubeScheduler:
    profiles = {"profiles": [profile]} if profile is not None else {}
    return kube_scheduler({**HEAD, **profiles, **top}, "file.yaml")


def plugins(**points: Any) -> KubeScheduler:
    return read({"plugins": points})


def names(*listed: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in listed]


def test_nothing_stated_are_the_defaults() -> None:
    for default in (kube_scheduler(None, ""), read(), read({})):
        assert default.filters[:4] == (
            "SchedulingGates",
            "NodeUnschedulable",
            "NodeName",
            "TaintToleration",
        )
        assert default.scores["TaintToleration"] == 3
        assert default.scores["ImageLocality"] == 1
        assert default.post_filter == "DefaultPreemption"
        assert default.percentage is None


def test_an_override_keeps_its_place_and_a_disabled_plugin_goes() -> None:
    found = plugins(
        score={
            "disabled": names("TaintToleration", "ImageLocality"),
            "enabled": [{"name": "TaintToleration", "weight": 7}],
        }
    )
    assert found.scores["TaintToleration"] == 7
    assert "ImageLocality" not in found.scores
    assert "TaintToleration" in found.filters


def test_a_star_leaves_only_what_is_enabled() -> None:
    found = plugins(
        score={"disabled": names("*"), "enabled": [{"name": "NodeAffinity", "weight": 0}]}
    )
    assert dict(found.scores) == {"NodeAffinity": 1}


def test_multi_point_disables_a_plugin_everywhere() -> None:
    found = plugins(multiPoint={"disabled": names("PodTopologySpread")})
    assert "PodTopologySpread" not in {*found.filters, *found.prefilters, *found.scores}


def test_multi_point_weights_and_the_plugins_own_point_wins() -> None:
    found = plugins(
        multiPoint={"enabled": [{"name": "NodeAffinity", "weight": 4}]},
        score={"enabled": [{"name": "NodeAffinity", "weight": 9}]},
    )
    assert found.scores["NodeAffinity"] == 9
    assert (
        plugins(multiPoint={"enabled": [{"name": "NodeAffinity", "weight": 4}]}).scores[
            "NodeAffinity"
        ]
        == 4
    )


def test_no_preemption() -> None:
    assert plugins(postFilter={"disabled": names("DefaultPreemption")}).post_filter == ""


PREEMPTS = '''"""One that makes room."""

from schedlab.api import PodView, PostFilterPlugin, PostFilterResult


class EvictsNobody(PostFilterPlugin):
    """Makes no room."""

    def post_filter(self, pod: PodView, handle: object) -> PostFilterResult:
        return PostFilterResult()
'''


def test_a_post_filter_plugin_from_a_file_takes_the_place_of_preemption(tmp_path: Path) -> None:
    (tmp_path / "evicting.py").write_text(PREEMPTS)
    registry = Registry([tmp_path / "evicting.py"])
    enabled = {"enabled": names("EvictsNobody")}
    without = {**enabled, "disabled": names("DefaultPreemption")}
    file = tmp_path / "scheduler.yaml"
    for point in ("postFilter", "multiPoint"):
        file.write_text(yaml.safe_dump({**HEAD, "profiles": [{"plugins": {point: without}}]}))
        found = registry.make_profile("kubernetes", {"configuration": str(file)})
        assert found.post_filter is not None
        assert found.post_filter.name == "EvictsNobody"
    file.write_text(yaml.safe_dump({**HEAD, "profiles": [{"plugins": {"postFilter": enabled}}]}))
    with pytest.raises(InputError, match=r"postFilter: not supported: more than one"):
        registry.make_profile("kubernetes", {"configuration": str(file)})


def test_percentage_of_the_profile_goes_before_that_of_all() -> None:
    assert read({}, percentageOfNodesToScore=30).percentage == 30
    assert read({"percentageOfNodesToScore": 0}, percentageOfNodesToScore=30).percentage == 0


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"profiles": [{"plugins": {"score": {"enabled": names("NodeAfinity")}}}]}, "NodeAffinity"),
        ({"profiles": [{"plugins": {"score": {"disabled": names("Foo")}}}]}, "plugins.score"),
        ({"profiles": [{"plugins": {"score": {"enabled": names("NodeName")}}}]}, "does not act"),
        ({"profiles": [{"plugins": {"scores": {}}}]}, "profiles[0].plugins.scores"),
        ({"profiles": [{"plugins": {"multiPoint": {"disabled": names("*")}}}]}, "queueSort"),
        ({"profiles": [{"plugins": {"bind": {"disabled": names("*")}}}]}, "DefaultBinder"),
        ({"profiles": [{"plugins": {"preFilter": {"disabled": names("NodePorts")}}}]}, "NodePorts"),
        ({"profiles": [{"plugins": {"preScore": {"disabled": names("*")}}}]}, "preScore"),
        ({"profiles": [{"plugins": {"filter": {"enabled": names(*["NodeName"] * 2)}}}]}, "twice"),
        ({"profiles": [{"pluginConfig": [{"name": "NodePorts", "args": {}}]}]}, "no arguments"),
        ({"profiles": [{"pluginConfig": [{"name": "Coscheduling"}]}]}, "unknown plugin"),
        ({"profiles": [{"schedulerName": "a"}, {"schedulerName": "b"}]}, "a, b"),
        ({"profiles": [{"schedulerName": "a"}, {"schedulerName": "a"}]}, "same schedulerName"),
        ({"profiles": [{"schedulerName": "a"}, {}]}, "profiles[1].schedulerName: missing"),
        ({"extenders": [{"urlPrefix": "http://x"}]}, "extenders"),
        ({"percentageOfNodesToScore": 101}, "percentageOfNodesToScore"),
        ({"percentageOfNodesToScore": "50"}, "percentageOfNodesToScore"),
        ({"algorithmSource": {}}, "algorithmSource"),
        ({"apiVersion": "kubescheduler.config.k8s.io/v1beta3"}, "apiVersion"),
    ],
)
def test_what_is_wrong_or_not_supported_is_named(config: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=r"file\.yaml") as error:
        kube_scheduler({**HEAD, **config}, "file.yaml")
    assert says in str(error.value)


def test_what_decides_no_placement_is_accepted() -> None:
    read({}, parallelism=4, leaderElection={"leaderElect": False}, podMaxBackoffSeconds=10)


def test_one_of_several_profiles() -> None:
    config = {**HEAD, "profiles": [{"schedulerName": "a"}, {"schedulerName": "b", "plugins": {}}]}
    assert kube_scheduler(config, "", "b").name == "b"
    with pytest.raises(InputError, match="did you mean 'b'"):
        kube_scheduler(config, "", "bb")


@pytest.mark.parametrize(
    ("name", "args", "ours"),
    [
        ("NodeResourcesFit", {}, {"ignored_resources": (), "ignored_resource_groups": ()}),
        (
            "NodeResourcesFit",
            {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu"}]}},
            {
                "ignored_resources": (),
                "ignored_resource_groups": (),
                "scoring_strategy": {
                    "type": "MostAllocated",
                    "resources": [{"name": "cpu", "weight": 1}],
                },
            },
        ),
        (
            "NodeAffinity",
            {
                "addedAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
                        ]
                    }
                }
            },
            {
                "added_required": (NodeSelectorTerm((Requirement("a", "Exists"),)),),
                "added_preferred": (),
            },
        ),
        (
            "PodTopologySpread",
            {
                "defaultingType": "List",
                "defaultConstraints": [
                    {"maxSkew": 2, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}
                ],
            },
            {
                "defaulting_type": "List",
                "default_constraints": (TopologySpreadConstraint(2, "z", "ScheduleAnyway"),),
            },
        ),
        (
            "InterPodAffinity",
            {"hardPodAffinityWeight": 5},
            {"hard_pod_affinity_weight": 5, "ignore_preferred_terms_of_existing_pods": False},
        ),
        ("VolumeBinding", {"bindTimeoutSeconds": 600}, {}),
        (
            "DefaultPreemption",
            {"minCandidateNodesAbsolute": 20},
            {"min_candidate_nodes_percentage": 10, "min_candidate_nodes_absolute": 20},
        ),
    ],
)
def test_arguments(name: str, args: dict[str, Any], ours: dict[str, Any]) -> None:
    assert plugin_args(name, args, "") == ours
    installed().make_plugin(name, ours)


@pytest.mark.parametrize(
    ("name", "args", "says"),
    [
        ("NodeResourcesFit", {"scoringStrategy": {"type": "Best"}}, "scoringStrategy.type"),
        ("NodeResourcesFit", {"scoringStrategy": {"type": "RequestedToCapacityRatio"}}, "shape"),
        ("NodeResourcesFit", {"ignoredResource": []}, "ignoredResource"),
        (
            "NodeResourcesBalancedAllocation",
            {"resources": [{"name": "cpu", "weight": 2}]},
            "weight",
        ),
        ("PodTopologySpread", {"defaultConstraints": [{}]}, "defaultingType"),
        (
            "NodeResourcesFit",
            {
                "scoringStrategy": {
                    "type": "MostAllocated",
                    "requestedToCapacityRatio": {"shape": [{"utilization": 0, "score": 0}]},
                }
            },
            "MostAllocated",
        ),
        (
            "NodeResourcesBalancedAllocation",
            {"resources": [{"name": "cpu"}, {"name": "cpu"}]},
            "named twice",
        ),
        ("InterPodAffinity", {"hardPodAffinityWeight": 101}, "hardPodAffinityWeight"),
        ("VolumeBinding", {"shape": []}, "shape"),
        (
            "DefaultPreemption",
            {"minCandidateNodesPercentage": 0, "minCandidateNodesAbsolute": 0},
            "minima",
        ),
        (
            "NodeAffinity",
            {"addedAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}},
            "nodeSelectorTerms",
        ),
    ],
)
def test_wrong_arguments_are_named(name: str, args: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match="here") as error:
        plugin_args(name, args, "here")
    assert says in str(error.value)


def test_a_file_is_a_profile_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.yaml"
    plugin = {"name": "BestFit", "weight": 5}
    profile = {"plugins": {"score": {"disabled": names("*"), "enabled": [plugin]}}}
    file.write_text(yaml.safe_dump({**HEAD, "profiles": [profile]}))
    found = installed().make_profile("kubernetes", {"configuration": str(file)})
    assert [(s.name, w) for s, w in found.scores] == [("BestFit", 5)]
    assert "GpuShare" in found.filter_order
    with pytest.raises(InputError, match="exclude each other"):
        installed().make_profile("kubernetes", {"configuration": str(file), "scores": {}})


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    file = tmp_path / "pod.yaml"
    file.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")
    with pytest.raises(InputError, match="expected one KubeSchedulerConfiguration, found Pod"):
        load_configuration(file)


def test_a_prefilter_is_heard_where_its_filter_is_disabled(tmp_path: Path) -> None:
    """NodeAffinity's PreFilter still narrows the nodes to those named."""
    file = tmp_path / "scheduler.yaml"
    profile = {"plugins": {"filter": {"disabled": names("NodeAffinity")}}}
    file.write_text(yaml.safe_dump({**HEAD, "profiles": [profile]}))
    found = installed().make_profile("kubernetes", {"configuration": str(file)})
    assert "NodeAffinity" not in found.filter_order
    named = NodeSelectorTerm(match_fields=(Requirement(NAME_FIELD, "In", ("n1",)),))
    labelled = NodeSelectorTerm((Requirement("disk", "Exists"),))
    nodes = [Node(f"n{i}", {"cpu": 1000, "pods": 10}) for i in range(3)]
    for terms, feasible in (((named,), [1]), ((labelled,), [0, 1, 2])):
        cluster = Cluster(nodes)
        signature = cluster.signature(PodSpec(required_node_terms=terms))
        np.testing.assert_array_equal(evaluate(found, cluster, signature).feasible, feasible)

"""Preemption case by case: who goes, from where, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from schedlab.api import (
    Budget,
    Cluster,
    Eviction,
    FilterPlugin,
    Locality,
    NodeView,
    Placement,
    PodView,
    PreemptionReport,
    Verdict,
    Workload,
)
from schedlab.core.filter_score import FilterScore
from schedlab.core.preemption.handle import Handle
from schedlab.core.profile import Profile
from schedlab.errors import InputError
from schedlab.harness.tables import evictions
from schedlab.metrics import Outcome, measure
from schedlab.metrics.verify import verify
from schedlab.model.manifests import SourcedObject, workload_from_objects
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    LabelSelector,
    Node,
    PodAffinityTerm,
    PodBatch,
    PodDisruptionBudget,
    PodSpec,
    TopologySpreadConstraint,
)
from schedlab.registry import installed
from schedlab_algorithms.kubernetes.default_preemption import DefaultPreemption

MI = 1 << 20
WEB = LabelSelector.of({"app": "web"})


def pod(cpu: int = 1000, priority: int = 0, **more: object) -> PodSpec:
    return PodSpec(requests=(("cpu", cpu),), priority=priority, **more)  # type: ignore[arg-type]


def node(name: str, cpu: int = 2000, zone: str = "z0") -> Node:
    return Node(name, {"cpu": cpu, "memory": 8192 * MI, "pods": 10}, {HOSTNAME: name, ZONE: zone})


def running(*on_nodes: list[tuple[PodSpec, int]], cpu: int = 2000) -> Workload:
    """Return nodes n0, n1, ... with pods (spec, start) b0, b1, ... on them."""
    bound = [(spec, start, row) for row, pods in enumerate(on_nodes) for spec, start in pods]
    return Workload(
        name="running",
        nodes=tuple(node(f"n{i}", cpu) for i in range(len(on_nodes))),
        pods=PodBatch.of(()),
        bound=PodBatch.of((f"{s.namespace}/b{i}", s) for i, (s, *_) in enumerate(bound)),
        bound_node=np.array([row for *_, row in bound], np.int32),
        bound_start=np.array([start for _, start, _ in bound], np.int64),
    )


def kubernetes(**args: int) -> Profile:
    profile = installed().make_profile("kubernetes", {"queue_sort": "Arrival"})
    return replace(profile, post_filter=DefaultPreemption(**args))


def report(workload: Workload, spec: PodSpec, nominated_row: int = -1) -> PreemptionReport:
    profile, cluster = kubernetes(), Cluster.of(workload)
    handle = Handle(profile, cluster)
    handle.nominated_row = nominated_row
    assert profile.post_filter is not None
    return profile.post_filter.report(cluster.pod(cluster.signature(spec)), handle)


def schedule(workload: Workload, *waiting: PodSpec, profile: Profile | None = None) -> Placement:
    return placed(with_waiting(workload, *waiting), profile)


def with_waiting(workload: Workload, *waiting: PodSpec) -> Workload:
    pods = PodBatch.of((f"{s.namespace}/p{i}", s) for i, s in enumerate(waiting))
    return replace(workload, pods=pods)


def placed(workload: Workload, profile: Profile | None = None) -> Placement:
    scheduler = FilterScore(profile=profile or kubernetes())
    return scheduler.schedule(Cluster.of(workload), workload.pods, Budget())


# -- who goes --------------------------------------------------------------------------------------


def test_the_more_important_are_reprieved() -> None:
    workload = running([(pod(500, 5), 1), (pod(500, 1), 1), (pod(500, 1), 9), (pod(500, 9), 1)])
    found = report(workload, pod(1000, 10))
    assert [(c.row, c.victims) for c in found.candidates] == [(0, (1, 2))]


def test_of_equal_priority_the_longest_running_is_reprieved() -> None:
    workload = running([(pod(1000), 20), (pod(1000), 10)])
    assert report(workload, pod(1000, 1)).candidates[0].victims == (0,)


def test_a_pod_that_has_not_started_goes_before_one_that_has() -> None:
    workload = running([(pod(1000), 10), (pod(1000), 20)])
    workload = replace(workload, bound_start=np.array([np.iinfo(np.int64).max, 20]))
    assert report(workload, pod(1000, 1)).candidates[0].victims == (0,)


def test_pods_whose_starts_nobody_states_started_in_their_order() -> None:
    workload = running([(pod(1000), 0), (pod(1000), 0)])
    workload = replace(workload, bound_start=np.zeros(0, np.int64))
    assert report(workload, pod(1000, 1)).candidates[0].victims == (1,)


def test_victims_are_told_from_the_most_important() -> None:
    workload = running([(pod(1000, 1), 1), (pod(1000, 5), 1)])
    assert report(workload, pod(2000, 9)).chosen.victims == (1, 0)


def test_pods_of_the_same_priority_stay() -> None:
    found = report(running([(pod(2000, 7), 1)]), pod(1000, 7))
    assert found.potential.tolist() == [0]
    assert found.candidates == ()


def test_nodes_that_are_too_small_are_no_candidates() -> None:
    found = report(running([(pod(2000), 1)]), pod(3000, 7))
    assert found.potential.tolist() == []


def test_ties_of_importance_go_by_nodeinfos_order() -> None:
    """The last pod takes the place of one that leaves (framework/types.go)."""
    cluster = Cluster.of(running([(pod(500), 1)] * 4))
    cluster.running.evict(1)
    assert cluster.running.on(0).tolist() == [0, 3, 2]
    assert cluster.running.ranked(np.array([0])).tolist() == [[0, 3, 2]]


# -- budgets ---------------------------------------------------------------------------------------


def budget(allowed: int, selector: LabelSelector | None = WEB, **more: object) -> Workload:
    workload = running([(pod(1000, 1, labels=(("app", "web"),)), 1), (pod(1000, 2), 1)])
    found = PodDisruptionBudget("default", "web", selector, allowed, **more)  # type: ignore[arg-type]
    return replace(workload, disruption_budgets=(found,))


def test_a_protected_pod_is_reprieved_before_a_more_important_one() -> None:
    assert report(budget(0), pod(1000, 9)).candidates[0].victims == (1,)
    assert report(budget(1), pod(1000, 9)).candidates[0].victims == (0,)


@pytest.mark.parametrize("selector", [None, LabelSelector()])
def test_a_budget_that_selects_nothing_protects_nobody(selector: LabelSelector | None) -> None:
    assert report(budget(0, selector), pod(1000, 9)).candidates[0].victims == (0,)


def test_a_pod_that_the_budget_counts_already_does_not_break_it() -> None:
    workload = budget(0, disrupted_pods=frozenset({"b0"}))
    assert report(workload, pod(1000, 9)).candidates[0].victims == (0,)


def test_broken_budgets_are_counted() -> None:
    found = report(budget(0), pod(2000, 9))
    assert [(c.victims, c.violations) for c in found.candidates] == [((1, 0), 1)]


# -- from where ------------------------------------------------------------------------------------


def best(*on_nodes: list[tuple[PodSpec, int]]) -> list[int]:
    return list(report(running(*on_nodes), pod(2000, 100)).best)


def test_a_node_with_fewer_broken_budgets_wins() -> None:
    workload = running([(pod(2000, 1, labels=(("app", "web"),)), 1)], [(pod(2000, 50), 1)])
    protected = (PodDisruptionBudget("default", "web", WEB),)
    workload = replace(workload, disruption_budgets=protected)
    assert report(workload, pod(2000, 100)).best == (1,)


def test_then_the_lowest_highest_priority() -> None:
    assert best([(pod(2000, 3), 1)], [(pod(1000, 2), 1), (pod(1000, 2), 1)]) == [1]


def test_then_the_lowest_sum_of_priorities() -> None:
    one = [(pod(1000, 3), 1), (pod(1000, 2), 1)]
    other = [(pod(1000, 3), 1), (pod(1000, 1), 1)]
    assert best(one, other) == [1]


def test_more_victims_are_never_a_smaller_sum() -> None:
    assert best([(pod(1000, -5), 1), (pod(1000, -5), 1)], [(pod(2000, -5), 1)]) == [1]


def test_then_the_latest_start_of_the_most_important_victim() -> None:
    one = [(pod(1000, 3), 5), (pod(1000, 2), 900)]
    other = [(pod(1000, 3), 6), (pod(1000, 2), 1)]
    assert best(one, other) == [1]


def test_ties_are_all_told_and_the_lowest_row_is_nominated() -> None:
    found = report(running(*[[(pod(2000), 1)]] * 3), pod(2000, 1))
    assert found.best == (0, 1, 2)
    assert found.chosen.nominated == 0


# -- who may ---------------------------------------------------------------------------------------


def test_never_means_never() -> None:
    found = report(running([(pod(2000), 1)]), pod(2000, 9, preemption_policy="Never"))
    assert found.message == "not eligible due to preemptionPolicy=Never."
    assert found.potential.tolist() == []


def test_a_pod_waits_for_its_victims_to_end() -> None:
    ending = pod(2000, terminating=True, preempted=True)
    found = report(running([(ending, 1)]), pod(2000, 9), nominated_row=0)
    assert found.message == "not eligible due to a terminating pod on the nominated node."


def test_it_does_not_wait_for_pods_that_end_for_another_reason() -> None:
    ending = pod(2000, terminating=True)
    assert report(running([(ending, 1)]), pod(2000, 9), nominated_row=0).message == ""


# -- only some candidates --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percentage", "absolute", "wanted"), [(10, 2, 2), (50, 2, 5), (0, 99, 10)]
)
def test_as_many_candidates_as_asked_for(percentage: int, absolute: int, wanted: int) -> None:
    plugin = DefaultPreemption(
        min_candidate_nodes_percentage=percentage, min_candidate_nodes_absolute=absolute
    )
    profile, cluster = kubernetes(), Cluster.of(running(*[[(pod(2000), 1)]] * 10))
    view = cluster.pod(cluster.signature(pod(2000, 1)))
    found = plugin.report(view, Handle(profile, cluster, seed=4))
    assert len(found.best) == wanted
    rows = np.array(found.best)
    assert len(np.unique((rows - np.arange(10)[:, None]) % 10 < wanted, axis=0)) > 0
    assert found.chosen.nominated == rows.min()


def test_no_candidates_at_all_cannot_be_asked_for() -> None:
    args = {"min_candidate_nodes_percentage": 0, "min_candidate_nodes_absolute": 0}
    with pytest.raises(InputError, match="above 0"):
        installed().make_plugin("DefaultPreemption", args)


# -- nominated pods --------------------------------------------------------------------------------


def nominated(workload: Workload, spec: PodSpec, row: int, name: str = "default/n") -> Workload:
    return replace(
        workload,
        nominated=PodBatch.of([(name, spec)]),
        nominated_node=np.array([row], np.int32),
    )


def test_a_pod_must_fit_beside_waiting_pods_that_are_nominated() -> None:
    first, second = pod(1500, 5), pod(1000, 5)
    workload = with_waiting(running([], []), second, first)
    workload = nominated(workload, first, 0, "default/p1")
    assert placed(workload).node.tolist() == [1, 0]


def test_nominated_pods_of_lower_priority_do_not_count() -> None:
    first, second = pod(1500, 5), pod(1000, 6)
    workload = nominated(with_waiting(running([]), second, first), first, 0, "default/p1")
    assert placed(workload).node.tolist() == [0, -1]


def test_of_a_nominated_pod_outside_the_queue_only_the_name_is_known() -> None:
    """It counts as one more pod of priority 0 (scheduling_queue.go, nominatedPodToInfo)."""
    workload = nominated(with_waiting(running([]), pod(2000, 1)), pod(2000, 9), 0)
    assert placed(workload).node.tolist() == [0]
    full = replace(node("n0"), allocatable={"cpu": 2000, "memory": 8192 * MI, "pods": 1})
    crowded = replace(workload, nodes=(full,))
    assert placed(crowded).node.tolist() == [0]
    assert placed(with_waiting(crowded, pod(100, 0))).node.tolist() == [-1]


def test_terms_of_nominated_pods_count_only_where_affinity_has_a_say_at_all() -> None:
    """PreFilter's Skip switches AddPod off as well (RunPreFilterExtensionAddPod)."""
    web = {"labels": (("app", "web"),)}
    apart = PodAffinityTerm(HOSTNAME, WEB)
    elsewhere = PodAffinityTerm(HOSTNAME, LabelSelector.of({"app": "other"}))
    shy = pod(100, 5, required_anti_affinity=(apart,))
    plain, concerned = pod(100, 5, **web), pod(100, 5, required_anti_affinity=(elsewhere,), **web)
    for waiting, row in ((plain, 0), (concerned, 1)):
        workload = nominated(with_waiting(running([], []), waiting, shy), shy, 0, "default/p1")
        assert placed(workload).node.tolist()[0] == row


def test_a_preemptor_withdraws_lower_nominations_from_its_node() -> None:
    low, high, third = pod(2000, 5), pod(1000, 9), pod(1000, 4)
    workload = with_waiting(running([(pod(2000, 1), 1)]), high, third, low)
    workload = nominated(workload, low, 0, "default/p2")
    assert placed(workload).node.tolist() == [0, 0, -1]


# -- dry runs as Kubernetes makes them -------------------------------------------------------------


def test_a_terminating_victim_counts_in_the_dry_run_alone() -> None:
    """It does not count when the cycle begins, but takes one off the count when it goes."""
    web = {"labels": (("app", "web"),)}
    stays, ends = pod(500, 9, **web), pod(500, 1, terminating=True, **web)
    workload = running([(stays, 1), (ends, 1)], [])
    workload = replace(workload, nodes=(node("n0"), node("n1", cpu=10, zone="z1")))
    constraint = TopologySpreadConstraint(1, ZONE, selector=WEB)
    found = report(workload, pod(500, 9, spread=(constraint,), **web))
    assert found.potential.tolist() == [0]
    assert [c.victims for c in found.candidates] == [(1,)]


class AtMostTwoPods(FilterPlugin):
    """Rejects every node once two pods run anywhere: not what a NODE plugin may look at."""

    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return np.full(len(nodes), int(nodes.whole.pod_count.sum()) < 2)


def test_a_node_plugin_that_looks_further_is_asked_on_a_really_changed_cluster() -> None:
    profile = kubernetes()
    profile = replace(profile, filters=(*profile.filters, AtMostTwoPods()))
    workload = with_waiting(running([(pod(100), 1)], [(pod(100), 2)]), pod(100, 5), pod(100, 4))
    placement = placed(workload, profile)
    assert placement.node.tolist() == [1, 0]
    assert placement.evictions == [Eviction(0, 1, bound=1), Eviction(1, 0, bound=0)]


# -- a whole batch ---------------------------------------------------------------------------------


def test_a_bound_pod_is_evicted_at_the_turn_of_the_preemptor() -> None:
    placement = schedule(running([(pod(2000), 1)]), pod(1500, 1))
    assert placement.node.tolist() == [0]
    assert placement.evictions == [Eviction(by=0, row=0, bound=0)]


def test_a_pod_of_the_batch_that_is_evicted_ends_unplaced() -> None:
    placement = schedule(running([]), pod(2000, 1), pod(1500, 2))
    assert placement.node.tolist() == [-1, 0]
    assert placement.evictions == [Eviction(by=1, row=0, pod=0)]
    failure = placement.failures[placement.failure[0]]
    assert [(f.plugin, f.reason) for f in failure] == [
        ("DefaultPreemption", "preempted by default/p1")
    ]


def test_nobody_is_evicted_without_a_post_filter() -> None:
    profile = replace(kubernetes(), post_filter=None)
    placement = schedule(running([(pod(2000), 1)]), pod(1500, 1), profile=profile)
    assert placement.node.tolist() == [-1]
    assert placement.evictions == []


def test_in_queue_order_a_batch_does_not_preempt_itself() -> None:
    profile = replace(kubernetes(), queue_sort="PrioritySort")
    placement = schedule(running([]), pod(2000, 1), pod(1500, 2), profile=profile)
    assert placement.node.tolist() == [-1, 0]
    assert placement.evictions == []


def test_evictions_are_measured() -> None:
    workload = with_waiting(running([(pod(2000), 1)], []), pod(2000, 1), pod(2000, 2), pod(2000, 3))
    placement = placed(workload)
    assert verify(workload, placement) == []
    metrics = measure(Outcome(workload, placement))
    assert metrics["pods_evicted"] == 2
    assert metrics["pods_placed"] == 2
    assert metrics["unplaced_by_reason:evicted"] == 1
    assert metrics["utilisation_cpu"] == 1


def test_evictions_are_a_table_of_the_trial() -> None:
    workload = with_waiting(running([(pod(2000), 1)]), pod(2000, 1), pod(2000, 2))
    table = evictions(Outcome(workload, placed(workload)))
    assert table is not None
    assert table.to_pylist() == [
        {"victim": "default/b0", "was_bound": True, "node": 0, "preemptor": "default/p0"},
        {"victim": "default/p0", "was_bound": False, "node": 0, "preemptor": "default/p1"},
    ]


# -- what verify finds -----------------------------------------------------------------------------


def faults(workload: Workload, placement: Placement) -> list[tuple[str, str]]:
    return [(v.constraint, v.pod) for v in verify(workload, placement)]


def test_room_is_only_made_by_evictions() -> None:
    workload = with_waiting(running([(pod(2000), 1)]), pod(2000, 1))
    placement = placed(workload)
    assert faults(workload, placement) == []
    placement.evictions.clear()
    assert faults(workload, placement) == [("capacity", "default/p0")]


@pytest.mark.parametrize("policy", ["PreemptLowerPriority", "Never"])
def test_only_lower_priority_may_be_evicted(policy: str) -> None:
    preemptor = pod(2000, 1, preemption_policy=policy)
    workload = with_waiting(running([(pod(2000, 1 if policy != "Never" else 0), 1)]), preemptor)
    placement = Placement.empty(1)
    placement.node[0] = 0
    placement.evictions.append(Eviction(by=0, row=0, bound=0))
    assert faults(workload, placement) == [("preemption", "default/b0")]


@pytest.mark.parametrize(
    "wrong",
    [
        Eviction(by=0, row=1, bound=0),
        Eviction(by=0, row=0, pod=1),
    ],
)
def test_nobody_is_evicted_from_where_it_is_not(wrong: Eviction) -> None:
    workload = with_waiting(running([(pod(100), 1)], []), pod(100, 1), pod(100))
    placement = Placement.empty(2)
    placement.node[0] = 0
    placement.evictions.append(wrong)
    assert [c for c, _ in faults(workload, placement)] == ["preemption"]


def test_evictions_must_name_pods_and_nodes() -> None:
    workload = with_waiting(running([(pod(100), 1)]), pod(100, 1))
    for wrong in (Eviction(by=1, row=0, bound=0), Eviction(by=0, row=9, bound=0), Eviction(0, 0)):
        placement = Placement.empty(1)
        placement.evictions.append(wrong)
        assert [c for c, _ in faults(workload, placement)] == ["placement"]


# -- manifests -------------------------------------------------------------------------------------


def sourced(kind: str, name: str, **fields: object) -> SourcedObject:
    group = {"PodDisruptionBudget": "policy/v1"}.get(kind, "v1")
    metadata = {"name": name, "namespace": "default"}
    return SourcedObject({"apiVersion": group, "kind": kind, "metadata": metadata, **fields}, name)


def container() -> dict[str, object]:
    return {"containers": [{"name": "c"}]}


def test_manifests_state_budgets_starts_and_nominations() -> None:
    workload = workload_from_objects(
        [
            sourced("Node", "n0", status={"allocatable": {"cpu": "1"}}),
            sourced(
                "Pod",
                "old",
                spec={**container(), "nodeName": "n0"},
                status={"startTime": "2026-01-01T00:00:10Z"},
            ),
            sourced("Pod", "new", spec={**container(), "nodeName": "n0"}),
            sourced("Pod", "waits", spec=container(), status={"nominatedNodeName": "n0"}),
            sourced(
                "PodDisruptionBudget",
                "web",
                spec={"selector": {"matchLabels": {"app": "web"}}},
                status={"disruptionsAllowed": 2, "disruptedPods": {"old": "2026-01-01T00:00:00Z"}},
            ),
        ],
        "w",
        "test",
    )
    assert workload.bound_start.tolist() == [1_767_225_610, np.iinfo(np.int64).max]
    assert [n for n, _ in workload.nominated] == ["default/waits"]
    assert workload.nominated_node.tolist() == [0]
    expected = PodDisruptionBudget("default", "web", WEB, 2, frozenset({"old"}))
    assert workload.disruption_budgets == (expected,)
    assert workload.ignored == {}


def test_a_start_that_is_no_time_is_refused() -> None:
    ready = sourced("Node", "n", status={"allocatable": {"cpu": "1"}})
    bad = sourced("Pod", "p", spec={**container(), "nodeName": "n"}, status={"startTime": "today"})
    with pytest.raises(InputError, match=r"status\.startTime: expected a time like"):
        workload_from_objects([ready, bad], "w", "test")

"""Host ports and required (anti-)affinity in the packers, on instances one can see through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, PodSpec, Scheduler, Workload
from schedlab.bound.exclusion import Exclusion, anti_affinities, port_conflicts
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    HostPort,
    LabelSelector,
    Node,
    PodAffinityTerm,
    Requirement,
    TopologySpreadConstraint,
)
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.dual_price import DualPrice
from schedlab_algorithms.large_neighbourhood import LargeNeighbourhood
from schedlab_algorithms.packing.affinity import NOBODY, affinities
from schedlab_algorithms.packing.exclusion import one_sided
from schedlab_algorithms.packing.rules import rules_of

KUBERNETES = engine.profile("kubernetes")


def node(name: str, cpu: int, zone: str | None = None) -> Node:
    labels = {HOSTNAME: name} if zone is None else {HOSTNAME: name, ZONE: zone}
    return Node(name, {"cpu": cpu, "pods": 20}, labels)


def pod(app: str, cpu: int = 1, **rules: object) -> PodSpec:
    return PodSpec(labels=(("app", app),), requests=(("cpu", cpu),), **rules)  # type: ignore[arg-type]


def term(key: str, app: str) -> tuple[PodAffinityTerm, ...]:
    return (PodAffinityTerm(key, LabelSelector.of({"app": app})),)


def workload(nodes: list[Node], *pods: PodSpec) -> Workload:
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(pods))
    return Workload(name="rules", nodes=tuple(nodes), pods=batch)


def place(case: Workload, scheduler: Scheduler | None = None) -> Placement:
    scheduler = scheduler or CpSatPacking()
    placement = scheduler.schedule(Cluster.of(case), case.pods, Budget(effort=1.0))
    assert verify(case, placement) == []
    return placement


def placed(case: Workload, scheduler: Scheduler | None = None) -> int:
    return int((place(case, scheduler).node >= 0).sum())


# -- who may not be together -----------------------------------------------------------------------


def sides(exclusion: Exclusion) -> tuple[list[int], ...]:
    return tuple(np.flatnonzero(side).tolist() for side in exclusion.sides)


def test_a_term_has_single_owners_and_those_it_means() -> None:
    shy = pod("a", required_anti_affinity=term(ZONE, "a"))
    also = replace(pod("b"), required_anti_affinity=term(ZONE, "a"))
    specs = (shy, also, pod("a"), pod("c"))
    [found] = anti_affinities(Cluster([node("n", 4, "z")], specs), specs)
    assert sides(found) == ([0], [1], [2])


def test_a_term_that_means_nobody_of_the_batch_matters_not() -> None:
    specs = (pod("a", required_anti_affinity=term(ZONE, "x")), pod("b"))
    assert anti_affinities(Cluster([node("n", 4, "z")], specs), specs) == ()
    specs = (pod("a", required_anti_affinity=term("no such label", "b")), pod("b"))
    assert anti_affinities(Cluster([node("n", 4, "z")], specs), specs) == ()


def test_terms_keep_to_their_namespaces() -> None:
    shy, there = pod("a", required_anti_affinity=term(ZONE, "b")), pod("b")
    elsewhere = replace(there, namespace="other")
    specs = (shy, there, elsewhere)
    [found] = anti_affinities(Cluster([node("n", 4, "z")], specs), specs)
    assert sides(found) == ([], [0], [1])


def test_who_is_kept_off_where() -> None:
    """Two nodes in zone 0, one in zone 1, one in none; one single pod, two owners, two meant."""
    a, b, c = (np.array([i in side for i in range(3)]) for side in ((0,), (1,), (2,)))
    exclusion = Exclusion(np.array([0, 0, 1, -1], np.int32), a, b, c)
    counts = np.zeros((3, 4), np.int32)
    assert not any(exclusion.blocked(s, counts).any() for s in range(3))
    for there, kept_off in ((0, (0, 1, 2)), (1, (0, 2)), (2, (0, 1))):
        counts[:] = 0
        counts[there, [0, 3]] = 1
        for signature in range(3):
            expected = [signature in kept_off] * 2 + [False, False]
            assert exclusion.blocked(signature, counts).tolist() == expected


def test_ports_clash_by_address() -> None:
    every, one, other = (
        pod("p", host_ports=(HostPort(80, "TCP", ip),))
        for ip in ("0.0.0.0", "10.0.0.1", "10.0.0.2")
    )
    udp = pod("p", host_ports=(HostPort(80, "UDP"),))
    found = port_conflicts((every, one, other, udp), nodes=2)
    assert sorted(sides(e)[0] for e in found) == [[0, 1], [0, 2], [3]]
    assert all(e.domain.tolist() == [0, 1] for e in found)
    assert placed(workload([node("n0", 9), node("n1", 9)], one, every, other, udp, udp)) == 5
    assert placed(workload([node("n0", 9)], one, every, other)) == 2


def test_a_namespace_that_is_not_known_is_seen_differently_by_either_side() -> None:
    selector = LabelSelector((Requirement("team", "NotIn", ("a",)),))
    terms = (PodAffinityTerm(ZONE, LabelSelector.of({"app": "b"}), (), selector),)
    shy, stranger = pod("a", required_anti_affinity=terms), replace(pod("b"), namespace="nowhere")
    specs = (shy, stranger, pod("b"), pod("c"))
    cluster = Cluster([node("n", 4, "z")], specs, namespaces={"default": {"team": "b"}})
    assert one_sided(cluster, specs).tolist() == [True, True, False, False]
    assert rules_of(KUBERNETES, cluster, specs).fixed.tolist() == [True, True, False, False]
    known = Cluster([node("n", 4, "z")], specs, namespaces={"default": {}, "nowhere": {}})
    assert not one_sided(known, specs).any()


def test_what_runs_keeps_pods_off_for_good() -> None:
    shy, web = pod("a", required_anti_affinity=term(HOSTNAME, "web")), pod("web")
    port = pod("p", host_ports=(HostPort(80),))
    specs = (shy, web, port)
    cluster = Cluster([node(f"n{i}", 4) for i in range(4)], specs)
    for row, spec in enumerate((web, replace(shy, priority=7), replace(port, priority=7))):
        cluster.place(cluster.signature(spec), row)
    rules = rules_of(KUBERNETES, cluster, specs)
    assert {s: m.tolist() for s, m in rules.admitted.items()} == {
        0: [False, True, True, True],
        1: [True, False, True, True],
        2: [True, True, False, True],
    }
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(specs))
    problem = engine.packing_problem(KUBERNETES, cluster, batch)
    assert problem.admitting(rules.admitted).eligible.sum(axis=1).tolist() == [3, 3, 3]
    assert problem.eligible.all()


def test_the_bound_knows_that_one_pod_has_a_domain_for_itself() -> None:
    """Two zones for five replicas, the third node being in none that they may go to."""
    apart = pod("a", required_anti_affinity=term(ZONE, "a"), node_selector=(("pool", "p"),))
    zoned = [replace(node(f"n{i}", 9, f"z{i // 2}")) for i in range(4)]
    pool = [replace(n, labels={**n.labels, "pool": "p"}) for n in zoned]
    assert place(workload([*pool, node("n9", 9)], *[apart] * 5)).info["bound"] == 2
    nowhere = replace(node("n9", 9), labels={HOSTNAME: "n9", "pool": "p"})
    assert place(workload([*pool, nowhere], *[apart] * 5)).info["bound"] == 5


# -- who must be together --------------------------------------------------------------------------


def test_replicas_that_stay_together_begin_in_one_zone_alone() -> None:
    """Of four replicas and two zones with room for two each, only two find a place."""
    herd = pod("herd", required_affinity=term(ZONE, "herd"))
    case = workload([node("n0", 2, "z0"), node("n1", 2, "z1")], herd, herd, herd, herd)
    placement = place(case)
    assert (placement.node >= 0).sum() == 2
    assert placement.info["status"] == "optimal"
    assert placement.info["bound"] == 2


def test_a_herd_goes_to_the_zone_that_holds_it() -> None:
    """The start begins in the first zone; to move all is better."""
    herd = pod("herd", required_affinity=term(ZONE, "herd"))
    case = workload([node("n0", 2, "z0"), node("n1", 2, "z1"), node("n2", 1, "z1")], *[herd] * 3)
    first_fit = CpSatPacking(start=("first-fit",))
    assert placed(case, engine.greedy("first-fit")) == 2
    assert placed(case, first_fit) == placed(case, replace(first_fit, full_model=0, nodes=3)) == 3


def test_pods_come_after_those_that_they_seek() -> None:
    """Each seeks the next one, and arrives before it."""
    chain = [pod(a, required_affinity=term(ZONE, b)) for a, b in ("ab", "bc", "cd")]
    case = workload([node("n", 9, "z")], *chain, pod("d"))
    assert placed(case, engine.greedy("kubernetes")) == 1
    placement = place(case)
    assert placement.sequence.tolist() == [3, 2, 1, 0]


def test_the_first_of_its_kind_comes_before_all_whom_its_terms_mean() -> None:
    """Pods of its kind without terms go to another zone; after them it could go nowhere."""
    first = pod("kind", 2, required_affinity=term(ZONE, "kind"))
    other = pod("kind", 1, priority=5)
    case = workload([node("n0", 1, "z0"), node("n1", 2, "z1")], other, first)
    assert placed(case, engine.greedy("best-fit")) == 1
    placement = place(case)
    assert placement.node.tolist() == [0, 1]
    assert placement.sequence.tolist() == [1, 0]


def test_one_pod_begins_in_a_domain_of_every_key() -> None:
    """Both zone and rack must hold another one: n0 and n3 have neither in common."""
    terms = (*term(ZONE, "herd"), *term("rack", "herd"))
    herd = pod("herd", required_affinity=terms)
    nodes = [
        Node(f"n{i}", {"cpu": 1, "pods": 9}, {HOSTNAME: f"n{i}", ZONE: f"z{z}", "rack": f"r{r}"})
        for i, (z, r) in enumerate(((0, 0), (0, 0), (0, 1), (1, 1)))
    ]
    assert placed(workload(nodes, *[herd] * 4)) == 2
    [found] = affinities(Cluster(nodes, [herd]), [herd])
    counts = np.array([[1, 1, 0, 0]], np.int32)
    assert found.first(counts) == (0, 0)
    assert found.first(np.array([[1, 0, 0, 1]], np.int32)) == NOBODY
    assert found.first(np.zeros((1, 4), np.int32)) is None


def test_nobody_begins_where_one_that_is_meant_runs() -> None:
    herd = pod("herd", required_affinity=term(ZONE, "herd"))
    case = workload([node("n0", 1, "z0"), node("n1", 5, "z1")], herd, herd)
    bound = PodBatch.of([("default/b", pod("herd"))])
    case = replace(case, bound=bound, bound_node=np.array([0], np.int32))
    assert placed(case) == 0
    assert placed(replace(case, bound_node=np.array([1], np.int32))) == 2


def test_pods_that_wait_for_each_other_stay_where_they_are() -> None:
    a, b = (pod(x, required_affinity=term(ZONE, y)) for x, y in ("ab", "ba"))
    assert placed(workload([node("n", 9, "z")], a, b)) == 0


@pytest.mark.parametrize("seeks", ["herd", "base"])
def test_affinity_and_spread_of_the_same_pods(seeks: str) -> None:
    """One pod in each of two nodes of the zone of the base, beside one that needs a whole node."""
    spread = (TopologySpreadConstraint(1, HOSTNAME, selector=LabelSelector.of({"app": "herd"})),)
    herd = pod("herd", required_affinity=term(ZONE, seeks), spread=spread)
    nodes = [node("n0", 3, "z0"), node("n1", 2, "z1"), node("n2", 2, "z1"), node("n3", 3, "z1")]
    case = workload(nodes, pod("base", 1), herd, herd, herd, pod("large", 3))
    assert placed(case) == 5


# -- neighbourhoods and chains ---------------------------------------------------------------------


def crowded() -> Workload:
    """Return three applications with replicas apart, and one port, that best-fit leaves pods of."""
    nodes = [node(f"n{i}", 8, f"z{i % 2}") for i in range(8)]
    apart = [
        pod(f"a{i}", 2 + i % 2, required_anti_affinity=term(HOSTNAME, f"a{i}")) for i in range(3)
    ]
    port = pod("port", 1, host_ports=(HostPort(80),))
    plain = pod("plain", 3)
    return workload(nodes, *[plain] * 6, *[s for s in apart for _ in range(5)], *[port] * 8)


@pytest.mark.parametrize(
    "scheduler",
    [
        CpSatPacking(),
        CpSatPacking(full_model=0),
        LargeNeighbourhood(start="best-fit"),
        DualPrice(start="best-fit"),
    ],
    ids=["whole", "neighbourhoods", "LargeNeighbourhood", "chains"],
)
def test_pods_with_rules_are_moved_like_others(scheduler: Scheduler) -> None:
    case = crowded()
    greedy, after = place(case, engine.greedy("best-fit")), place(case, scheduler)
    assert after.info["fixed_pods"] == 0
    assert (after.node >= 0).sum() > (greedy.node >= 0).sum()


@pytest.mark.parametrize("scheduler", [CpSatPacking(), LargeNeighbourhood()])
def test_two_that_would_each_have_to_be_the_first_are_not_both_placed(scheduler: Scheduler) -> None:
    """Each is meant by the other's term, in another zone: whoever comes second is not legal."""

    def seeks(label: str) -> tuple[PodAffinityTerm, ...]:
        return (PodAffinityTerm(ZONE, LabelSelector.of({label: "x"})),)

    labels = (("g", "x"), ("h", "x"))
    one, other = (
        PodSpec(labels=labels, requests=(("cpu", cpu),), required_affinity=seeks(label))
        for cpu, label in ((2, "g"), (3, "h"))
    )
    nodes = [node("n1", 2, "z1"), node("n2", 3, "z2")]
    assert (place(workload(nodes, one, other), scheduler).node >= 0).sum() == 1

"""What bounds know of rules between pods, on cases small enough to know the best placement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from schedlab.api import Eviction, Placement, Workload
from schedlab.metrics import Outcome
from schedlab.metrics.bounds import Bounds
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    Gang,
    HostPort,
    LabelSelector,
    Node,
    PodAffinityTerm,
    PodBatch,
    PodSpec,
    Requirement,
    TopologySpreadConstraint,
)


def nodes(*zones: str, cpu: int = 100) -> list[Node]:
    """Return a node in each zone; "" is none."""
    return [
        Node(f"n{i}", {"cpu": cpu, "pods": 20}, {HOSTNAME: f"n{i}"} | ({ZONE: z} if z else {}))
        for i, z in enumerate(zones)
    ]


def pod(app: str, cpu: int = 1, **rules: object) -> PodSpec:
    return PodSpec(labels=(("app", app),), requests=(("cpu", cpu),), **rules)  # type: ignore[arg-type]


def apart(key: str, app: str) -> dict[str, object]:
    return {"required_anti_affinity": (PodAffinityTerm(key, LabelSelector.of({"app": app})),)}


def ports(*numbers: int, ip: str = "0.0.0.0") -> dict[str, object]:
    return {"host_ports": tuple(HostPort(n, "TCP", ip) for n in numbers)}


def even(skew: int = 1, app: str = "a", least: int = 1) -> dict[str, object]:
    selector = LabelSelector.of({"app": app})
    return {"spread": (TopologySpreadConstraint(skew, ZONE, selector=selector, min_domains=least),)}


def case(
    on: list[Node], pods: Sequence[PodSpec], running: Sequence[tuple[PodSpec, int]] = ()
) -> Workload:
    return Workload(
        name="case",
        nodes=tuple(on),
        pods=PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(pods)),
        bound=PodBatch.of((f"default/b{i}", spec) for i, (spec, _) in enumerate(running)),
        bound_node=np.array([row for _, row in running], np.int32),
    )


def bounds(
    on: list[Node], pods: Sequence[PodSpec], running: Sequence[tuple[PodSpec, int]] = ()
) -> Bounds:
    return Bounds.of(case(on, pods, running), np.ones(len(running), np.bool_))


def most(
    on: list[Node], pods: Sequence[PodSpec], running: Sequence[tuple[PodSpec, int]] = ()
) -> int:
    return int(bounds(on, pods, running).pods.limit)


def test_a_host_port_is_held_once_on_a_node_whoever_asks_for_it() -> None:
    different = [pod("a", **ports(80)), pod("b", **ports(80)), pod("c", **ports(80, 443))]
    assert most(nodes("", ""), different) == 2
    assert most(nodes("", ""), [pod("a", **ports(80)), pod("b", **ports(443))]) == 2


def test_a_port_of_all_addresses_clashes_with_each_and_those_not_with_one_another() -> None:
    every, one, other = (ports(80, ip=ip) for ip in ("0.0.0.0", "10.0.0.1", "10.0.0.2"))
    assert most(nodes(""), [pod("a", **one), pod("b", **other)]) == 2
    assert most(nodes(""), [pod("a", **one), pod("b", **other), pod("c", **every)]) == 2
    assert most(nodes(""), [pod("a", **one), pod("b", **every)]) == 1


def test_running_pods_keep_others_off_their_nodes_and_zones() -> None:
    held = [(pod("x", **ports(80)), 0), (pod("y", **ports(80)), 1)]
    assert most(nodes("", "", ""), [pod("a", **ports(80))] * 3, held) == 1
    shy = [(pod("x", **apart(ZONE, "a")), 0)]
    assert most(nodes("z0", "z0"), [pod("a")] * 3, shy) == 0
    assert most(nodes("z0", "z0", "z1"), [pod("a", 40)] * 9, shy) == 2
    assert most(nodes("z0", "z0", "z1"), [pod("b", 40, **apart(ZONE, "x"))] * 9, shy) == 2


def test_one_pod_in_a_zone_for_all_that_exclude_one_another() -> None:
    pods = [pod("a", 1, **apart(ZONE, "a")), pod("a", 2, **apart(ZONE, "a"))] * 3
    assert most(nodes("z0", "z0", "z1", "z1", "z1"), pods) == 2
    assert most(nodes("z0", "z0", ""), pods) == 6  # without a zone there is no limit


def test_either_side_of_a_term_has_a_domain_to_itself() -> None:
    """One node: four of these or five of those, where all nine would fit."""
    loud, quiet = pod("loud", 25), pod("quiet", 10, **apart(HOSTNAME, "loud"))
    assert most(nodes(""), [loud] * 4 + [quiet] * 5) == 5
    assert most(nodes("", ""), [loud] * 4 + [quiet] * 5) == 9
    assert most(nodes("", ""), [loud] * 6 + [quiet] * 5) == 9


def test_gangs_that_cannot_be_whole_count_nothing() -> None:
    gang = Gang("g", 4)
    assert most(nodes("", ""), [pod("a", 60, gang=gang)] * 4 + [pod("b")]) == 1
    assert most(nodes("", "", "", ""), [pod("a", 60, gang=gang)] * 4 + [pod("b")]) == 5
    assert most(nodes("", "", ""), [pod("a", 60, gang=gang)] * 4, [(pod("a", gang=gang), 2)]) == 3


def test_a_zone_that_is_full_holds_the_others_down() -> None:
    full = [(pod("x", 100), 2)]
    assert most(nodes("z0", "z1", "z2"), [pod("a", **even())] * 9, full) == 2
    assert most(nodes("z0", "z1", "z2"), [pod("a", **even(2))] * 9, full) == 4
    assert most(nodes("z0", "z1", "z2"), [pod("a", 40, **even())] * 9, full) == 2
    assert most(nodes("z0", "z1"), [pod("a", **even(2, least=3))] * 9) == 4


def test_a_zone_far_ahead_gets_no_more_and_forces_nobody_into_the_others() -> None:
    ahead = [(pod("a"), 0)] * 5
    assert most(nodes("z0", "z1"), [pod("a", **even())] * 3, ahead) == 3
    crowd = [pod("a", 20, **even())] * 5 + [pod("b", 10)] * 20
    assert most(nodes("z0", "z1"), crowd, ahead) >= 19  # 9 and 10 of b


def test_pods_that_are_counted_and_state_nothing_may_go_anywhere() -> None:
    full = [(pod("x", 100), 2)]
    assert most(nodes("z0", "z1", "z2"), [pod("a", **even())] * 3 + [pod("a", 2)] * 3, full) == 6


def test_constraints_that_count_different_running_pods_are_not_one() -> None:
    """Zone 0 is full.  In zone 1 goes A, then five of B, whose constraint counts what runs."""
    full, free = nodes("z0", cpu=5)[0], nodes("z0", "z1")[1]
    both = LabelSelector((Requirement("app", "In", ("a", "y")),))
    b = pod("a", spread=(TopologySpreadConstraint(1, ZONE, selector=both),))
    running = [(pod("y"), 0)] * 5
    assert most([full, free], [pod("a", **even())] + [b] * 6, running) >= 6


def test_spread_does_not_bound_those_who_make_pods_leave() -> None:
    workload = case(nodes("z0", "z1"), [pod("a", **even())] * 5, [(pod("x", 100), 1)])
    placement = Placement.empty(5)
    assert int(Outcome(workload, placement).bounds.pods.limit) == 1
    placement.evictions = [Eviction(by=1, row=0, pod=0)]
    assert int(Outcome(workload, placement).bounds.pods.limit) == 5


@pytest.mark.parametrize("rules", [apart(HOSTNAME, "a"), ports(80)])
def test_pods_that_are_alone_on_their_nodes_need_one_each(rules: dict[str, object]) -> None:
    found = bounds(nodes(*[""] * 9), [pod("a", cpu, **rules) for cpu in (1, 2, 3)] + [pod("b")])
    assert found.fewest_nodes(np.array([1, 1, 1, 1])) == 3
    assert found.fewest_nodes(np.array([0, 1, 0, 1])) == 1


def test_room_that_no_pods_can_fill_is_not_offered() -> None:
    """Pods of 40 or 20 fill nodes of 80, and 60 of 79: two of each then, one on one node."""
    pods = [pod("a", 40)] * 2 + [pod("b", 20)] * 3
    assert most(nodes("", "", cpu=80), pods) == 5
    assert most(nodes("", "", cpu=79), pods) == 4

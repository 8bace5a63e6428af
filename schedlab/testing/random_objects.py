"""Random nodes, pods and Services that use everything which scheduling reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    GpuDevices,
    GpuRequest,
    HostPort,
    LabelSelector,
    Node,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
    Service,
    Taint,
    Toleration,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)
from schedlab.testing.random_storage import POD_VOLUMES

T = TypeVar("T")

MI = 1 << 20
WIDGET = "example.com/widget"
APPS = ("web", "db", "batch")
NAMESPACES = {"default": {"team": "a"}, "blue": {"team": "b"}}
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
KEYS = (ZONE, HOSTNAME, "disk")
IMAGES = {"registry/web:1": 300 * MI, "registry/db:2": 900 * MI}
REQUIREMENTS = (
    Requirement("disk", "In", ("ssd",)),
    Requirement("disk", "Exists"),
    Requirement(ZONE, "NotIn", ("z0",)),
    Requirement("cores", "Gt", ("4",)),
)


class Draw:
    """Choices from one NumPy generator."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound)."""
        return int(self.generator.integers(bound))

    def one(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def some(self, options: Sequence[T], most: int) -> tuple[T, ...]:
        """Return up to ``most`` options, repeats allowed."""
        return tuple(self.one(options) for _ in range(self.below(most + 1)))

    def chance(self, percent: int) -> bool:
        """Return True this often."""
        return self.below(100) < percent


def random_node(draw: Draw, index: int) -> Node:
    """Return one node; some lack labels, some offer nothing of a resource."""
    labels = {HOSTNAME: f"n{index}", ZONE: f"z{draw.below(3)}"}
    if draw.chance(60):
        labels["disk"] = draw.one(("ssd", "hdd"))
    if draw.chance(50):
        labels["cores"] = draw.one(("2", "8", "many"))
    return Node(
        name=f"n{index}",
        allocatable={
            "cpu": draw.one((0, 1000, 2000, 4000, 8000)),
            "memory": draw.one((512, 1024, 4096, 16384)) * MI,
            "pods": draw.one((2, 5, 110)),
            WIDGET: draw.one((0, 0, 2)),
        },
        labels=labels,
        taints=draw.some([Taint(k, "", e) for k in ("spot", "gpu") for e in EFFECTS], 1),
        unschedulable=draw.chance(10),
        images={k: v for k, v in IMAGES.items() if draw.chance(40)},
        gpus=GpuDevices(1 + draw.below(4), draw.one("AB")) if draw.chance(50) else None,
    )


def random_spec(draw: Draw) -> PodSpec:
    """Return one pod spec; it asks for nothing of most things."""
    requests = {
        "cpu": draw.one((0, 50, 250, 500, 1500)),
        "memory": draw.one((0, 64, 300, 900)) * MI,
        WIDGET: draw.one((0, 0, 0, 1)),
    }
    return PodSpec(
        namespace=draw.one(("default", "default", "blue")),
        labels=(("app", draw.one(APPS)),),
        requests=tuple((r, a) for r, a in requests.items() if a),
        priority=draw.one((0, 0, 10)),
        node_name=f"n{draw.below(4)}" if draw.chance(5) else "",
        node_selector=(("disk", "ssd"),) if draw.chance(15) else (),
        required_node_terms=_terms(draw) if draw.chance(15) else None,
        preferred_node_terms=tuple(
            PreferredSchedulingTerm(1 + draw.below(100), t)
            for t in (_terms(draw) if draw.chance(35) else ())
        ),
        tolerations=draw.some([Toleration(k, "Exists") for k in ("spot", "gpu", "")], 2),
        spread=tuple(_constraint(draw) for _ in range(draw.one((0, 0, 1, 2)))),
        required_affinity=_affinity(draw, 12),
        required_anti_affinity=_affinity(draw, 12),
        preferred_affinity=_weighted(draw),
        preferred_anti_affinity=_weighted(draw),
        host_ports=(HostPort(draw.one((80, 443))),) if draw.chance(20) else (),
        images=draw.some(tuple(IMAGES), 2),
        gpu=_gpu(draw) if draw.chance(30) else None,
        scheduling_gates=("example.com/gate",) if draw.chance(5) else (),
        terminating=draw.chance(5),
        volumes=(draw.one(POD_VOLUMES),) if draw.chance(20) else (),
    )


def random_services(draw: Draw) -> tuple[Service, ...]:
    """Return no, one or two Services that select pods by app."""
    return tuple(
        Service("default", app, LabelSelector.of({"app": app})) for app in draw.some(APPS, 2)
    )


def _terms(draw: Draw) -> tuple[NodeSelectorTerm, ...]:
    return tuple(
        NodeSelectorTerm(draw.some(REQUIREMENTS, 2)) for _ in range(draw.one((0, 1, 1, 2)))
    )


def _selector(draw: Draw) -> LabelSelector | None:
    app = LabelSelector.of({"app": draw.one(APPS)})
    return draw.one((None, LabelSelector(), app, app, app))


def _constraint(draw: Draw) -> TopologySpreadConstraint:
    return TopologySpreadConstraint(
        max_skew=1 + draw.below(2),
        topology_key=draw.one(KEYS),
        when_unsatisfiable=draw.one(("DoNotSchedule", "ScheduleAnyway")),
        selector=_selector(draw),
        min_domains=1 + draw.below(3),
        node_affinity_policy=draw.one(("Honor", "Ignore")),
        node_taints_policy=draw.one(("Honor", "Ignore")),
    )


def _affinity(draw: Draw, percent: int) -> tuple[PodAffinityTerm, ...]:
    if not draw.chance(percent):
        return ()
    namespaces: tuple[str, ...] = draw.one((("default",), ("default", "blue")))
    return (PodAffinityTerm(draw.one(KEYS), _selector(draw), namespaces),)


def _weighted(draw: Draw) -> tuple[WeightedPodAffinityTerm, ...]:
    return tuple(WeightedPodAffinityTerm(1 + draw.below(100), t) for t in _affinity(draw, 20))


def _gpu(draw: Draw) -> GpuRequest:
    if draw.chance(50):
        return GpuRequest(1, draw.one((300, 500, 1000)), draw.one(((), ("A",))))
    return GpuRequest(1 + draw.below(2), 1000)

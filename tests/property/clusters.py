"""Random small clusters and batches that mix every feature the engine knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

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
    PodBatch,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
    Service,
    Taint,
    Toleration,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
    Workload,
)

MI = 1 << 20
APPS = ("web", "db", "batch")
NAMESPACES = {"default": {"team": "a"}, "ns-a": {"team": "b"}, "ns-b": {}}
SIZES = {"nginx:1": 90 * MI, "spark:3": 1400 * MI}
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")

taints = st.builds(Taint, st.sampled_from(["spot", "gpu"]), st.just(""), st.sampled_from(EFFECTS))
tolerations = st.builds(
    Toleration,
    st.sampled_from(["spot", "gpu", ""]),
    st.just("Exists"),
    st.just(""),
    st.sampled_from(["", *EFFECTS]),
)
requirements = st.one_of(
    st.builds(
        Requirement,
        st.sampled_from(["disk", ZONE]),
        st.sampled_from(["In", "NotIn"]),
        st.sampled_from([("ssd",), ("z1", "hdd"), ("z0",)]),
    ),
    st.builds(Requirement, st.just("disk"), st.sampled_from(["Exists", "DoesNotExist"])),
    st.builds(Requirement, st.just("cores"), st.sampled_from(["Gt", "Lt"]), st.just(("4",))),
)
terms = st.builds(NodeSelectorTerm, st.lists(requirements, max_size=2).map(tuple))
selectors = st.one_of(
    st.none(),
    st.just(LabelSelector()),
    st.sampled_from(APPS).map(lambda a: LabelSelector.of({"app": a})),
)
constraints = st.builds(
    TopologySpreadConstraint,
    st.integers(1, 2),
    st.sampled_from([ZONE, HOSTNAME, "disk"]),
    st.sampled_from(["DoNotSchedule", "ScheduleAnyway"]),
    selectors,
    st.integers(1, 4),
    st.sampled_from(["Honor", "Ignore"]),
    st.sampled_from(["Honor", "Ignore"]),
    st.sampled_from([(), (), ("version",), ("version", "absent")]),
)
namespace_selectors = st.sampled_from(
    [
        None,
        None,
        LabelSelector(),
        LabelSelector.of({"team": "a"}),
        LabelSelector((Requirement("team", "NotIn", ("a",)),)),
    ]
)
affinity_terms = st.builds(
    PodAffinityTerm,
    st.sampled_from([ZONE, HOSTNAME, "disk"]),
    selectors,
    st.sampled_from([(), (), ("ns-a",), ("default", "ns-b")]),
    namespace_selectors,
)
weighted_terms = st.builds(WeightedPodAffinityTerm, st.integers(1, 100), affinity_terms)
ports = st.builds(
    HostPort,
    st.sampled_from([80, 8080]),
    st.sampled_from(["TCP", "UDP"]),
    st.sampled_from(["0.0.0.0", "10.0.0.1", "10.0.0.2"]),
)


@st.composite
def nodes(draw: st.DrawFn, index: int) -> Node:
    """Draw one node; some lack labels, some resources are zero."""
    labels = {HOSTNAME: f"n{index}"}
    zone = draw(st.sampled_from(["z0", "z1", "z2", "", None]))
    if zone is not None:
        labels[ZONE] = zone
    if draw(st.booleans()):
        labels["disk"] = draw(st.sampled_from(["ssd", "hdd"]))
    if draw(st.booleans()):
        labels["cores"] = draw(st.sampled_from(["2", "8", "many"]))
    allocatable = {
        "cpu": draw(st.sampled_from([0, 1000, 2000, 4000])),
        "memory": draw(st.sampled_from([512, 1024, 4096])) * MI,
        "pods": draw(st.sampled_from([1, 3, 110])),
        "example.com/widget": draw(st.sampled_from([0, 2])),
    }
    gpus = draw(st.none() | st.builds(GpuDevices, st.integers(1, 3), st.sampled_from(["A", "B"])))
    return Node(
        f"n{index}",
        allocatable,
        labels,
        tuple(draw(st.lists(taints, max_size=1))),
        unschedulable=draw(st.sampled_from([False] * 6 + [True])),
        images={i: s for i, s in SIZES.items() if draw(st.booleans())},
        gpus=gpus,
    )


@st.composite
def specs(draw: st.DrawFn) -> PodSpec:
    """Draw one pod spec; requests may be absent."""
    requests = {
        "cpu": draw(st.sampled_from([0, 50, 250, 500, 1500])),
        "memory": draw(st.sampled_from([0, 64, 300, 900])) * MI,
        "example.com/widget": draw(st.sampled_from([0, 0, 0, 1])),
    }
    gpu = st.one_of(
        st.builds(GpuRequest, st.just(1), st.sampled_from([300, 500, 1000]), st.just(("A",))),
        st.builds(GpuRequest, st.integers(1, 2), st.just(1000)),
    )
    few = draw(st.sampled_from([0, 0, 1, 2]))
    return PodSpec(
        namespace=draw(st.sampled_from(["default", "default", *NAMESPACES, "unknown"])),
        labels=(
            ("app", draw(st.sampled_from(APPS))),
            *draw(st.sampled_from([(), (("version", "1"),)])),
        ),
        requests=tuple((r, a) for r, a in requests.items() if a),
        priority=draw(st.sampled_from([0, 0, 10])),
        node_selector=draw(st.sampled_from([(), (), (), (("disk", "ssd"),)])),
        required_node_terms=draw(st.none() | st.lists(terms, max_size=2).map(tuple)),
        preferred_node_terms=tuple(
            draw(
                st.lists(st.builds(PreferredSchedulingTerm, st.integers(1, 100), terms), max_size=2)
            )
        ),
        tolerations=tuple(draw(st.lists(tolerations, max_size=2))),
        spread=tuple(draw(st.lists(constraints, max_size=2))),
        required_affinity=tuple(draw(st.lists(affinity_terms, max_size=few // 2))),
        required_anti_affinity=tuple(draw(st.lists(affinity_terms, max_size=few))),
        preferred_affinity=tuple(draw(st.lists(weighted_terms, max_size=few))),
        preferred_anti_affinity=tuple(draw(st.lists(weighted_terms, max_size=few))),
        host_ports=tuple(draw(st.lists(ports, max_size=draw(st.sampled_from([0, 0, 1, 2]))))),
        images=tuple(draw(st.lists(st.sampled_from([*SIZES, "rare:1"]), max_size=2))),
        terminating=draw(st.sampled_from([False] * 5 + [True])),
        gpu=draw(st.one_of(st.none(), st.none(), gpu)),
    )


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    """Draw a cluster with pods on it, its Services, and a batch that often repeats a spec."""
    size = draw(st.integers(1, 7))
    kinds = draw(st.lists(specs(), min_size=1, max_size=4))
    order = draw(st.lists(st.integers(0, len(kinds) - 1), min_size=1, max_size=25))
    running = draw(st.lists(st.tuples(specs(), st.integers(0, size - 1)), max_size=3))
    services = draw(st.lists(st.sampled_from(APPS), max_size=1))
    return Workload(
        name="random",
        nodes=tuple(draw(nodes(i)) for i in range(size)),
        pods=PodBatch.of((f"default/p{i}", kinds[k]) for i, k in enumerate(order)),
        bound=PodBatch.of(
            (f"default/b{i}", replace(spec, gpu=None)) for i, (spec, _) in enumerate(running)
        ),
        bound_node=np.array([row for _, row in running], np.int32),
        namespaces=NAMESPACES,
        services=tuple(Service("default", a, LabelSelector.of({"app": a})) for a in services),
    )

"""Preemption on random clusters: against a slow oracle, and however it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import (
    Budget,
    Cluster,
    FilterPlugin,
    Locality,
    NodeView,
    Placement,
    PodView,
    PostFilterPlugin,
    PostFilterResult,
    PreemptionReport,
    Reason,
    Verdict,
    Workload,
)
from schedlab.core.filter_score import FilterScore
from schedlab.core.preemption.handle import Handle
from schedlab.core.profile import Profile
from schedlab.core.reference import filter_nodes
from schedlab.core.verdicts import PASS, SHIFT, reasons_of
from schedlab.metrics.verify import verify
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    GpuDevices,
    GpuRequest,
    HostPort,
    LabelSelector,
    Node,
    PodAffinityTerm,
    PodBatch,
    PodDisruptionBudget,
    PodSpec,
    TopologySpreadConstraint,
)
from schedlab.registry import installed
from schedlab_algorithms.kubernetes import default_preemption_standing
from schedlab_algorithms.kubernetes.default_preemption import DefaultPreemption

T = TypeVar("T")

GPUS = GpuDevices(2)

KUBERNETES = replace(
    installed().make_profile("kubernetes", {}),
    post_filter=DefaultPreemption(),
    queue_sort="Arrival",
)


MI = 1 << 20


def one(x: T) -> tuple[T]:
    return (x,)


APP = st.sampled_from(["web", "db"])
BY_APP = APP.map(lambda a: LabelSelector.of({"app": a}))
KEYS = st.sampled_from([ZONE, HOSTNAME])


terms = st.builds(PodAffinityTerm, KEYS, BY_APP)
FEATURES: dict[str, dict[str, st.SearchStrategy[object]]] = {
    "nothing": {},
    "spread": {
        "spread": st.builds(TopologySpreadConstraint, st.integers(1, 2), KEYS, selector=BY_APP).map(
            one
        )
    },
    "affinity": {"required_affinity": terms.map(one)},
    "anti-affinity": {"required_anti_affinity": terms.map(one)},
    "ports": {"host_ports": st.builds(HostPort, st.sampled_from([80, 8080])).map(one)},
    "gpu": {"gpu": st.builds(GpuRequest, st.just(1), st.sampled_from([400, 600, 1000]))},
}


@st.composite
def kinds_of_pods(draw: st.DrawFn) -> list[PodSpec]:
    """Draw specs of which about half have one or two features."""
    names = draw(st.lists(st.sampled_from(sorted(FEATURES)), min_size=1, max_size=2))
    featured = {k: v for name in names for k, v in FEATURES[name].items()}

    def kind(more: dict[str, st.SearchStrategy[object]]) -> st.SearchStrategy[PodSpec]:
        return st.builds(
            PodSpec,
            namespace=st.sampled_from(["default", "default", "ns-a"]),
            labels=APP.map(lambda a: (("app", a),)),
            requests=st.sampled_from([200, 500, 900, 1500]).map(lambda c: (("cpu", c),)),
            **more,  # type: ignore[arg-type]
        )

    return draw(st.lists(st.one_of(kind({}), kind(featured)), min_size=2, max_size=5))


budgets = st.builds(
    PodDisruptionBudget,
    st.sampled_from(["default", "default", "ns-a"]),
    st.just("budget"),
    st.one_of(BY_APP, BY_APP, st.sampled_from([None, LabelSelector()])),
    st.integers(0, 1),
    st.sampled_from([frozenset(), frozenset({"b0", "b1"})]),
)


@st.composite
def nodes(draw: st.DrawFn, index: int) -> Node:
    labels = {HOSTNAME: f"n{index}", ZONE: draw(st.sampled_from(["z0", "z1"]))}
    if draw(st.sampled_from([False] * 7 + [True])):
        del labels[ZONE]
    allocatable = {
        "cpu": draw(st.sampled_from([1500, 2000])),
        "memory": 4096 * MI,
        "pods": draw(st.sampled_from([2, 3, 10])),
    }
    return Node(f"n{index}", allocatable, labels, gpus=draw(st.sampled_from([None, GPUS])))


@st.composite
def crowded(draw: st.DrawFn) -> Workload:
    """Draw a cluster with about as much on it as it offers, and pods of higher priority."""
    size = draw(st.integers(1, 4))
    kinds = draw(kinds_of_pods())
    pod = st.tuples(st.sampled_from(kinds), st.integers(0, 2), st.integers(100, 102))
    on = [draw(st.lists(pod, min_size=1, max_size=5)) for _ in range(size)]
    bound = [(*pod, row) for row, pods in enumerate(on) for pod in pods]
    bound = draw(st.permutations(bound))
    waiting = draw(
        st.lists(st.tuples(st.sampled_from(kinds), st.integers(1, 4)), min_size=2, max_size=8)
    )
    return Workload(
        name="crowded",
        nodes=tuple(draw(nodes(i)) for i in range(size)),
        pods=PodBatch.of(
            (f"{s.namespace}/p{i}", replace(s, priority=p)) for i, (s, p) in enumerate(waiting)
        ),
        bound=PodBatch.of(
            (f"{s.namespace}/b{i}", replace(s, priority=p)) for i, (s, p, _, _) in enumerate(bound)
        ),
        bound_node=np.array([row for *_, row in bound], np.int32),
        bound_start=np.array([start for _, _, start, _ in bound], np.int64),
        disruption_budgets=tuple(draw(st.lists(budgets, max_size=2))),
        namespaces={"default": {}, "ns-a": {}},
    )


# -- the oracle: Kubernetes' steps in plain Python, each on a cluster built anew ------------


@dataclass
class Bound:
    number: int
    name: str
    spec: PodSpec
    row: int
    start: int
    devices: int


class Oracle:
    def __init__(self, workload: Workload, spec: PodSpec) -> None:
        self.workload = workload
        self.spec = spec
        self.pods = list(self._bound())

    def _bound(self) -> Sequence[Bound]:
        cluster = self._cluster([])
        rows, starts = self.workload.bound_node.tolist(), self.workload.bound_start.tolist()
        for i, (name, spec) in enumerate(self.workload.bound):
            devices = cluster.first_devices(spec, rows[i])
            cluster.place(cluster.signature(spec), rows[i], devices)
            yield Bound(i, name, spec, rows[i], starts[i], devices)

    def _cluster(self, present: Sequence[Bound]) -> Cluster:
        cluster = Cluster(
            self.workload.nodes,
            (*self.workload.pods.specs, *self.workload.bound.specs),
            services=self.workload.services,
            namespaces=self.workload.namespaces,
        )
        for pod in present:
            cluster.place(cluster.signature(pod.spec), pod.row, pod.devices)
        return cluster

    def codes(self, present: Sequence[Bound]) -> list[int]:
        cluster = self._cluster(present)
        return filter_nodes(KUBERNETES, cluster, cluster.signature(self.spec)).codes.tolist()

    def potential(self) -> list[int]:
        cluster = self._cluster(self.pods)
        signature = cluster.signature(self.spec)
        found = filter_nodes(KUBERNETES, cluster, signature)
        if found.rejected_by is not None or len(found.feasible):
            return []
        narrowed = set(found.narrowed.tolist())

        def helps(code: int) -> bool:
            plugin = KUBERNETES.filters[code >> SHIFT]
            return all(r.resolvable for r in reasons_of(code, plugin, cluster.pod(signature)))

        return [
            r for r, code in enumerate(found.codes.tolist()) if r not in narrowed and helps(code)
        ]

    def candidate(self, row: int) -> tuple[list[Bound], int] | None:
        victims = [p for p in self.pods if p.row == row and p.spec.priority < self.spec.priority]
        victims.sort(key=lambda p: (-p.spec.priority, p.start))
        present = [p for p in self.pods if p not in victims]
        if not victims or self.codes(present)[row] != PASS:
            return None
        violating, harmless = self._by_budget(victims)
        gone, violations = [], 0
        for pod in (*violating, *harmless):
            if self.codes([*present, pod])[row] == PASS:
                present.append(pod)
            else:
                gone.append(pod)
                violations += pod in violating
        return sorted(gone, key=lambda p: (-p.spec.priority, p.start)), violations

    def _by_budget(self, victims: list[Bound]) -> tuple[list[Bound], list[Bound]]:
        budgets = self.workload.disruption_budgets
        allowed = [b.disruptions_allowed for b in budgets]
        violating, harmless = [], []
        for pod in victims:
            breaks = False
            for i, budget in enumerate(budgets):
                selects = budget.selector is not None and bool(budget.selector.requirements)
                if (
                    selects
                    and budget.namespace == pod.spec.namespace
                    and pod.name.partition("/")[2] not in budget.disrupted_pods
                    and budget.selector.matches(dict(pod.spec.labels))
                ):
                    allowed[i] -= 1
                    breaks |= allowed[i] < 0
            (violating if breaks else harmless).append(pod)
        return violating, harmless


def rank(victims: list[Bound], violations: int) -> tuple[int, ...]:
    highest = victims[0].spec.priority
    total = sum(v.spec.priority + 2**31 for v in victims)
    start = min(v.start for v in victims if v.spec.priority == highest)
    return violations, highest, total, len(victims), -start


def oracle(workload: Workload, spec: PodSpec) -> dict[str, object]:
    slow = Oracle(workload, spec)
    potential = slow.potential()
    found = {row: slow.candidate(row) for row in potential}
    ranks = {row: rank(*c) for row, c in found.items() if c is not None and c[0]}
    best = [row for row, r in ranks.items() if r == min(ranks.values())]
    return {
        "potential": potential,
        "candidates": [
            (row, tuple(p.number for p in found[row][0]), found[row][1]) for row in ranks
        ],
        "best": best,
    }


def told(report: PreemptionReport) -> dict[str, object]:
    return {
        "potential": report.potential.tolist(),
        "candidates": [(c.row, c.victims, c.violations) for c in report.candidates],
        "best": list(report.best),
    }


def asked(profile: Profile, workload: Workload, spec: PodSpec) -> dict[str, object] | None:
    """Return what preemption considers for a pod, None if it fits somewhere."""
    cluster = Cluster.of(workload)
    signature = cluster.signature(spec)
    if len(filter_nodes(profile, cluster, signature).feasible):
        return None
    assert profile.post_filter is not None
    return told(profile.post_filter.report(cluster.pod(signature), Handle(profile, cluster)))


@settings(max_examples=250, deadline=None)
@given(workload=crowded())
def test_considers_what_a_slow_oracle_does(workload: Workload) -> None:
    for spec in workload.pods.specs:
        found = asked(KUBERNETES, workload, spec)
        if found is not None and not spec.scheduling_gates:
            assert found == oracle(workload, spec)


# -- one answer, however the filters are asked -------------------------------------------------


class Opaque(FilterPlugin):
    """A filter of which the engine knows nothing: it has to change the cluster to ask."""

    locality = Locality.CLUSTER

    inner: FilterPlugin

    @property
    def name(self) -> str:
        return self.inner.name

    def skips_filter(self, pod: PodView) -> bool:
        return self.inner.skips_filter(pod)

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return self.inner.filter(pod, nodes)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        return self.inner.reasons(pod)


OPAQUE = replace(KUBERNETES, filters=tuple(Opaque(inner=f) for f in KUBERNETES.filters))


@settings(max_examples=100, deadline=None)
@given(workload=crowded())
def test_assumed_and_real_changes_agree(workload: Workload) -> None:
    for spec in workload.pods.specs:
        before = Cluster.of(workload)
        assert asked(KUBERNETES, workload, spec) == asked(OPAQUE, workload, spec)
        after = Cluster.of(workload)
        np.testing.assert_array_equal(before.dynamic, after.dynamic)


@settings(max_examples=150, deadline=None)
@given(workload=crowded(), at_once=st.sampled_from([1, 2]))
def test_the_best_is_found_without_looking_everywhere(workload: Workload, at_once: int) -> None:
    for spec in workload.pods.specs:
        cluster = Cluster.of(workload)
        pod = cluster.pod(cluster.signature(spec))
        everywhere = DefaultPreemption().report(pod, Handle(KUBERNETES, cluster)).chosen
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(default_preemption_standing, "AT_ONCE", at_once)
            found = DefaultPreemption().post_filter(pod, Handle(KUBERNETES, cluster))
        assert found == everywhere


# -- whole batches -------------------------------------------------------------------------------


def schedule(profile: Profile, path: str, workload: Workload) -> Placement:
    scheduler = FilterScore(profile=profile, path=path)  # type: ignore[arg-type]
    return scheduler.schedule(Cluster.of(workload), workload.pods, Budget(seed=3))


def assert_same(one: Placement, other: Placement) -> None:
    np.testing.assert_array_equal(one.node, other.node)
    np.testing.assert_array_equal(one.devices, other.devices)
    assert one.evictions == other.evictions


@settings(max_examples=60, deadline=None)
@given(workload=crowded())
def test_all_paths_evict_the_same(workload: Workload) -> None:
    reference = schedule(KUBERNETES, "reference", workload)
    for path in ("incremental", "run"):
        assert_same(schedule(KUBERNETES, path, workload), reference)


@settings(max_examples=60, deadline=None)
@given(workload=crowded())
def test_what_is_remembered_of_nodes_stays_true(workload: Workload) -> None:
    class Forgetful(PostFilterPlugin):
        """Preempts like the default plugin, and remembers nothing."""

        def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
            return DefaultPreemption().post_filter(pod, Handle(KUBERNETES, cluster))

    cluster = Cluster.of(workload)
    forgetful = FilterScore(profile=replace(KUBERNETES, post_filter=Forgetful()))
    expected = forgetful.schedule(cluster, workload.pods, Budget(seed=3))
    assert_same(schedule(KUBERNETES, "incremental", workload), expected)


@settings(max_examples=60, deadline=None)
@given(workload=crowded())
def test_placements_with_evictions_are_legal(workload: Workload) -> None:
    assert verify(workload, schedule(KUBERNETES, "incremental", workload)) == []


@settings(max_examples=40, deadline=None)
@given(workload=crowded())
def test_running_pods_are_those_of_the_placement(workload: Workload) -> None:
    cluster = Cluster.of(workload)
    scheduler = FilterScore(profile=KUBERNETES)
    placement = scheduler.schedule(cluster, workload.pods, Budget())
    gone = {e.bound for e in placement.evictions if e.bound >= 0}
    stayed = [r for i, r in enumerate(workload.bound_node.tolist()) if i not in gone]
    placed = placement.node[placement.node >= 0].tolist()
    expected = np.bincount([*stayed, *placed], minlength=len(workload.nodes))
    running = [len(cluster.running.on(row)) for row in range(len(workload.nodes))]
    assert running == expected.tolist() == cluster.pod_count.tolist()

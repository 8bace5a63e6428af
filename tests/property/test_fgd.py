"""Shared GPUs on random clusters: fast paths equal slow ones, and devices are never overfull."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Budget, Cluster, GpuRequest, Node, PodBatch, PodSpec, Workload
from schedlab.metrics import Outcome
from schedlab.metrics.demand_curve import arrivals, fragmentation
from schedlab.metrics.fragmentation import fgd, typical_pods
from schedlab.metrics.gpu_losses import gpu_losses
from schedlab.metrics.verify import verify
from schedlab.model.objects import GPU_MILLI, GpuDevices
from schedlab.model.typical import typical_kinds
from schedlab.registry import installed
from schedlab_algorithms.fgd import gradient
from schedlab_algorithms.fgd.fragmentation import TypicalPods, fragments
from schedlab_algorithms.fgd.gradient import States, sigmoid_score
from schedlab_algorithms.fgd.gradient_tables import GradientTables, PodGradient, score_starts
from schedlab_algorithms.gpu_share import is_share

MODELS = ("A", "B", "C")
PROFILES = (
    "fgd",
    "fgd-best-fit",
    "fgd-dot-prod",
    "fgd-gpu-clustering",
    "fgd-gpu-packing",
    "fgd-random",
    "shadow-price",
)

shares = st.builds(
    GpuRequest,
    st.just(1),
    st.sampled_from([110, 190, 250, 470, 530, 810]),
    st.sampled_from([(), (), ("A",), ("B", "C")]),
)
wholes = st.builds(
    GpuRequest, st.sampled_from([1, 1, 2, 4]), st.just(1000), st.sampled_from([(), (), ("A", "C")])
)


@st.composite
def nodes(draw: st.DrawFn, index: int) -> Node:
    room = {"cpu": draw(st.sampled_from([2000, 8000, 16000])), "memory": 1 << 34, "pods": 1001}
    gpus = draw(st.builds(GpuDevices, st.integers(1, 5), st.sampled_from(MODELS)))
    return Node(f"n{index}", room, gpus=draw(st.sampled_from([gpus, gpus, gpus, None])))


@st.composite
def specs(draw: st.DrawFn) -> PodSpec:
    cpu = draw(st.sampled_from([0, 500, 1000, 3000, 6000]))
    requests = (("cpu", cpu), ("memory", draw(st.sampled_from([1, 2])) << 28))
    return PodSpec(requests=requests, gpu=draw(st.one_of(st.none(), shares, shares, wholes)))


@st.composite
def workloads(draw: st.DrawFn) -> Workload:
    count = draw(st.integers(1, 6))
    kinds = draw(st.lists(specs(), min_size=1, max_size=6, unique=True))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=40))
    return Workload(
        "random",
        tuple(draw(nodes(i)) for i in range(count)),
        PodBatch.of((f"default/p{i}", s) for i, s in enumerate(chosen)),
    )


def run(workload: Workload, profile: str, **args: str) -> Outcome:
    scheduler = installed().make_scheduler(profile, args)
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget(seed=3))
    return Outcome(workload, placement)


@pytest.mark.parametrize("profile", PROFILES)
@given(workload=workloads())
@settings(max_examples=25, deadline=None)
def test_placements_are_legal_and_alike_on_both_paths(profile: str, workload: Workload) -> None:
    outcome = run(workload, profile)
    assert verify(workload, outcome.placement) == []
    free = outcome.cluster.device_free
    assert free.max(initial=0) <= 1000
    assert (free >= 0)[free != -1].all()
    taken = np.where(free < 0, 0, 1000 - free).sum()
    assert taken == workload.pods.column(GPU_MILLI)[outcome.placed].sum()
    slow = run(workload, profile, path="reference")
    assert (slow.placement.node == outcome.placement.node).all()
    assert (slow.placement.devices == outcome.placement.devices).all()


@given(workload=workloads())
@settings(max_examples=100, deadline=None)
def test_scores_from_tables_are_the_simulators(workload: Workload) -> None:
    cluster = run(workload, "fgd-random").cluster
    view = cluster.view()
    states, typical = States.of(view), TypicalPods.of(view)
    tables = GradientTables.of(view, typical)
    for number, spec in enumerate(cluster.specs):
        pod = cluster.pod(number)
        room = (states.cpu >= spec.request("cpu")) & _hosts(spec, states)
        quick = PodGradient(tables, pod)
        fast, slow = quick.scores(view), gradient.scores(typical, pod, states)
        assert (fast == slow)[room].all()
        if spec.gpu is not None and is_share(spec.gpu):
            by_device = gradient.scores_by_device(typical, pod, states)
            assert (quick.scores_by_device(view) == by_device)[room].all()


def _hosts(spec: PodSpec, states: States) -> np.ndarray:
    gpu = spec.gpu or GpuRequest(0, 0)
    fits: np.ndarray = (states.free >= max(gpu.milli, 1)).sum(axis=1) >= gpu.count
    return fits


@given(total=st.integers(1, 20_000), share=st.floats(-1, 1))
@settings(max_examples=500, deadline=None)
def test_score_starts_are_where_the_sigmoid_steps(total: int, share: float) -> None:
    gain = int(share * total * 30_000)  # up to 30 devices: far beyond, exp(-ΔF) is lost in 1
    table = int(score_starts(total).searchsorted(gain, "right"))
    assert table == int(sigmoid_score(np.array(gain / total)))


@given(workload=workloads(), profile=st.sampled_from(PROFILES))
@settings(max_examples=60, deadline=None)
def test_fragmentation_by_changes_is_fragmentation_anew(workload: Workload, profile: str) -> None:
    outcome = run(workload, profile)
    events = arrivals(outcome)
    cluster = outcome.cluster
    idle = np.maximum(cluster.device_free, 0).sum()
    assert events.used[-1] == events.capacity - idle
    assert events.failed[-1] == (~outcome.placed).sum()
    ratio = fgd(cluster, typical_pods(workload.pods))
    assert events.fragmented[-1] == pytest.approx(0.0 if idle == 0 else ratio * idle, abs=1e-6)


@given(workload=workloads(), profile=st.sampled_from(PROFILES))
@settings(max_examples=40, deadline=None)
def test_nobody_allocates_more_than_the_bound(workload: Workload, profile: str) -> None:
    outcome = run(workload, profile)
    losses = gpu_losses(outcome)
    assert (losses["lost_to_policy"] >= 0).all()
    assert (losses["usable_by_nobody"] >= 0).all()
    whole = losses[["allocated_gpus", "lost_to_policy", "usable_by_nobody"]].sum(axis=1)
    devices = sum(n.gpus.count for n in workload.nodes if n.gpus)
    assert whole.to_numpy() == pytest.approx(devices)


@given(workload=workloads())
@settings(max_examples=60, deadline=None)
def test_two_definitions_of_fragmentation_agree(workload: Workload) -> None:
    cluster = run(workload, "fgd-random").cluster
    view = cluster.view()
    states = States.of(view)
    by_class = fragments(TypicalPods.of(view), states.cpu, states.free, states.model)
    kinds = typical_kinds(workload.pods)
    values = [*cluster.labels.gpu_model.values, None]
    access = np.array(
        [[not k.gpu.models or v in k.gpu.models for v in values] for k in kinds], np.bool_
    )
    direct = fragmentation(kinds, states.cpu, states.free, access[:, states.model])
    assert by_class == pytest.approx(direct, abs=1e-6)

"""What a placement lacks of its bound, told node by node."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec
from schedlab_algorithms.large_neighbourhood.losses import Losses
from schedlab_algorithms.packing.certificate import Certificate, certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent


def priced(nodes: list[Node], batch: PodBatch, where: list[int]) -> tuple[Incumbent, Certificate]:
    cluster = Cluster(nodes, batch.specs)
    problem = engine.packing_problem(engine.profile("kubernetes"), cluster, batch)
    placement = Placement.empty(len(batch))
    placement.node[:] = where
    return Incumbent.of(problem, batch, placement), certify(problem, Effort.of(Budget()))


def test_room_that_waiting_pods_could_fill_is_lost() -> None:
    spec = PodSpec(requests=(("cpu", 5),))
    nodes = [Node(n, {"cpu": 10, "pods": 10}) for n in ("full", "half", "empty")]
    batch = PodBatch.of((f"default/p{i}", spec) for i in range(9))
    found, certificate = priced(nodes, batch, [0, 0, 1] + [-1] * 6)
    lost = Losses.of(found.problem, certificate).on(found.counts)
    np.testing.assert_allclose(lost, [0, 1, 2], atol=1e-4)


def test_a_large_pod_loses_what_smaller_ones_would_bring_in_its_place() -> None:
    small, large = (PodSpec(requests=(("cpu", c),)) for c in (5, 10))
    nodes = [Node(n, {"cpu": 10, "pods": 10}) for n in ("a", "b")]
    batch = PodBatch.of([("default/l", large), *((f"default/s{i}", small) for i in range(6))])
    found, certificate = priced(nodes, batch, [0, 1, 1, -1, -1, -1, -1])
    lost = Losses.of(found.problem, certificate).on(found.counts)
    np.testing.assert_allclose(lost, [1, 0], atol=1e-4)


def test_a_share_that_wastes_a_device_loses_what_the_device_is_worth() -> None:
    share, whole = PodSpec(gpu=GpuRequest(1, 300)), PodSpec(gpu=GpuRequest(1, 1000))
    nodes = [Node(n, {"pods": 10}, gpus=GpuDevices(1)) for n in ("a", "b")]
    batch = PodBatch.of([("default/s", share), ("default/w", whole), ("default/v", whole)])
    found, certificate = priced(nodes, batch, [-1, -1, -1])
    found.change((0, 0, 1), 1)
    found.change((1, 1, 1), 1)
    lost = Losses.of(found.problem, certificate).on(found.counts)
    # The bound is 2.7 pods: three wait for two devices, and one asks for 0.3 of a device.
    assert lost[1] == 0
    assert 0 < lost[0] <= certificate.fluid.limit - 2 + 1e-6


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2)), min_size=1),
    st.lists(st.tuples(st.integers(3, 12), st.integers(3, 12)), min_size=1, max_size=4),
    st.integers(0, 1 << 30),
)
@settings(max_examples=60, deadline=None)
def test_no_more_is_lost_than_what_the_bound_is_above_the_value(
    pods: list[tuple[int, int, int]], room: list[tuple[int, int]], seed: int
) -> None:
    specs = [PodSpec(requests=(("cpu", c), ("memory", m)), priority=p) for c, m, p in pods]
    batch = PodBatch.of((f"default/p{i}", s) for i, s in enumerate(specs))
    nodes = [Node(f"n{i}", {"cpu": c, "memory": m, "pods": 9}) for i, (c, m) in enumerate(room)]
    found, certificate = priced(nodes, batch, [-1] * len(batch))
    generator = np.random.default_rng(seed)
    for signature in batch.signature.tolist():
        node = int(generator.integers(len(nodes)))
        if (found.free[node] >= found.problem.requests[signature]).all() and found.slots[node]:
            found.change((signature, node, 0), 1)
    lost = Losses.of(found.problem, certificate).on(found.counts)
    value = certificate.weights @ found.placed()
    assert (lost >= 0).all()
    assert lost.sum() <= certificate.fluid.limit - value + 1e-4 * (1 + certificate.fluid.limit)

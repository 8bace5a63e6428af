"""NodePorts and ImageLocality against slow transcriptions of their rules."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster
from schedlab.model.objects import HostPort, Node, PodSpec
from schedlab_algorithms.kubernetes.image_locality import ImageLocality
from schedlab_algorithms.kubernetes.node_ports import NodePorts

from .clusters import ports

MIB = 1024 * 1024
port_sets = st.lists(ports, max_size=2).map(tuple)
some_ports = st.lists(ports, min_size=1, max_size=2).map(tuple)


@settings(max_examples=200, deadline=None)
@given(
    held=st.lists(st.tuples(port_sets, st.integers(0, 2)), max_size=5),
    wanted=some_ports,
    gone=st.integers(0, 3),
)
def test_ports_are_free_where_no_pod_holds_one_of_them(
    held: list[tuple[tuple[HostPort, ...], int]], wanted: tuple[HostPort, ...], gone: int
) -> None:
    cluster, plugin = Cluster([Node(f"n{i}", {}) for i in range(3)]), NodePorts()
    pod = cluster.pod(cluster.signature(PodSpec(host_ports=wanted)))
    for own, row in held:
        cluster.place(cluster.signature(PodSpec(host_ports=own)), row)
    plugin.filter(pod, cluster.view())
    for own, row in held[:gone]:
        cluster.remove(cluster.signature(PodSpec(host_ports=own)), row)
    taken = [{p for own, there in held[gone:] if there == row for p in own} for row in range(3)]
    expected = [not any(_conflict(w, h) for w in wanted for h in there) for there in taken]
    assert plugin.filter(pod, cluster.view()).tolist() == expected
    assert not plugin.skips_filter(pod)


def _conflict(one: HostPort, other: HostPort) -> bool:
    ips = {one.host_ip, other.host_ip}
    same = (one.port, one.protocol) == (other.port, other.protocol)
    return same and (len(ips) == 1 or "0.0.0.0" in ips)


sizes = st.dictionaries(
    st.sampled_from(["a:1", "b:1", "c:1"]), st.integers(0, 2600 * MIB), max_size=3
)


@settings(max_examples=200, deadline=None)
@given(
    held=st.lists(sizes, min_size=1, max_size=6),
    wanted=st.lists(st.sampled_from(["a:1", "b:1", "c:1", "d:1"]), max_size=4),
)
def test_images_count_with_the_first_size_and_the_share_of_nodes(
    held: list[dict[str, int]], wanted: list[str]
) -> None:
    cluster = Cluster([Node(f"n{i}", {}, images=own) for i, own in enumerate(held)])
    pod = cluster.pod(cluster.signature(PodSpec(images=tuple(wanted))))
    scores = ImageLocality().score(pod, cluster.view())
    assert scores.tolist() == [_score(own, wanted, held) for own in held]
    some = cluster.view(np.array([len(held) - 1]))
    assert ImageLocality().score(pod, some).tolist() == [scores[-1]]


def _score(own: dict[str, int], wanted: list[str], held: list[dict[str, int]]) -> int:
    total = 0
    for image in wanted:
        holders = [node for node in held if image in node]
        if image in own:
            total += int(float(holders[0][image]) * (len(holders) / len(held)))
    low, high = 23 * MIB, max(1000 * MIB * len(wanted), 23 * MIB + 1)
    return 100 * (min(max(total, low), high) - low) // (high - low)

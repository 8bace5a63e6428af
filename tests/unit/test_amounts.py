"""Amounts that are no whole numbers are refused where a workload is made, not cut off."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from schedlab.api import Node, PodBatch, PodSpec, Workload
from schedlab.core.cluster import Cluster
from schedlab.errors import InputError


def workload(cpu: Any, offered: Any = 4000) -> Workload:
    """Return two pods on one node; the second asks for ``cpu``."""
    pods = [(f"default/{n}", PodSpec(requests=(("cpu", c),))) for n, c in (("a", 1), ("b", cpu))]
    return Workload("test", (Node("n", {"cpu": offered, "pods": 110}),), PodBatch.of(pods))


@pytest.mark.parametrize("amount", [math.nan, 1.5, 1000.0, -1, "1", None, 2**53 + 1, 2**63])
def test_a_request_that_is_no_whole_number_is_refused_by_pod_and_resource(amount: Any) -> None:
    with pytest.raises(InputError, match=r"pod default/b: requests\.cpu is .*a whole number"):
        workload(amount)


@pytest.mark.parametrize("amount", [math.nan, 0.5, -4000, 2**53 + 1, 2**63])
def test_so_is_what_a_node_offers(amount: Any) -> None:
    with pytest.raises(InputError, match=r"node n: allocatable\.cpu is .*milli-cores"):
        workload(1, offered=amount)


@pytest.mark.parametrize("amount", [0, 1500, np.int64(1500), 2**53])
def test_whole_numbers_of_any_kind_are_taken(amount: Any) -> None:
    assert workload(amount).pods.specs[1].request("cpu") == amount


def test_the_message_states_the_bound() -> None:
    with pytest.raises(InputError, match=r"expected a whole number, 0 to 9007199254740992 \(cpu"):
        workload(2**63)


def test_the_largest_amounts_are_added_up_and_scored_without_overflow() -> None:
    nodes = tuple(Node(f"n{i}", {"cpu": 2**53, "pods": 110}) for i in range(1000))
    pods = PodBatch.of([("default/a", PodSpec(requests=(("cpu", 2**53),)))])
    cluster = Cluster(Workload("test", nodes, pods).nodes, pods.specs)
    column = cluster.allocatable[:, cluster.resource("cpu")]
    assert int(column.sum()) == 1000 * 2**53
    assert (100 * column // 2**53).tolist() == [100] * 1000


@pytest.mark.parametrize(
    "spec", [PodSpec(nonzero=(100, 2**63)), PodSpec(nonzero_placed=(100, 2**63))]
)
def test_what_scoring_assumes_is_bounded_too(spec: PodSpec) -> None:
    pods = PodBatch.of([("default/a", spec)])
    with pytest.raises(InputError, match=r"pod default/a: .*memory is 9223372036854775808"):
        Workload("test", (), pods)


def test_so_are_pods_of_the_past() -> None:
    past = PodBatch.of([("default/a", PodSpec(requests=(("cpu", 2**63),)))])
    with pytest.raises(InputError, match=r"pod default/a: requests\.cpu"):
        Workload("test", (), PodBatch.of([]), history=past)

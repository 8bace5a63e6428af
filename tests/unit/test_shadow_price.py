"""ShadowPrice: prices of shares against linear programs over all patterns, worth by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from schedlab.api import Cluster, GpuRequest, Node, PodBatch, PodSpec, Workload
from schedlab.model.objects import GpuDevices
from schedlab_algorithms.shadow_price import ShadowPrice
from schedlab_algorithms.shadow_price.cutting_stock import fill_worth, share_prices
from schedlab_algorithms.shadow_price.worth import UNIT, Worth


def all_patterns(sizes: list[int], capacity: int) -> np.ndarray:
    """Return every way to fill a device, by trying all counts."""
    counts = np.array(list(product(*(range(capacity // s + 1) for s in sizes))))
    return counts[counts @ sizes <= capacity]


@given(
    demand=st.dictionaries(st.integers(2, 12), st.integers(1, 50), min_size=1, max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_prices_are_the_dual_over_all_patterns(demand: dict[int, int]) -> None:
    sizes, wanted = list(demand), np.array(list(demand.values()), np.float64)
    prices = share_prices(np.array(sizes), wanted, 12)
    patterns = all_patterns(sizes, 12)
    assert (prices >= 0).all()
    assert (patterns @ prices <= 1 + 1e-5).all(), "a device is worth more than a device"
    fewest = linprog(np.ones(len(patterns)), A_ub=-patterns.T, b_ub=-wanted, method="highs").fun
    assert wanted @ prices == pytest.approx(fewest)
    worth, _ = fill_worth(np.array(sizes), prices, 12)
    for room in range(13):
        fitting = patterns[patterns @ sizes <= room]
        assert worth[room] == pytest.approx((fitting @ prices).max())


def test_prices_of_a_demand_one_can_work_out() -> None:
    """Large shares leave room for more small ones than there are: these are free."""
    prices = share_prices(np.array([81, 16]), np.array([100.0, 10.0]), 100)
    assert prices.tolist() == [1.0, 0.0]
    # Two fit on a device, and nothing else arrives.
    assert share_prices(np.array([47]), np.array([7.0]), 100).tolist() == [0.5]


def pod(cores: int, gpu: GpuRequest | None) -> PodSpec:
    return PodSpec(requests=(("cpu", 1000 * cores),), gpu=gpu)


@pytest.fixture
def cluster() -> Cluster:
    """Return nodes of two devices, two with much cpu and one with little; half-device pods."""
    half = pod(4, GpuRequest(1, 500))
    nodes = tuple(
        Node(f"n{i}", {"cpu": 1000 * c, "memory": 1 << 40, "pods": 99}, gpus=GpuDevices(2, "A"))
        for i, c in enumerate((32, 8, 32))
    )
    specs = [half] * 10 + [pod(6, None)]
    return Cluster.of(
        Workload("hand", nodes, PodBatch.of((f"p{i}", s) for i, s in enumerate(specs)))
    )


def test_worth_counts_devices_as_far_as_cpu_suffices(cluster: Cluster) -> None:
    """Half a device costs ½ and 4 cores, so a device's worth of pods needs 8 cores."""
    worth = Worth.of(cluster.view())
    assert worth.cpu_needs == (8000, 8000)
    assert worth.device[[1000, 999, 500, 499, 0, -1]].tolist() == [
        UNIT,
        UNIT // 2,
        UNIT // 2,
        0,
        0,
        0,
    ]
    devices, cpu = np.array([2, 2, 1, 0]) * UNIT, np.array([32000, 8000, 32000, 32000])
    twice = 2 * 8000 * UNIT  # the constant factor of two equal needs
    assert (worth(devices, cpu) // twice).tolist() == [16000, 8000, 8000, 0]


def test_cpu_goes_where_no_device_needs_it(cluster: Cluster) -> None:
    plain = cluster.pod(cluster.signature(pod(6, None)))
    scores = ShadowPrice().score(plain, cluster.view())
    assert scores[0] == 0, "32 cores are 16 more than two devices need"
    assert scores[1] < 0


def test_a_share_takes_the_room_that_is_worth_the_least(cluster: Cluster) -> None:
    half = cluster.signature(pod(4, GpuRequest(1, 500)))
    cluster.place(cluster.signature(pod(1, GpuRequest(1, 300))), 0, 0b01)
    # Device 0 has 700 left, worth one half like 500; a whole one is worth two.
    small = cluster.pod(cluster.signature(pod(1, GpuRequest(1, 100))))
    assert ShadowPrice().choose(small, cluster.view()).tolist()[0] == 0b01
    assert ShadowPrice().choose(cluster.pod(half), cluster.view()).tolist()[0] == 0b01

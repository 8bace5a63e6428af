"""What placements are judged by: names, numbers worked out by hand, sums over nodes."""

from __future__ import annotations

import numpy as np
import pytest

from schedlab import engine
from schedlab.api import Cluster, Placement
from schedlab.errors import InputError
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.large_neighbourhood import LargeNeighbourhood
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.objectives import MEASURES, checked

ALL = tuple(MEASURES)
NODES = [
    Node("a", {"cpu": 10, "memory": 40, "pods": 9}),
    Node("b", {"cpu": 20, "memory": 40, "pods": 9}),
    Node("c", {"cpu": 10, "memory": 20, "pods": 9}, gpus=GpuDevices(2)),
]
SMALL = PodSpec(requests=(("cpu", 4), ("memory", 10)))
URGENT = PodSpec(requests=(("cpu", 5), ("memory", 20)), priority=7)
SHARE = PodSpec(requests=(("cpu", 1),), gpu=GpuRequest(1, 500))
PODS = [SMALL, SMALL, URGENT, SHARE, URGENT]


def incumbent(where: list[int]) -> Incumbent:
    """Return the placement that puts each of PODS on the row that ``where`` says (-1: none)."""
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(PODS))
    problem = engine.packing_problem(
        engine.profile("kubernetes"), Cluster(NODES, batch.specs), batch
    )
    placement = Placement.empty(len(batch))
    placement.node[:] = where
    placement.devices[:] = [
        int(w >= 0 and s.gpu is not None) for w, s in zip(where, PODS, strict=True)
    ]
    return Incumbent.of(problem, batch, placement, ALL)


def by_name(found: Incumbent) -> dict[str, tuple[int, ...]]:
    return {name: MEASURES[name](found, slice(None)) for name in ALL}


def test_numbers_worked_out_by_hand() -> None:
    numbers = by_name(incumbent([0, 0, 1, 2, -1]))
    assert numbers["placed-by-priority"] == (1, 3)
    assert numbers["placed"] == (4,)
    assert numbers["value"] == (2 * 1 + 1 * 3,)
    assert numbers["nodes-used"] == (-3,)
    # Left of the largest of each (cpu 20, memory 40, gpu 2000 thousandths), in 1/10,000:
    # a: cpu 1000, memory 5000; b: cpu 7500, memory 5000; c: cpu 4500, memory 5000, gpu 7500
    assert numbers["fragmentation"] == (-(1000 + 5000 + 7500 + 5000 + 4500 + 5000 + 7500),)
    # Used: a cpu 80 %, memory 50 %; b cpu 25 %, memory 50 %; c cpu 10 %, memory 0, gpu 25 %
    assert numbers["balance"] == (-(3000 + 2500 + 2500),)
    assert numbers["moves"] == (0,)


def test_an_empty_cluster_strands_nothing() -> None:
    numbers = by_name(incumbent([-1] * 5))
    assert numbers["fragmentation"] == numbers["balance"] == numbers["nodes-used"] == (0,)


def test_moves_are_the_pods_that_left_their_nodes() -> None:
    found = incumbent([0, 1, 1, 2, -1])
    found.home = np.zeros_like(found.counts)
    found.home[0, 0], found.home[1, 2] = 2, 1
    assert MEASURES["moves"](found, slice(None)) == (-2,)


def test_every_objective_is_a_sum_over_nodes() -> None:
    found = incumbent([0, 2, 1, 2, -1])
    found.home = np.ones_like(found.counts)
    parts = [found.value_on(np.array(nodes)) for nodes in ([0, 2], [1])]
    assert tuple(sum(column) for column in zip(*parts, strict=True)) == found.value


@pytest.mark.parametrize("scheduler", [CpSatPacking, LargeNeighbourhood])
@pytest.mark.parametrize(
    ("objectives", "complaint"),
    [
        (("placed", "fragmentaton"), "did you mean 'fragmentation'"),
        (("nodes-used", "placed"), "expected one of placed-by-priority, placed, value first"),
        ((), "got none"),
        (("placed", "placed"), "expected each once"),
    ],
)
def test_senseless_objectives_are_refused(
    scheduler: type[CpSatPacking], objectives: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        scheduler(objectives=objectives)


def test_any_sensible_list_is_taken() -> None:
    assert checked(["value", "moves", "balance"]) == ("value", "moves", "balance")

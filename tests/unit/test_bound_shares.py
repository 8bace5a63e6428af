"""What shares of GPU devices are worth: never more than the room that they fit into."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab import engine
from schedlab.api import Cluster
from schedlab.bound.shares import PARTS, share_worths
from schedlab.engine import PackingProblem
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec


def problem_of(shares: list[tuple[int, int]], devices: int) -> PackingProblem:
    """Return a problem of pods that want (count, thousandths), on one node."""
    specs = [PodSpec(gpu=GpuRequest(count, milli)) for count, milli in shares]
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(specs))
    nodes = [Node("a", {"pods": 99}, gpus=GpuDevices(devices))]
    return engine.packing_problem(engine.profile("kubernetes"), Cluster(nodes, batch.specs), batch)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 1000)), min_size=1, max_size=40),
    st.lists(st.integers(0, 39), max_size=12),
)
@settings(max_examples=40, deadline=None)
def test_what_fits_is_worth_no_more_than_its_room(
    shares: list[tuple[int, int]], chosen: list[int]
) -> None:
    problem = problem_of(shares, 3)
    worth, by_room = share_worths(problem)
    assert by_room[1000] <= PARTS + 1
    taken = [c % len(problem.supply) for c in chosen]
    total = int(problem.gpu_milli[taken].sum()) if taken else 0
    if total <= 1000:
        assert worth[taken].sum() <= by_room[total]


def test_they_see_that_three_shares_of_a_kind_never_share_a_device() -> None:
    # 340 to 360 thousandths: two to a device, whichever; by their sum 11 would fit on four.
    problem = problem_of([(1, 340), (1, 350), (1, 360)] * 4, 4)
    bound = engine.fluid_bound(engine.relax(problem), np.ones(len(problem.supply)))
    assert np.floor(bound.limit) == 8

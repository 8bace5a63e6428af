"""The ATC 2023 workload source: sequences, names, ranks, tuning, and how bad input is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import GpuRequest, Node, PodSpec
from schedlab.errors import InputError
from schedlab.model.objects import GPU_MILLI, GpuDevices
from schedlab.registry import installed
from schedlab_workloads.fgd import FgdAtc23
from schedlab_workloads.fgd_tuning import tune

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn2,64000,2048,2,T4\nn0,32000,1024,1,P100\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\np1,500,64,0,0,\np0,1000,128,1,470,T4\n"
)


def write(folder: Path, order: str = "1 0 0 1 0", rank: str = "1 0") -> FgdAtc23:
    (folder / "openb_node_list_gpu_node.csv").write_text(NODES)
    (folder / "openb_pod_list_default.csv").write_text(PODS)
    for name, column, cells in (
        ("pod_order", "order", order),
        ("node_rank", "rank_of_node_in_name_order", rank),
    ):
        table = f"workload,seed,{column}\ndefault,42,{cells}\nother,7,0\n"
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(table.encode()))
    return FgdAtc23(folder=folder, orders=folder)


def test_pods_arrive_by_the_order_of_their_names(tmp_path: Path) -> None:
    """Positions are in the name-sorted list, whatever the file's order; copies get a number."""
    workload = write(tmp_path).build(42)
    arrived = ["default/p1", "default/p0", "default/p0-1", "default/p1-1", "default/p0-2"]
    assert list(workload.pods.names) == arrived
    assert [s.request("cpu") for _, s in workload.pods] == [500, 1000, 1000, 500, 1000]
    assert len(workload.history) == 2
    assert workload.expected is workload.history


def test_nodes_stand_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    """n0 has rank 1, n2 rank 0: n2 wins ties."""
    assert [n.name for n in write(tmp_path).build(42).nodes] == ["n2", "n0"]


def test_a_seed_without_a_sequence_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no seed 41 for 'default'; it has 42.*tuned"):
        write(tmp_path).build(41)


def test_a_workload_without_a_sequence_is_told(tmp_path: Path) -> None:
    source = write(tmp_path)
    (tmp_path / "openb_pod_list_mine.csv").write_text(PODS)
    with pytest.raises(InputError, match="no workload 'mine'; it has default, other"):
        FgdAtc23(pods="mine", folder=tmp_path, orders=source.orders).build(42)


@pytest.mark.parametrize(
    ("order", "rank", "message"),
    [
        ("0 2", "1 0", "an order names pod 2 of 2"),
        ("0 -1", "1 0", "belong to another trace"),
        ("0 x", "1 0", r"pod_order\.csv\.gz: expected whole numbers"),
        ("0 1", "0 1 2", "2 nodes with GPUs, but ranks for 3"),
        ("0 1", "0 0", "not a permutation"),
    ],
)
def test_sequences_of_another_trace_are_refused(
    tmp_path: Path, order: str, rank: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write(tmp_path, order, rank).build(42)


def test_missing_orders_say_what_to_do(tmp_path: Path) -> None:
    source = write(tmp_path)
    (tmp_path / "node_rank.csv.gz").unlink()
    with pytest.raises(InputError, match=r"no node_rank\.csv\.gz in .*SCHEDLAB_FGD"):
        source.build(42)
    tuned = FgdAtc23(folder=tmp_path, arrivals="tuned")
    assert len(tuned.input_files()) == 2
    assert len(tuned.build(3).nodes) == 2


def test_the_published_arrivals_have_one_ratio() -> None:
    with pytest.raises(InputError, match=r"ratio 1\.3"):
        installed().make_workload("FgdAtc23", {"ratio": 1.1})
    with pytest.raises(InputError, match="above 0"):
        installed().make_workload("FgdAtc23", {"ratio": 0, "arrivals": "tuned"})


shares = st.builds(GpuRequest, st.just(1), st.integers(1, 1000))
pods = st.lists(
    st.builds(PodSpec, gpu=st.one_of(st.none(), shares, st.just(GpuRequest(4)))), max_size=30
)


@given(pods=pods, ratio=st.floats(0.1, 3.0), seed=st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_tuning_meets_the_ratio(pods: list[PodSpec], ratio: float, seed: int) -> None:
    nodes = [Node(f"n{i}", {}, gpus=GpuDevices(4, "A")) for i in range(3)]
    order, rank = tune(nodes, pods, ratio, seed)
    again = tune(nodes, pods, ratio, seed)
    assert (order == again[0]).all()
    assert (rank == again[1]).all()
    assert sorted(rank.tolist()) == [0, 1, 2]
    milli = np.array([p.request(GPU_MILLI) for p in pods], np.int64)
    target = ratio * 12_000
    if milli.sum() > target:
        assert len(np.unique(order)) == len(order)
        assert milli[order].sum() <= target
    else:
        assert sorted(order[: len(pods)].tolist()) == list(range(len(pods)))
        # A pod of four devices may pass the target by three.
        assert milli[order].sum() <= target + 3000
        if milli.any():
            assert milli[order].sum() > target - 1000


@pytest.mark.parametrize("pods", ["default", "multigpu50"])
def test_published_arrivals_ask_for_their_ratio(shared: Path, pods: str) -> None:
    trace, orders = shared / "traces" / "openb", shared / "reference" / "fgd"
    workload = FgdAtc23(pods=pods, folder=trace, orders=orders).build(42)
    demand = workload.pods.column(GPU_MILLI).sum() / 6_212_000
    assert demand == pytest.approx(1.3, abs=0.001)
    assert len(set(workload.pods.names)) == len(workload.pods)

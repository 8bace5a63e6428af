"""The openb trace: what is read of it, and how bad input is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schedlab.core.cluster import Cluster
from schedlab.errors import InputError
from schedlab.model.objects import GPU_MILLI, GpuRequest
from schedlab_workloads.openb import Openb

NODES = "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,1024,0,\nn1,64000,2048,2,T4\n"
PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n"
    "p1,500,64,0,0,,LS\n"
    "p0,1000,128,1,470,T4|P100|T4,BE\n"
    "p2,1000,128,2,1000,,BE\n"
)


def write(folder: Path, nodes: str = NODES, pods: str = PODS) -> Openb:
    (folder / "openb_node_list_all_node.csv").write_text(nodes)
    (folder / "openb_pod_list_default.csv").write_text(pods)
    return Openb(folder=folder)


def test_rows_become_nodes_and_pods_in_file_order(tmp_path: Path) -> None:
    workload = write(tmp_path).build(0)
    plain, shared = workload.nodes
    assert plain.gpus is None
    assert (shared.gpus.count, shared.gpus.model) == (2, "T4")  # type: ignore[union-attr]
    assert shared.allocatable["cpu"] == 64000
    assert shared.allocatable["memory"] == 2048 * 2**20
    assert list(workload.pods.names) == ["default/p1", "default/p0", "default/p2"]
    specs = [spec for _, spec in workload.pods]
    assert [s.gpu for s in specs] == [
        None,
        GpuRequest(1, 470, ("T4", "P100", "T4")),
        GpuRequest(2, 1000),
    ]
    assert dict(specs[1].requests) == {"cpu": 1000, "memory": 128 * 2**20, GPU_MILLI: 470}


def test_a_list_without_gpu_spec_is_read(tmp_path: Path) -> None:
    pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np0,1000,128,1,470\n"
    (spec,) = write(tmp_path, pods=pods).build(0).pods.specs
    assert spec.gpu == GpuRequest(1, 470)


BAD_PODS = {
    "p0,ten,1,0,0,,": ":2: column 'cpu_milli': expected a whole number, .* got 'ten'",
    "p0,1,-1,0,0,,": ":2: column 'memory_mib': .* got '-1'",
    "p0,1,1.5,0,0,,": ":2: column 'memory_mib': .* got '1.5'",
    "p0,1,,0,0,,": ":2: column 'memory_mib': .* got ''",
    "p0," + "9" * 30 + ",1,0,0,,": ":2: column 'cpu_milli'",
    "p0,1,1,1,1001,,": ":2: column 'gpu_milli': expected a whole number, 1 to 1000, got '1001'",
    "p0,1,1,1,0,,": ":2: column 'gpu_milli': .* got '0'",
    "p0,1,1,0,500,,": ":2: column 'gpu_milli': expected a whole number, 0, got '500'",
    "p0,1,1,64,1000,,": ":2: column 'num_gpu'",
    "p0,1,1": ":2: expected 7 cells as in the header, got 3",
    ",1,1,0,0,,": ":2: column 'name': expected some text",
    "p0,1,1,0,0,,\np0,1,1,0,0,,": r":3: column 'name': .*line 2 has it too.*'p0'",
}


@pytest.mark.parametrize("row", BAD_PODS)
def test_a_bad_row_is_named_by_file_line_and_column(tmp_path: Path, row: str) -> None:
    header = PODS.splitlines()[0]
    with pytest.raises(InputError, match=r"openb_pod_list_default\.csv" + BAD_PODS[row]):
        write(tmp_path, pods=f"{header}\n{row}\n").build(0)


@pytest.mark.parametrize("nodes", ["", "sn,cpu_milli,memory_mib,model\n"])
def test_a_missing_column_is_named(tmp_path: Path, nodes: str) -> None:
    with pytest.raises(InputError, match=r"all_node\.csv:1: expected the columns.*missing:.*gpu"):
        write(tmp_path, nodes=nodes).build(0)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path)
    (tmp_path / "openb_node_list_all_node.csv").write_bytes(b"sn\xff\xfe")
    with pytest.raises(InputError, match=r"all_node\.csv: cannot read"):
        source.build(0)


def test_a_missing_folder_says_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDLAB_OPENB", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"nowhere; download .*alibaba/clusterdata"):
        Openb().build(0)


def test_the_folder_comes_from_argument_variable_or_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = tmp_path / "shared" / "traces" / "openb"
    named = tmp_path / "named"
    for folder in (neighbour, named, tmp_path / "project"):
        folder.mkdir(parents=True)
    write(neighbour)
    write(named, nodes=NODES + "n2,1,1,0,\n")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.delenv("SCHEDLAB_OPENB", raising=False)
    assert len(Openb().build(0).nodes) == 2
    monkeypatch.setenv("SCHEDLAB_OPENB", str(named))
    assert len(Openb().build(0).nodes) == 3
    assert len(Openb(folder=neighbour).build(0).nodes) == 2


def test_an_unknown_list_gets_the_nearest_one(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(InputError, match=r"unknown pod list 'defualt'; did you mean 'default'"):
        Openb(folder=tmp_path, pods="defualt").build(0)


@pytest.fixture(scope="session")
def trace(shared: Path) -> Path:
    return shared / "traces" / "openb"


def test_totals_are_the_published_ones(trace: Path) -> None:
    """1,523 nodes, 6,212 GPUs, 8,152 pods: the trace's own description."""
    workload = Openb(folder=trace).build(0)
    assert len(workload.nodes) == 1523
    assert sum(n.gpus.count for n in workload.nodes if n.gpus) == 6212
    assert len(workload.pods) == len(set(workload.pods.names)) == 8152


def test_gpu_nodes_are_the_papers_cluster(trace: Path) -> None:
    """1,213 nodes with 6,212 GPUs and 107,018 cores: the cluster of the ATC 2023 paper."""
    cluster = Cluster.of(Openb(folder=trace, nodes="gpu_node").build(0))
    assert len(cluster) == 1213
    assert int(cluster.allocatable[:, cluster.resource("cpu")].sum()) == 107_018_000
    assert int((cluster.device_free == 1000).sum()) == 6212


def test_columns_agree_with_another_reader(trace: Path) -> None:
    pods = Openb(folder=trace).build(0).pods
    table = np.genfromtxt(
        trace / "openb_pod_list_default.csv", delimiter=",", skip_header=1, usecols=(1, 2, 3, 4)
    ).astype(np.int64)
    assert (pods.column("cpu") == table[:, 0]).all()
    assert (pods.column("memory") == table[:, 1] * 2**20).all()
    assert (pods.column(GPU_MILLI) == table[:, 2] * table[:, 3]).all()


@pytest.mark.slow
def test_every_list_of_the_trace_is_read(trace: Path) -> None:
    lists = sorted(trace.glob("openb_pod_list_*.csv"))
    assert lists
    for path in lists:
        name = path.stem.removeprefix("openb_pod_list_")
        rows = len(path.read_text().splitlines()) - 1
        assert len(Openb(folder=trace, pods=name).build(0).pods) == rows

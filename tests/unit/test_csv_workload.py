"""Tables of nodes and pods become the workload that they say, and faults are told by their cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from schedlab.api import GpuRequest, PodSpec
from schedlab.config.overrides import choose_workloads
from schedlab.config.suite import load_suite
from schedlab.errors import InputError
from schedlab.registry import Registry
from schedlab.testing import check
from schedlab_workloads.csv_columns import NODE_TABLE, POD_TABLE
from schedlab_workloads.csv_workload import Csv

GIB = 2**30

NODES = """\
name,count,cpu,memory,gpus,gpu_model,label:disk,resource:example.com/nic
small,2,4,8Gi,,,hdd,
gpu,,64,512Gi,8,A100,ssd,2
"""

PODS = """\
name,count,namespace,cpu,memory,priority,node,gpus,gpu_milli,selector:disk
web,3,shop,500m,1Gi,1000,,,,hdd
train,,,4,34359738368,,,1,500,
agent,,,0.25,128Mi,,small-1,,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written = tmp_path / "mine"
    written.mkdir()
    (written / "nodes.csv").write_text(NODES)
    (written / "pods.csv").write_text(PODS)
    return written


def test_nodes_are_what_their_table_says(folder: Path) -> None:
    workload = Csv(folder=folder).build(0)
    assert workload.name == "mine"
    assert [n.name for n in workload.nodes] == ["small-0", "small-1", "gpu"]
    small, _, gpu = workload.nodes
    assert small.allocatable == {"cpu": 4000, "memory": 8 * GIB, "pods": 110}
    assert small.labels == {"kubernetes.io/hostname": "small-0", "disk": "hdd"}
    assert gpu.allocatable["example.com/nic"] == 2
    assert gpu.gpus is not None
    assert (gpu.gpus.count, gpu.gpus.model) == (8, "A100")


def test_pods_wait_unless_they_name_a_node(folder: Path) -> None:
    workload = Csv(folder=folder).build(0)
    assert list(workload.pods.names) == ["shop/web-0", "shop/web-1", "shop/web-2", "default/train"]
    web, train = workload.pods.specs
    assert web == PodSpec(
        namespace="shop",
        requests=(("cpu", 500), ("memory", GIB)),
        priority=1000,
        node_selector=(("disk", "hdd"),),
    )
    assert train == PodSpec(requests=(("cpu", 4000), ("memory", 32 * GIB)), gpu=GpuRequest(1, 500))
    assert list(workload.bound.names) == ["default/agent"]
    assert workload.bound_node.tolist() == [1]


def test_the_source_keeps_its_contract(folder: Path) -> None:
    assert [finding.check for finding in check(Csv(folder=folder)) if finding.bad] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("pods.csv", "500m", "nan", r"pods\.csv:2: column 'cpu': 'nan' is not a quantity"),
        ("pods.csv", "500m", "", r"pods\.csv:2: column 'cpu': expected some text, got ''"),
        ("pods.csv", "500m", "-1", r"pods\.csv:2: column 'cpu': '-1' is negative"),
        ("pods.csv", "small-1", "small-7", r"pods\.csv:4: column 'node': expected the name of a"),
        ("pods.csv", "1000,", "high,", r"pods\.csv:2: column 'priority': expected a whole number"),
        ("pods.csv", "priority", "prio", r"pods\.csv:1: unknown column 'prio'; did you mean"),
        ("nodes.csv", "memory", "ram", r"nodes\.csv:1: .*missing: memory"),
        ("nodes.csv", ",8,", ",80,", r"nodes\.csv:3: column 'gpus': expected a whole number, 0 to"),
    ],
)
def test_a_fault_is_told_by_file_line_and_column(
    folder: Path, file: str, old: str, new: str, message: str
) -> None:
    path = folder / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        Csv(folder=folder).build(0)


def written(folder: Path, nodes: str, pods: str) -> Csv:
    """Return the source of two tables; ``;`` ends a line."""
    (folder / "nodes.csv").write_text(nodes.replace(";", "\n"))
    (folder / "pods.csv").write_text(pods.replace(";", "\n"))
    return Csv(folder=folder)


ONE_NODE, ONE_POD = "name,cpu,memory;n,4,8Gi;", "name,cpu,memory;p,1,1Gi;"


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ("name,cpu,memory;n,4,8Gi;n,2,4Gi;", r"s\.csv:3: column 'name': .*line 2 makes 'n' too"),
        (
            "name,count,cpu,memory;n,2,4,8Gi;n-0,,4,8Gi;",
            r"s\.csv:3: column 'name': .*line 2 makes 'n-0' too; rename one",
        ),
        ("name,cpu,memory,cpu;n,4,8Gi,2;", r"s\.csv:1: column 'cpu' stands more than once"),
        (
            "name,cpu,memory,resource:cpu;n,4,8Gi,5;",
            r"s\.csv:1: column 'resource:cpu': .*plain column 'cpu'",
        ),
        (
            "name,cpu,memory,resource:memory;n,4,8Gi,;",
            r"s\.csv:1: column 'resource:memory': .*plain column 'memory'",
        ),
        (
            "name,cpu,memory,resource:pods;n,4,8Gi,5;",
            r"s\.csv:1: column 'resource:pods': .*plain column 'pods'",
        ),
        (
            "name,cpu,memory,resource:schedlab.io/gpu-milli;n,4,8Gi,5;",
            r"s\.csv:1: column 'resource:schedlab.io/gpu-milli': .*plain column 'gpus'",
        ),
        ("name,cpu,memory,resource:;n,4,8Gi,5;", r"s\.csv:1: .*name after the colon, resource:N"),
        ("name,cpu,memory,label: ;n,4,8Gi,5;", r"s\.csv:1: .*name after the colon, label:NAME"),
        ("name,cpu,memory,selector:a;n,4,8Gi,5;", r"s\.csv:1: unknown column 'selector:a'"),
        (
            "name,cpu,memory,gpus,gpu_model;n,4,8Gi,,A100;",
            r"s\.csv:2: column 'gpu_model': expected nothing, as the row has no gpus",
        ),
        (
            "name,cpu,memory,resource:a.b/nic;n,4,8Gi,1500m;",
            r"s\.csv:2: column 'resource:a.b/nic': '1500m' is not whole",
        ),
        (
            "name,cpu,memory;n,4,9Pi;",
            r"s\.csv:2: column 'memory': expected at most 9007199254740992, got '9Pi'",
        ),
    ],
)
def test_nodes_that_say_two_things_or_nothing_are_refused(
    tmp_path: Path, nodes: str, message: str
) -> None:
    with pytest.raises(InputError, match="node" + message):
        written(tmp_path, nodes, ONE_POD).build(0)


@pytest.mark.parametrize(
    ("pods", "message"),
    [
        (
            "name,cpu,memory,node;p,1,1Gi,;p,1,1Gi,n;",
            r"s\.csv:3: column 'name': .*line 2 makes 'default/p' too",
        ),
        (
            "name,count,cpu,memory;p-0,,1,1Gi;p,2,1,1Gi;",
            r"s\.csv:3: column 'name': .*line 2 makes 'default/p-0' too; rename one",
        ),
        ("name,cpu,memory,memory;p,4,8Gi,2;", r"s\.csv:1: column 'memory' stands more than once"),
        (
            "name,memory,cpu,resource:cpu;p,1Gi,1,5;",
            r"s\.csv:1: column 'resource:cpu': .*plain column 'cpu'",
        ),
        ("name,cpu,memory,resource:pods;p,4,8Gi,5;", r"s\.csv:1: .*'resource:pods': every pod cou"),
        (
            "name,cpu,memory,gpu_milli;p,1,1Gi,500;",
            r"s\.csv:2: column 'gpu_milli': expected nothing, as the row has no gpus; fill in",
        ),
    ],
)
def test_pods_that_say_two_things_or_nothing_are_refused(
    tmp_path: Path, pods: str, message: str
) -> None:
    with pytest.raises(InputError, match="pod" + message):
        written(tmp_path, ONE_NODE, pods).build(0)


def test_pods_of_two_namespaces_may_share_a_name(tmp_path: Path) -> None:
    pods = "name,namespace,cpu,memory;p,a,1,1Gi;p,b,1,1Gi;"
    assert list(written(tmp_path, ONE_NODE, pods).build(0).pods.names) == ["a/p", "b/p"]


def test_an_extended_resource_counts_whole_units_as_in_kubernetes(tmp_path: Path) -> None:
    nodes = "name,cpu,memory,resource:a.b/nic;n,4,8Gi,2k;"
    pods = "name,cpu,memory,resource:a.b/nic;p,1,1Gi,5;"
    workload = written(tmp_path, nodes, pods).build(0)
    assert workload.nodes[0].allocatable["a.b/nic"] == 2000
    assert workload.pods.specs[0].request("a.b/nic") == 5


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n" + text.replace("\n", "\n\n  \n"),
        lambda text: text + "," * text.partition("\n")[0].count(",") + "\n",
    ],
    ids=["byte order mark", "CRLF", "blank lines", "empty row of a spreadsheet"],
)
def test_tables_are_read_as_spreadsheets_save_them(
    folder: Path, saved: Callable[[str], str]
) -> None:
    plain = Csv(folder=folder).build(0)
    for name, text in (("nodes.csv", NODES), ("pods.csv", PODS)):
        (folder / name).write_bytes(saved(text).encode())
    workload = Csv(folder=folder).build(0)
    assert workload.nodes == plain.nodes
    assert (list(workload.pods), list(workload.bound)) == (list(plain.pods), list(plain.bound))


def test_lines_are_counted_with_the_blank_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nodes\.csv:4: column 'cpu'"):
        written(tmp_path, "name,cpu,memory;;;n,x,8Gi;", ONE_POD).build(0)


def test_the_example_in_the_docs_builds(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text("utf-8")
    nodes, pods = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (tmp_path / "nodes.csv").write_text(nodes)
    (tmp_path / "pods.csv").write_text(pods)
    workload = Csv(folder=tmp_path).build(0)
    sizes = [len(part) for part in (workload.nodes, workload.pods, workload.bound)]
    assert sizes == [22, 301, 1]


@pytest.mark.parametrize(
    "column", [name for t in (NODE_TABLE, POD_TABLE) for name in (*t.columns, *t.prefixes)]
)
def test_every_column_is_in_the_docs(column: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text("utf-8")
    section = page.partition("\n## Csv\n")[2].partition("\n## ")[0]
    table = section.partition("| column |")[2]
    assert f"`{column}" in table


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "pods.csv").unlink()
    with pytest.raises(InputError, match=r"mine has no file pods\.csv"):
        Csv(folder=folder).build(0)


def test_a_folder_with_tables_is_a_workload_on_the_command_line(folder: Path) -> None:
    registry = Registry()
    suite = choose_workloads(load_suite("smoke", registry), [str(folder)], registry)
    (entry,) = suite.workloads
    assert (entry.name, entry.label) == ("Csv", "mine")

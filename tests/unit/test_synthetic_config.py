"""What a workload's TOML may not say, and how the fault is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from schedlab.errors import InputError
from schedlab.registry import installed
from schedlab_workloads.synthetic import Synthetic

GOOD = """
pods = 10
[[pools]]
name = "a"
count = 2
allocatable = {cpu = 4, memory = "8Gi"}
[[classes]]
name = "web"
share = 1
requests = {cpu = "500m", memory = {per_cpu = "2Gi", min = "1Gi", max = "4Gi", step = "1Mi"}}
"""
CPU, CLASS, POOL, TOP = 'cpu = "500m"', "share = 1", "count = 2", "pods = 10"
SECOND_POOL = '[[pools]]\nname = "a"\ncount = 1\nallocatable = {cpu = 1, memory = 1}\n[[classes]]'

# what is replaced, by what, and the path and expectation that the message must name
FAULTS = [
    (POOL, "cuont = 2", r"pools\[0\]\.cuont: unknown key; did you mean 'count'"),
    (POOL, "count = -2", r"pools\[0\]\.count: .*greater than or equal to 1, got -2"),
    (POOL, 'count = "2"', r"pools\[0\]\.count: .*valid integer, got '2'"),
    (POOL, "count = 2\nzones = [1]", r"pools\[0\]\.zones\[0\]: .*valid string"),
    ('"8Gi"', '"8Gx"', r"pools\[0\]\.allocatable\.memory: '8Gx' is not a quantity"),
    ('"8Gi"', "true", r"pools\[0\]\.allocatable\.memory: .*not a quantity"),
    ('"8Gi"', '"100Pi"', r"pools\[0\]\.allocatable\.memory: .*too large"),
    ("cpu = 4", "cpu = -4", r"pools\[0\]\.allocatable\.cpu: -4 is negative"),
    ("cpu = 4, ", "", r"pools\[0\]\.allocatable\.cpu: expected an amount"),
    (POOL, 'count = 2\nlabels = {"kubernetes.io/hostname" = "x"}', r"labels\.kubernetes\.io/host"),
    (
        POOL,
        "count = 2\ngpus = {count = 64}",
        r"pools\[0\]\.gpus\.count: .*less than or equal to 63",
    ),
    (POOL, 'count = 2\nfill = {class = "wbe", share = 0.1}', r"fill\.class: .*mean 'web'"),
    (POOL, 'count = 2\nfill = {class = "web", share = 1.5}', r"fill\.share: .*equal to 1, got 1.5"),
    (POOL, 'count = 2\nfill = {class = "web", share = 0.01}', r"pools\[0\]\.fill: no pod .* 1% of"),
    ("[[classes]]", SECOND_POOL, r"pools\[1\]\.name: already the name of pools\[0\]"),
    (CPU, 'cpu = {chioce = ["1"]}', r"classes\[0\]\.requests\.cpu: expected .*choice, uniform"),
    (CPU, "cpu = {choice = [1], weights = [1, 2]}", r"requests\.cpu\.weights: expected 1 weights"),
    (CPU, "cpu = {choice = [1], weights = [0]}", r"requests\.cpu\.weights: .*above 0"),
    (CPU, "cpu = {choice = []}", r"requests\.cpu\.choice: .*at least 1"),
    (CPU, "cpu = {uniform = [2, 1], step = 1}", r"requests\.cpu\.uniform: expected at least 2"),
    (CPU, "cpu = {uniform = [1, 2], step = 0}", r"requests\.cpu\.step: expected a step above 0"),
    (CPU, "cpu = {per_cpu = 1, min = 0, max = 1, step = 1}", r"requests\.cpu\.per_cpu: expected a"),
    (CPU + ", ", "", r"requests\.memory\.per_cpu: expected a cpu request"),
    (CPU, f"{CPU}, pods = 1", r"requests\.pods: a pod takes one"),
    (CPU, f'{CPU}, "schedlab.io/gpu-milli" = 1', r"requests\.schedlab\.io/gpu-milli: state gpu,"),
    ("cpu = 4", 'cpu = 4, "schedlab.io/gpu-milli" = 1', r"allocatable\.schedlab.*: state gpus,"),
    (CLASS, "count = 100000000", r"classes\[0\]\.count: .*less than or equal to 10000000"),
    (CLASS, "count = 1", r"classes\[0\]\.share: expected a share, since the top level states pods"),
    (TOP, "", r"classes\[0\]\.count: expected a count, since the top level states no pods"),
    (CLASS, "share = 1\ncount = 3", r"classes\[0\]\.count: expected a share instead"),
    (CLASS, "share = 0", r"classes\[0\]\.share: expected a share above 0"),
    (CLASS, "share = 1\nreplicas = 0", r"classes\[0\]\.replicas: expected whole numbers from 1"),
    (CLASS, "share = 1\nreplicas = 1.5", r"classes\[0\]\.replicas: expected whole numbers"),
    (CLASS, "share = 1\ngpu = {count = 1, milli = 1200}", r"classes\[0\]\.gpu\.milli: .*1 to 1000"),
    (CLASS, 'share = 1\nlabels = {app = "x"}', r"classes\[0\]\.labels\.app: .*replica set's name"),
    (CLASS, 'share = 1\npriority = "high"', r"classes\[0\]\.priority: .*valid integer"),
    (CLASS, "share = 1\ntolerations = [{}]", r"tolerations\[0\]\.key: expected a key"),
    (
        CLASS,
        'share = 1\nnode_affinity.required = [{expressions = [{key = "a", operator = "In"}]}]',
        r"node_affinity\.required\[0\]\.expressions\[0\]\.values: expected at least one value",
    ),
    (
        CLASS,
        "share = 1\nnode_affinity.preferred = [{weight = 101, expressions = []}]",
        r"node_affinity\.preferred\[0\]\.weight: .*less than or equal to 100",
    ),
    ('"web"', '"Web_1"', r"classes\[0\]\.name: expected at most 40 lower-case letters"),
    (TOP, 'pods = 10\narrival = "random"', r"arrival: .*'shuffled'"),
    (TOP, "pods = -1", r"pods: .*greater than or equal to 0"),
    (TOP, "pods = = 1", r"not valid TOML: .*line 2"),
    (GOOD, "", r"pools: missing"),
]


def source(folder: Path, text: str) -> Synthetic:
    path = folder / "mine.toml"
    path.write_text(text)
    return Synthetic(file=path)


def test_the_text_that_the_faults_are_made_in_is_good(tmp_path: Path) -> None:
    assert len(source(tmp_path, GOOD).build(0).pods) == 10


@pytest.mark.parametrize(("good", "bad", "expected"), FAULTS)
def test_a_fault_is_told_by_file_path_and_expectation(
    tmp_path: Path, good: str, bad: str, expected: str
) -> None:
    assert good in GOOD
    with pytest.raises(InputError, match=r"mine\.toml: " + f".*{expected}"):
        source(tmp_path, GOOD.replace(good, bad, 1)).build(0)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace(POOL, "count = 0").replace('"500m"', '"5x"')
    with pytest.raises(InputError) as caught:
        source(tmp_path, text).build(0)
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot read"):
        Synthetic(file=tmp_path / "nowhere.toml").build(0)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"binary\.toml: not valid TOML"):
        Synthetic(file=tmp_path / "binary.toml").build(0)


def test_an_unknown_preset_gets_the_nearest_one() -> None:
    with pytest.raises(InputError, match=r"unknown preset 'mixd'; did you mean 'mixed'"):
        Synthetic(preset="mixd").build(0)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, "either preset or file"),
        ({"preset": "small", "file": "x.toml"}, "either preset or file"),
        ({"preset": "small", "nodes": 0}, "nodes: expected 1 to"),
        ({"preset": "small", "pods": -1}, "pods: expected 0 to"),
        ({"preset": "small", "pods": 10**12}, "pods: expected 0 to"),
        ({"preset": "small", "nodez": 3}, "nodez"),
    ],
)
def test_wrong_arguments_are_refused(args: dict[str, object], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        installed().make_workload("Synthetic", args)


def test_nothing_cannot_be_scaled(tmp_path: Path) -> None:
    empty = source(tmp_path, GOOD.replace(TOP, "pods = 0").replace(CLASS, "share = 0"))
    assert len(empty.build(0).pods) == 0
    with pytest.raises(InputError, match=r"mine\.toml: cannot scale to 5 pods"):
        Synthetic(file=empty.file, pods=5).build(0)

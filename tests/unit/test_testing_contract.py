"""The contract classes and builders that ``schedlab.testing`` offers to plugin authors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from schedlab.api import FilterPlugin, GpuRequest, Locality, NodeView, PodView, Verdict
from schedlab.errors import InputError
from schedlab.model.objects import HOSTNAME, ZONE, GpuDevices
from schedlab.testing import (
    FilterPluginContract,
    ScorePluginContract,
    cluster_of,
    node,
    pod,
)

AUTHORS_TEST = """
from schedlab.api import Locality, ScorePlugin
from schedlab.testing import ScorePluginContract

class Fewest(ScorePlugin):
    locality = Locality.NODE
    def score(self, pod, nodes):
        return -nodes.pod_count

class Lies(ScorePlugin):
    locality = Locality.SPEC
    def score(self, pod, nodes):
        return -nodes.pod_count

class TestFewest(ScorePluginContract):
    plugin = Fewest()

class TestLies(ScorePluginContract):
    plugin = Lies()
    expected_failures = {"locality": "to be seen as expected", "shape": "passes after all"}
"""


def test_an_author_sees_one_test_for_each_check(tmp_path: Path) -> None:
    (tmp_path / "test_author.py").write_text(AUTHORS_TEST)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "test_author.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = {line.partition(" - ")[0] for line in done.stdout.splitlines()}
    assert "PASSED test_author.py::TestFewest::test_contract[hypothetical]" in told
    assert "FAILED test_author.py::TestLies::test_contract[reads]" in told
    assert "XFAIL test_author.py::TestLies::test_contract[locality]" in told
    assert "FAILED test_author.py::TestLies::test_contract[shape]" in told
    assert not any("FAILED test_author.py::TestFewest" in line for line in told)
    assert not any("[cost]" in line for line in told)


class Anything(FilterPlugin):
    locality = Locality.SPEC

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.allowed_pods > 0


def test_a_contract_for_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a ScorePlugin"):
        type("TestAnything", (ScorePluginContract,), {"plugin": Anything()})


def test_an_unknown_expected_failure_is_refused() -> None:
    fields = {"plugin": Anything(), "expected_failures": {"speed": ""}}
    with pytest.raises(ValueError, match=r"no check of Anything: \['speed'\]"):
        type("TestAnything", (FilterPluginContract,), fields)


# -- builders ------------------------------------------------------------------------


def test_quantities_are_read_as_kubernetes_does() -> None:
    made = node("a", cpu="2500m", memory="1Gi", pods=7, zone="z1", resources={"example.com/x": 3})
    assert made.allocatable == {"cpu": 2500, "memory": 2**30, "pods": 7, "example.com/x": 3}
    assert made.labels == {HOSTNAME: "a", ZONE: "z1"}
    spec = pod(cpu=2, memory="64Mi", labels={"app": "web"})
    assert dict(spec.requests) == {"cpu": 2000, "memory": 64 * 2**20}
    assert spec.labels == (("app", "web"),)
    assert dict(pod().requests) == {}


def test_gpus_may_be_given_as_a_number() -> None:
    assert node(gpus=2).gpus == GpuDevices(2)
    assert pod(gpu=2).gpu == GpuRequest(2)
    shared = cluster_of([node(gpus=2)], {"n0": [pod(gpu=GpuRequest(1, 300)), pod(gpu=1)]})
    assert shared.device_free.tolist() == [[700, 0]]


def test_pods_are_put_where_they_are_said_to_be() -> None:
    cluster = cluster_of([node("a"), node("b")], {"b": [pod(cpu=1), pod(cpu=1)]})
    assert cluster.pod_count.tolist() == [0, 2]
    assert cluster.requested[:, 0].tolist() == [0, 2000]


def test_pods_on_unknown_nodes_are_refused() -> None:
    with pytest.raises(InputError, match="unknown node 'aa'; did you mean 'a'"):
        cluster_of([node("a")], {"aa": [pod()]})

"""``schedlab explain`` in processes of its own."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from schedlab.model.manifests import DUMP_COMMAND

from .conftest import Cli

Object = dict[str, Any]


def node(name: str, cpu: str, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": spec,
        "status": {"allocatable": {"cpu": cpu, "memory": "8Gi", "pods": "10"}},
    }


def pod(name: str, cpu: str, **spec: Any) -> Object:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [container], **spec},
    }


NODES = [
    node("a", "2"),
    node("b", "4"),
    node("c", "8", taints=[{"key": "gpu", "effect": "NoSchedule"}]),
]
PODS = [pod("runs", "1500m", nodeName="b"), pod("small", "1"), pod("big", "3")]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    file = tmp_path / "dump.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*NODES, *PODS]}))
    return file


def test_every_waiting_pod_in_brief(cli: Cli, dump: Path) -> None:
    done = cli("explain", dump)
    assert done.code == 0
    assert "1 of 2 waiting pods fit" in done.out
    assert "shop/big" in done.out
    assert "Insufficient cpu" in done.out


def test_a_pending_pod_and_what_would_help(cli: Cli, dump: Path) -> None:
    done = cli("explain", dump, "big")
    assert done.code == 0
    assert "shop/big is pending" in done.out
    assert "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu." in (
        done.out
    )
    assert "lower the cpu request from 3 to 2500m → fits on b" in done.out
    assert "tolerate the taint gpu:NoSchedule → fits on c" in done.out
    assert "remove the pod shop/runs (priority 0) from b → fits on b" in done.out


def test_a_placed_pod_and_its_lead(cli: Cli, dump: Path) -> None:
    done = cli("explain", dump, "shop/small", "--json")
    told = json.loads(done.out)
    assert told["nodes"] == ["a", "b", "c"]
    assert told["chosen"] == told["best"][0]
    lines = cli("explain", dump, "shop/small").out.splitlines()
    leader, runner_up = (told["nodes"][r] for r in sorted(told["feasible"], key=_total(told)))
    gap = max(told["total"]) - min(told["total"])
    assert any(f"{leader} leads {runner_up} by {gap} " in line for line in lines)


def _total(told: Object) -> Any:
    return lambda row: -told["total"][told["feasible"].index(row)]


def test_a_running_pod(cli: Cli, dump: Path) -> None:
    assert "shop/runs runs on b" in cli("explain", dump, "runs").out


def test_a_new_pod_from_a_file(cli: Cli, dump: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.yaml"
    file.write_text(yaml.safe_dump(pod("new", "2500m", nodeSelector={"disk": "ssd"})))
    done = cli("explain", dump, file, "--now")
    assert "shop/new is pending" in done.out
    assert "label the node b with disk=ssd" in done.out


def test_another_scheduler_and_a_plugin_file(cli: Cli, dump: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "largest.py"
    plugin.write_text(
        "from schedlab.api import *\n"
        "class Largest(ScorePlugin):\n"
        "    locality = Locality.SPEC\n"
        "    def score(self, pod, nodes):\n"
        "        return nodes.allocatable[:, nodes.resource('cpu')] // 1000\n"
    )
    words = ("explain", dump, "small", "--json", "--scheduler", "Largest", "--plugin", plugin)
    told = json.loads(cli(*words).out)
    assert told["scores"] == {"Largest": [2, 4]}
    assert told["chosen"] == 1


def test_a_kube_scheduler_configuration(cli: Cli, dump: Path, tmp_path: Path) -> None:
    file = tmp_path / "scheduler.yaml"
    scores = {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit", "weight": 7}]}
    config = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [{"plugins": {"score": scores}}],
    }
    file.write_text(yaml.safe_dump(config))
    told = json.loads(cli("explain", dump, "small", "--json", "--config", file).out)
    assert told["weights"] == {"NodeResourcesFit": 7}
    assert set(told["scores"]) == {"NodeResourcesFit"}


def test_a_configuration_names_who_decides(cli: Cli, dump: Path, tmp_path: Path) -> None:
    profile = {"schedulerName": "packer"}
    config = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [profile],
    }
    (tmp_path / "ks.yaml").write_text(yaml.safe_dump(config))
    asked = ("explain", dump, "--config", "ks.yaml")
    assert "(packer of ks.yaml)" in cli(*asked).out
    refused = cli(*asked, "--scheduler", "best-fit")
    assert refused.code == 2
    assert "--scheduler best-fit and --config ks.yaml" in refused.err


def test_owners_that_the_dump_lacks_are_told(cli: Cli, tmp_path: Path) -> None:
    lonely = pod("web-1", "1")
    lonely["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}
    ]
    items = [*NODES, lonely]
    (tmp_path / "d.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    )
    for words in ((), ("web-1",)):
        out = cli("explain", "d.json", *words).out
        assert "Not taken into account: 1 ReplicaSet of a pod (not in the input)" in out
        assert f"in: {DUMP_COMMAND}" in out
        told = json.loads(cli("explain", "d.json", *words, "--json").out)
        assert told["ignored"] == {"ReplicaSet of a pod (not in the input)": 1}


def test_reasons_stand_in_a_column_of_their_own(cli: Cli, dump: Path) -> None:
    lines = cli("explain", dump).out.splitlines()
    heading, pending = lines[1], lines[2]
    column = heading.index("why on none of 3 nodes")
    assert pending[heading.index("goes to") :].startswith("nowhere ")
    assert pending[column:].startswith("1 node(s) had untolerated taint(s), 2 Insufficient cpu")


def test_a_controllers_name_leads_to_its_pods(cli: Cli, tmp_path: Path) -> None:
    template = {"spec": pod("web", "1")["spec"]}
    web = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 12, "template": template},
    }
    (tmp_path / "d.yaml").write_text(yaml.safe_dump_all([*NODES, web]))
    for asked in ("web", "shop/web"):
        err = cli("explain", "d.yaml", asked).err
        assert "shop/web-deploy-0, shop/web-deploy-1, shop/web-deploy-2 and 9 more" in err


def test_a_generated_workload(cli: Cli) -> None:
    brief = cli("explain", "small", "--scheduler", "best-fit")
    asked = brief.out.rstrip().rsplit(" ", 1)[1]
    done = cli("explain", "small", asked, "--scheduler", "best-fit")
    assert done.code == 0
    assert asked in done.out
    assert "scheduler best-fit" in done.out


def test_a_scenario_as_recorded(cli: Cli, tmp_path: Path) -> None:
    scenario = {"name": "s", "nodes": NODES, "pods": PODS[:1], "pending": PODS[1:]}
    file = tmp_path / "001.json.gz"
    with gzip.open(file, "wt") as opened:
        json.dump({"scenario": scenario, "expected": {}}, opened)
    told = json.loads(cli("explain", file, "--json").out)
    assert set(told) == {"weights", "filterOrder", "pods"}
    assert [p["pod"] for p in told["pods"]] == ["shop/small", "shop/big"]
    assert told["pods"][1]["filtered"] == {"NodeResourcesFit": [0, 1], "TaintToleration": [2]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("dump.json", "bigg"), "did you mean shop/big"),
        (("dump.json", "big", "--scheduler", "bestfit"), "did you mean 'best-fit'"),
        (("dump.json", "big", "--scheduler", "CpSatPacking"), "decides in batches"),
        (("mixed", "POD"), "the first are "),
        (("mixd",), "did you mean 'mixed'"),
        (("missing.json",), "no such file"),
        (("dump.json", "big", "--config", "dump.json"), "expected one KubeSchedulerConfiguration"),
    ],
)
def test_bad_input(cli: Cli, dump: Path, words: tuple[str, ...], says: str) -> None:
    done = cli("explain", *words)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert says in done.err
    assert "Traceback" not in done.err

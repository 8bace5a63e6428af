"""Whole inputs become one workload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schedlab.core.cluster import Cluster
from schedlab.errors import InputError
from schedlab.model.manifests import DUMP_COMMAND, load_manifests
from schedlab.model.objects import LabelSelector, Workload
from schedlab_workloads.manifests import SAMPLE, Manifests


def node(name: str) -> dict[str, Any]:
    status = {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def pod(
    name: str, node: str = "", phase: str = "Pending", namespace: str = "default"
) -> dict[str, Any]:
    spec = {"nodeName": node, "containers": [{"image": "nginx"}]}
    metadata = {"name": name, "namespace": namespace}
    return {**typed("Pod", "v1"), "metadata": metadata, "spec": spec, "status": {"phase": phase}}


def typed(kind: str, api: str) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind}


def written(folder: Path, *objects: dict[str, Any], name: str = "dump.json") -> Path:
    file = folder / name
    file.write_text(json.dumps({**typed("List", "v1"), "items": objects}), encoding="utf-8")
    return file


def loaded(folder: Path, *objects: dict[str, Any]) -> Workload:
    return load_manifests([written(folder, *objects)])


def test_pods_with_a_node_are_bound_and_others_wait(tmp_path: Path) -> None:
    workload = loaded(
        tmp_path,
        pod("b"),
        node("n0"),
        pod("r1", "n1", "Running"),
        node("n1"),
        pod("a"),
        pod("r0", "n0", "Pending"),
    )
    assert [n.name for n in workload.nodes] == ["n0", "n1"]
    assert list(workload.pods.names) == ["default/b", "default/a"]
    assert list(workload.bound.names) == ["default/r1", "default/r0"]
    assert workload.bound_node.tolist() == [1, 0]
    assert workload.name == "dump"
    assert Cluster.of(workload).pod_count.tolist() == [1, 1]


def test_a_bound_pod_shares_the_signature_of_a_waiting_one(tmp_path: Path) -> None:
    workload = loaded(tmp_path, node("n0"), pod("a"), pod("b", "n0", "Running"))
    assert workload.pods.specs == workload.bound.specs


def test_what_takes_no_part_is_counted(tmp_path: Path) -> None:
    deleted = pod("deleted")
    deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    workload = loaded(
        tmp_path,
        node("n0"),
        {**typed("ConfigMap", "v1"), "metadata": {"name": "c"}},
        {**typed("ConfigMap", "v1"), "metadata": {"name": "d"}},
        {**typed("Service", "serving.knative.dev/v1"), "metadata": {"name": "s"}},
        pod("done", "n0", "Succeeded"),
        pod("failed", "n0", "Failed"),
        pod("elsewhere", "n9", "Running"),
        deleted,
    )
    assert (len(workload.pods), len(workload.bound)) == (0, 0)
    assert workload.ignored == {
        "ConfigMap": 2,
        "Pod (Failed)": 1,
        "Pod (Succeeded)": 1,
        "Pod (deleted while waiting)": 1,
        "Pod (on a node that is not in the input)": 1,
        "Service.serving.knative.dev": 1,
    }


def test_namespaces_have_the_labels_of_the_api_server(tmp_path: Path) -> None:
    shop = {**typed("Namespace", "v1"), "metadata": {"name": "shop", "labels": {"team": "a"}}}
    workload = loaded(tmp_path, node("n0"), shop, pod("p", namespace="other"))
    assert workload.namespaces == {
        "shop": {"team": "a", "kubernetes.io/metadata.name": "shop"},
        "other": {"kubernetes.io/metadata.name": "other"},
    }


def test_services_are_what_selects_pods(tmp_path: Path) -> None:
    def selecting(kind: str, api: str, **spec: Any) -> dict[str, Any]:
        template = {"metadata": {"labels": {"a": "t"}}, "spec": {"containers": [{}]}}
        spec = spec if kind == "Service" else {"template": template, **spec}
        return {**typed(kind, api), "metadata": {"name": kind.lower()}, "spec": spec}

    by_label = {"matchLabels": {"a": "b"}}
    workload = loaded(
        tmp_path,
        node("n0"),
        selecting("Service", "v1", selector={"a": "b"}),
        selecting("Service", "v1", externalName="example.com"),
        selecting("ReplicationController", "v1"),
        selecting("ReplicaSet", "apps/v1", selector=by_label, replicas=0),
        selecting("StatefulSet", "apps/v1", selector=by_label),
        selecting("DaemonSet", "apps/v1", selector=by_label),
    )
    assert [(s.name, s.selector) for s in workload.services] == [
        ("service", LabelSelector.of({"a": "b"})),
        ("replicationcontroller", LabelSelector.of({"a": "t"})),
        ("statefulset", LabelSelector.of({"a": "b"})),
    ]


def test_priority_classes_resolve(tmp_path: Path) -> None:
    named = pod("p")
    named["spec"]["priorityClassName"] = "online"
    online = {"metadata": {"name": "online"}, "value": 9, "preemptionPolicy": "Never"}
    workload = loaded(
        tmp_path, node("n0"), named, {**typed("PriorityClass", "scheduling.k8s.io/v1"), **online}
    )
    [spec] = workload.pods.specs
    assert (spec.priority, spec.preemption_policy) == (9, "Never")


def test_nothing_may_be_there_twice(tmp_path: Path) -> None:
    one = written(tmp_path, node("n0"), pod("p"), name="one.json")
    nodes = written(tmp_path, node("n1"), node("n0"), name="nodes.json")
    pods = written(tmp_path, pod("p"), name="pods.json")
    with pytest.raises(
        InputError,
        match=r"nodes\.json: items\[1\] \(Node n0\): node 'n0' is already at "
        r".*one\.json: items\[0\] \(Node n0\); remove or rename one",
    ):
        load_manifests([one, nodes])
    with pytest.raises(
        InputError, match=r"pods\.json: .*pod 'default/p' is already at .*one\.json"
    ):
        load_manifests([one, pods])


def test_an_input_without_nodes_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=rf"dump\.json: no Node .*{DUMP_COMMAND} > dump\.json",
    ):
        loaded(tmp_path, pod("p"))


def test_errors_name_the_object_and_the_path(tmp_path: Path) -> None:
    broken = pod("p")
    broken["spec"]["containers"][0]["resources"] = {"requests": {"memory": "-1Gi"}}
    with pytest.raises(
        InputError,
        match=r"dump\.json: items\[1\] \(Pod default/p\): "
        r"spec\.containers\[0\]\.resources\.requests\.memory: '-1Gi' is negative",
    ):
        loaded(tmp_path, node("n0"), broken)


def test_the_sample_holds_one_of_each() -> None:
    workload = Manifests(paths=(str(SAMPLE),)).build(seed=3)
    assert [n.name for n in workload.nodes] == ["general-a", "general-b", "gpu-a", "control-b"]
    kinds = [name.split("/")[1].rstrip("-0123456789") for name in workload.pods.names]
    assert {k: kinds.count(k) for k in sorted(set(kinds))} == {
        "db": 2,
        "logs-ds-general-a": 1,
        "logs-ds-general-b": 1,
        "logs-ds-gpu-a": 1,
        "report-cronjob": 1,
        "train-job": 3,
        "web-deploy": 4,
    }
    assert workload.ignored == {"ConfigMap": 1}
    assert [str(c.key) for c in workload.storage.claims] == ["shop/data-db-0", "shop/data-db-1"]
    cluster = Cluster.of(workload)
    assert cluster.requested[3, cluster.resource("cpu")] == 250
    assert cluster.device_free[2].tolist() == [1000, 1000]

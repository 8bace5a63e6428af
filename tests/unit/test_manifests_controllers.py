"""Controllers become the pods they would create, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from schedlab.errors import InputError
from schedlab.model.manifests import load_manifests
from schedlab.model.objects import (
    NodeSelectorTerm,
    PodSpec,
    Requirement,
    Taint,
    Toleration,
    Workload,
)

NODES = """
apiVersion: v1
kind: NodeList
items:
- {metadata: {name: n0, labels: {disk: ssd}}, status: {capacity: {cpu: 8}}}
- {metadata: {name: n1, labels: {disk: hdd}}, status: {capacity: {cpu: 8}}}
"""
TEMPLATE = "{metadata: {labels: {app: web}}, spec: {containers: [{image: nginx}]}}"
SELECTOR = "{matchLabels: {app: web}}"
DEPLOYMENT = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec: {{replicas: 3, selector: {SELECTOR}, template: {TEMPLATE}}}
"""


def loaded(folder: Path, *documents: str, nodes: str = NODES) -> Workload:
    file = folder / "in.yaml"
    file.write_text("\n---\n".join([nodes, *documents]), encoding="utf-8")
    return load_manifests([file])


def specs(workload: Workload) -> dict[str, PodSpec]:
    return dict(workload.pods)


def controller(kind: str, group: str, spec: str) -> str:
    return f"{{apiVersion: {group}/v1, kind: {kind}, metadata: {{name: web}}, spec: {spec}}}"


def test_deployment(tmp_path: Path) -> None:
    pods = specs(loaded(tmp_path, DEPLOYMENT))
    assert list(pods) == ["shop/web-deploy-0", "shop/web-deploy-1", "shop/web-deploy-2"]
    [spec] = set(pods.values())
    labels = dict(spec.labels)
    assert spec.namespace == "shop"
    assert labels.pop("pod-template-hash")
    assert labels == {"app": "web"}


def test_the_template_hash_tells_templates_apart(tmp_path: Path) -> None:
    other = DEPLOYMENT.replace("name: web", "name: two").replace("nginx", "httpd")
    pods = specs(loaded(tmp_path, DEPLOYMENT, other))
    assert len({dict(s.labels)["pod-template-hash"] for s in pods.values()}) == 2


@pytest.mark.parametrize(("kind", "short"), [("ReplicaSet", "rs"), ("ReplicationController", "rc")])
def test_replica_sets(tmp_path: Path, kind: str, short: str) -> None:
    manifest = controller(kind, "apps", f"{{replicas: 2, template: {TEMPLATE}}}")
    if kind == "ReplicationController":
        manifest = manifest.replace("apps/v1", "v1")
    assert list(specs(loaded(tmp_path, manifest))) == [f"default/web-{short}-{i}" for i in (0, 1)]


def test_replicas_default_to_one_and_may_be_none(tmp_path: Path) -> None:
    one = controller("ReplicaSet", "apps", f"{{template: {TEMPLATE}}}")
    assert len(specs(loaded(tmp_path, one))) == 1
    none = controller("ReplicaSet", "apps", f"{{replicas: 0, template: {TEMPLATE}}}")
    assert specs(loaded(tmp_path, none)) == {}


def test_stateful_set_pods_have_their_own_names_and_labels(tmp_path: Path) -> None:
    manifest = controller(
        "StatefulSet", "apps", f"{{replicas: 2, ordinals: {{start: 5}}, template: {TEMPLATE}}}"
    )
    pods = specs(loaded(tmp_path, manifest))
    assert list(pods) == ["default/web-5", "default/web-6"]
    labels = dict(pods["default/web-6"].labels)
    assert labels["statefulset.kubernetes.io/pod-name"] == "web-6"
    assert labels["apps.kubernetes.io/pod-index"] == "6"
    assert labels["app"] == "web"


@pytest.mark.parametrize(
    ("spec", "status", "count"),
    [
        ("{}", "{}", 1),
        ("{parallelism: 4}", "{}", 4),
        ("{parallelism: 4, completions: 2}", "{}", 2),
        ("{parallelism: 4, completions: 9}", "{}", 4),
        ("{completions: 9}", "{}", 1),
        ("{parallelism: 4, completions: 9}", "{succeeded: 7}", 2),
        ("{parallelism: 4, suspend: true}", "{}", 0),
        ("{}", "{conditions: [{type: Complete, status: 'True'}]}", 0),
        ("{}", "{conditions: [{type: Complete, status: 'False'}]}", 1),
    ],
)
def test_jobs_start_as_many_as_may_run_and_are_needed(
    tmp_path: Path, spec: str, status: str, count: int
) -> None:
    job = yaml.safe_load(controller("Job", "batch", spec))
    job["spec"]["template"] = yaml.safe_load(TEMPLATE)
    job["status"] = yaml.safe_load(status)
    pods = specs(loaded(tmp_path, yaml.safe_dump(job)))
    assert list(pods) == [f"default/web-job-{i}" for i in range(count)]
    assert all(dict(s.labels)["job-name"] == "web" for s in pods.values())


def test_indexed_jobs_label_their_pods(tmp_path: Path) -> None:
    spec = f"{{parallelism: 2, completions: 2, completionMode: Indexed, template: {TEMPLATE}}}"
    pods = specs(loaded(tmp_path, controller("Job", "batch", spec)))
    index = "batch.kubernetes.io/job-completion-index"
    assert [dict(s.labels)[index] for s in pods.values()] == ["0", "1"]


@pytest.mark.parametrize(("suspend", "count"), [("false", 3), ("true", 0)])
def test_cron_job_is_one_job(tmp_path: Path, suspend: str, count: int) -> None:
    job = f"{{spec: {{parallelism: 3, template: {TEMPLATE}}}}}"
    manifest = controller("CronJob", "batch", f"{{suspend: {suspend}, jobTemplate: {job}}}")
    pods = specs(loaded(tmp_path, manifest))
    assert list(pods) == [f"default/web-cronjob-{i}" for i in range(count)]


# -- daemon sets -----------------------------------------------------------------------


def daemon_set(**spec: Any) -> str:
    template = {"spec": {"containers": [{"image": "agent"}], **spec}}
    manifest = yaml.safe_load(controller("DaemonSet", "apps", "{}"))
    return yaml.safe_dump({**manifest, "spec": {"template": template}})


def daemon_nodes(workload: Workload) -> list[str]:
    return [name.removeprefix("default/web-ds-") for name in workload.pods.names]


def test_daemon_pods_are_pinned_to_their_nodes(tmp_path: Path) -> None:
    terms = [{"matchExpressions": [{"key": "disk", "operator": "Exists"}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    pods = specs(loaded(tmp_path, daemon_set(affinity={"nodeAffinity": required})))
    assert list(pods) == ["default/web-ds-n0", "default/web-ds-n1"]
    pin = NodeSelectorTerm((), (Requirement("metadata.name", "In", ("n1",)),))
    assert pods["default/web-ds-n1"].required_node_terms == (pin,)


# daemon_controller_test.go: TestNodeSelectorDaemonLaunchesPods, TestNodeAffinity..., TestTaint...
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ["n0", "n1"]),
        ({"nodeSelector": {"disk": "ssd"}}, ["n0"]),
        ({"nodeName": "n1"}, []),
    ],
)
def test_daemon_sets_go_where_they_are_admitted(
    tmp_path: Path, spec: dict[str, Any], expected: list[str]
) -> None:
    workload = loaded(tmp_path, daemon_set(**spec))
    assert daemon_nodes(workload) == expected
    bound = [workload.nodes[i].name for i in workload.bound_node]
    assert bound == (["n1"] if "nodeName" in spec else [])


@pytest.mark.parametrize(
    ("taint", "spec", "admitted"),
    [
        (Taint("a", "b", "NoSchedule"), {}, False),
        (Taint("a", "b", "NoExecute"), {}, False),
        (Taint("a", "b", "PreferNoSchedule"), {}, True),
        (Taint("a", "b"), {"tolerations": [{"key": "a", "operator": "Exists"}]}, True),
        (Taint("node.kubernetes.io/unschedulable"), {}, True),
        (Taint("node.kubernetes.io/not-ready", "", "NoExecute"), {}, True),
        (Taint("node.kubernetes.io/not-ready", "", "NoSchedule"), {}, False),
        (Taint("node.kubernetes.io/network-unavailable"), {}, False),
        (Taint("node.kubernetes.io/network-unavailable"), {"hostNetwork": True}, True),
    ],
)
def test_daemon_sets_and_taints(
    tmp_path: Path, taint: Taint, spec: dict[str, Any], admitted: bool
) -> None:
    stated = {"key": taint.key, "value": taint.value, "effect": taint.effect}
    nodes = yaml.safe_load(NODES)
    nodes["items"][0]["spec"] = {"taints": [stated]}
    workload = loaded(tmp_path, daemon_set(**spec), nodes=yaml.safe_dump(nodes))
    assert daemon_nodes(workload) == (["n0", "n1"] if admitted else ["n1"])


def test_daemon_pods_tolerate_what_the_controller_adds(tmp_path: Path) -> None:
    pod, _ = specs(loaded(tmp_path, daemon_set())).values()
    assert Toleration("node.kubernetes.io/disk-pressure", "Exists", "", "NoSchedule") in (
        pod.tolerations
    )
    assert len(pod.tolerations) == 6


# -- controllers whose pods are in the input -------------------------------------------


def owned(name: str, kind: str, owner: str, api: str, **labels: str) -> str:
    reference = {"apiVersion": api, "kind": kind, "name": owner}
    metadata = {"name": name, "namespace": "shop", "labels": labels, "ownerReferences": [reference]}
    spec = {"containers": [{"image": "nginx"}]}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


REPLICA_SET = f"""
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-5d9f
  namespace: shop
  ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: web}}]
spec: {{replicas: 3, selector: {SELECTOR}, template: {TEMPLATE}}}
"""
POD = owned("web-5d9f-x", "ReplicaSet", "web-5d9f", "apps/v1", **{"pod-template-hash": "5d9f"})


@pytest.mark.parametrize("others", [[REPLICA_SET, DEPLOYMENT], [DEPLOYMENT], [REPLICA_SET]])
def test_pods_in_the_input_are_not_counted_twice(tmp_path: Path, others: list[str]) -> None:
    assert list(specs(loaded(tmp_path, *others, POD))) == ["shop/web-5d9f-x"]


def test_a_replica_set_speaks_for_its_deployment(tmp_path: Path) -> None:
    pods = specs(loaded(tmp_path, REPLICA_SET, DEPLOYMENT))
    assert list(pods) == [f"shop/web-5d9f-rs-{i}" for i in range(3)]


def test_finished_pods_speak_for_their_job_too(tmp_path: Path) -> None:
    job = controller("Job", "batch", f"{{template: {TEMPLATE}}}").replace(
        "name: web", "name: web, namespace: shop"
    )
    pod = yaml.safe_load(owned("web-x", "Job", "web", "batch/v1"))
    pod["status"] = {"phase": "Succeeded"}
    assert specs(loaded(tmp_path, job, yaml.safe_dump(pod))) == {}


def test_owners_of_other_kinds_groups_or_namespaces_do_not_count(tmp_path: Path) -> None:
    strangers = [
        owned("a", "Deployment", "web", "apps.example.com/v1"),
        owned("b", "StatefulSet", "web", "apps/v1"),
        POD.replace("namespace: shop", "namespace: other"),
    ]
    assert len(specs(loaded(tmp_path, DEPLOYMENT, *strangers))) == 3 + 3


def test_kinds_of_other_groups_are_not_expanded(tmp_path: Path) -> None:
    manifest = controller("Job", "batch.volcano.sh", "{tasks: []}")
    workload = loaded(tmp_path, manifest)
    assert (len(workload.pods), workload.ignored) == (0, {"Job.batch.volcano.sh": 1})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "{replicas: -1}",
            r"document 2 \(ReplicaSet web\): spec\.replicas: expected an integer from 0 to 1000000",
        ),
        ("{replicas: 2000000000}", r"spec\.replicas: expected an integer from 0 to 1000000"),
        ("{replicas: 1}", r"\(ReplicaSet web\): spec\.template: missing, expected a pod template"),
        (
            "{template: {spec: {containers: [{resources: {requests: {cpu: x}}}]}}}",
            r"spec\.template\.spec\.containers\[0\]\.resources\.requests\.cpu: 'x' is not a",
        ),
    ],
)
def test_malformed_controllers_say_where(tmp_path: Path, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        loaded(tmp_path, controller("ReplicaSet", "apps", spec))

"""Controllers expanded to the pods that they would create."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from schedlab.model.manifests.daemons import daemon_pods
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import Key, SourcedObject
from schedlab.model.manifests.priority import Classes
from schedlab.model.manifests.storage_templates import stateful_claim
from schedlab.model.manifests.templates import NamedPod, stamp, template_hash
from schedlab.model.objects import Node
from schedlab.model.volumes import ClaimVolume

MAX_PODS = 1_000_000
"""More pods than this of one controller are taken for a mistake."""

TEMPLATE_HASH = "pod-template-hash"
FINISHED = ("Complete", "Failed")


def expand(obj: SourcedObject, nodes: Sequence[Node], classes: Classes) -> list[NamedPod]:
    """Return the pods of a controller, in order, with the labels that it adds.

    A StatefulSet's pods bear the names that they have in a cluster; others end in the
    controller's short name and a number (``web-deploy-0``), a DaemonSet's in the node.

    Raises
    ------
    InputError
        If a field is malformed, with its path.
    """
    if obj.kind == "DaemonSet":
        return daemon_pods(obj, nodes, classes)
    return _EXPAND[obj.kind](obj.key, obj.field, classes)


def _deployment(key: Key, controller: Field, classes: Classes) -> list[NamedPod]:
    labels = {TEMPLATE_HASH: template_hash(controller["spec"]["template"])}
    return _replicas(key, controller, classes, "deploy", labels)


def _replica_set(key: Key, controller: Field, classes: Classes) -> list[NamedPod]:
    return _replicas(key, controller, classes, "rs", {})


def _replication_controller(key: Key, controller: Field, classes: Classes) -> list[NamedPod]:
    return _replicas(key, controller, classes, "rc", {})


def _replicas(
    key: Key, controller: Field, classes: Classes, short: str, labels: Mapping[str, str]
) -> list[NamedPod]:
    spec = controller["spec"]
    named = ((f"{key.name}-{short}-{i}", labels) for i in range(_count(spec["replicas"])))
    return stamp(spec["template"], key.namespace, named, classes)


def _stateful_set(key: Key, controller: Field, classes: Classes) -> list[NamedPod]:
    spec = controller["spec"]
    first = spec["ordinals"]["start"].integer(0)
    revision = f"{key.name}-{template_hash(spec['template'])}"

    def labels(ordinal: int) -> dict[str, str]:
        return {
            "apps.kubernetes.io/pod-index": str(ordinal),
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": f"{key.name}-{ordinal}",
        }

    ordinals = range(first, first + _count(spec["replicas"]))
    named = ((f"{key.name}-{i}", labels(i)) for i in ordinals)
    pods = stamp(spec["template"], key.namespace, named, classes)
    return [_with_claims(pod, spec["volumeClaimTemplates"]) for pod in pods]


def _with_claims(pod: NamedPod, templates: Field) -> NamedPod:
    name, spec, node = pod
    claims = (
        stateful_claim(t["metadata"]["name"].text(), name.rpartition("/")[2])
        for t in templates.items()
    )
    volumes = (*spec.volumes, *(ClaimVolume(c) for c in claims))
    return name, replace(spec, volumes=volumes), node


def _job(key: Key, controller: Field, classes: Classes) -> list[NamedPod]:
    status = controller["status"]
    conditions = status["conditions"].items()
    if any(c["type"].value in FINISHED and c["status"].value == "True" for c in conditions):
        return []
    return _run(key, controller["spec"], status["succeeded"].integer(0), "job", classes)


def _cron_job(key: Key, controller: Field, classes: Classes) -> list[NamedPod]:
    if controller["spec"]["suspend"].flag():
        return []
    return _run(key, controller["spec"]["jobTemplate"]["spec"], 0, "cronjob", classes)


def _run(key: Key, spec: Field, succeeded: int, short: str, classes: Classes) -> list[NamedPod]:
    """Return the pods that a job starts with: as many as may run at once and are needed."""
    count = _count(spec["parallelism"])
    if spec["completions"].present:
        count = min(count, max(0, spec["completions"].integer() - succeeded))
    if spec["suspend"].flag():
        count = 0
    indexed = spec["completionMode"].choice(("NonIndexed", "Indexed"), "NonIndexed") == "Indexed"
    job = {"batch.kubernetes.io/job-name": key.name, "job-name": key.name}

    def labels(index: int) -> dict[str, str]:
        return {**job, "batch.kubernetes.io/job-completion-index": str(index)} if indexed else job

    named = ((f"{key.name}-{short}-{i}", labels(i)) for i in range(count))
    return stamp(spec["template"], key.namespace, named, classes)


def _count(field: Field) -> int:
    return field.integer(1, high=MAX_PODS)


_EXPAND: Mapping[str, Callable[[Key, Field, Classes], list[NamedPod]]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "ReplicationController": _replication_controller,
    "StatefulSet": _stateful_set,
    "Job": _job,
    "CronJob": _cron_job,
}

CONTROLLERS = frozenset({*_EXPAND, "DaemonSet"})

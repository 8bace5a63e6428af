"""Pod objects and pod templates."""

from __future__ import annotations

from schedlab.model.manifests.affinity import (
    preferred_node_terms,
    preferred_pod_terms,
    required_node_terms,
    required_pod_terms,
)
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.gangs import gang_ref
from schedlab.model.manifests.gpu import gpu_request
from schedlab.model.manifests.objects import Manifest, describe, namespace_of
from schedlab.model.manifests.priority import SYSTEM_CLASSES, Classes, priority
from schedlab.model.manifests.resources import pod_requests
from schedlab.model.manifests.scheduling import (
    host_ports,
    images,
    spread_constraint,
    toleration,
)
from schedlab.model.manifests.storage_pods import pod_volumes
from schedlab.model.objects import NOT_STARTED, PodSpec


def pod_from_manifest(
    manifest: Manifest, where: str = "", classes: Classes = SYSTEM_CLASSES
) -> tuple[str, PodSpec, str]:
    """Return the name, the spec and the node of a Kubernetes Pod object.

    What the API server would have filled in is filled in.  The name is
    ``namespace/name``.  ``spec.nodeName`` is the third value ("" if unset) and not part of
    the spec: to have a *waiting* pod ask for a node by name, put it into the spec with
    ``dataclasses.replace(spec, node_name=node)``.  ``where`` begins every error message;
    ``classes`` resolve ``priorityClassName``.

    Raises
    ------
    InputError
        If a field is malformed, with its path.
    """
    pod = Field(manifest, where or describe({"kind": "Pod", **manifest}))
    metadata = pod["metadata"]
    name = f"{namespace_of(metadata)}/{metadata['name'].text()}"
    return name, pod_spec(pod, classes), pod["spec"]["nodeName"].text("")


def pod_spec(pod: Field, classes: Classes) -> PodSpec:
    """Return what scheduling reads of a pod, or of a pod template."""
    metadata, spec = pod["metadata"], pod["spec"]
    if not spec["containers"].items():
        raise spec["containers"].expected("at least one container")
    labels, affinity = metadata["labels"].strings(), spec["affinity"]
    near, apart = affinity["podAffinity"], affinity["podAntiAffinity"]
    requests = pod_requests(pod)
    value, policy = priority(spec, classes)
    return PodSpec(
        namespace=namespace_of(metadata),
        labels=tuple(labels.items()),
        requests=requests.amounts,
        nonzero=requests.nonzero,
        nonzero_placed=requests.nonzero_placed,
        priority=value,
        node_selector=tuple(sorted(spec["nodeSelector"].strings().items())),
        required_node_terms=required_node_terms(affinity),
        preferred_node_terms=preferred_node_terms(affinity),
        tolerations=tuple(toleration(t) for t in spec["tolerations"].items()),
        spread=tuple(spread_constraint(c) for c in spec["topologySpreadConstraints"].items()),
        required_affinity=required_pod_terms(near, labels),
        required_anti_affinity=required_pod_terms(apart, labels),
        preferred_affinity=preferred_pod_terms(near, labels),
        preferred_anti_affinity=preferred_pod_terms(apart, labels),
        host_ports=host_ports(spec),
        images=images(spec),
        gpu=gpu_request(metadata),
        volumes=pod_volumes(pod),
        resource_claims=tuple(c["name"].text() for c in spec["resourceClaims"].items()),
        scheduling_gates=tuple(g["name"].text() for g in spec["schedulingGates"].items()),
        preemption_policy=policy,
        terminating=metadata["deletionTimestamp"].present,
        gang=gang_ref(spec),
        preempted=metadata["deletionTimestamp"].present and _evicted_by_scheduler(pod["status"]),
    )


def started(pod: Field) -> int:
    """Return when a pod started in seconds since 1970, NOT_STARTED where it has not."""
    stamp = pod["status"]["startTime"]
    return stamp.timestamp() if stamp.present else int(NOT_STARTED)


def _evicted_by_scheduler(status: Field) -> bool:
    """Say what podTerminatingByPreemption says of a pod that is being deleted."""
    targets = (c for c in status["conditions"].items() if c["type"].text("") == "DisruptionTarget")
    first = next(targets, None)
    if first is None:
        return False
    return (first["status"].value, first["reason"].value) == ("True", "PreemptionByScheduler")

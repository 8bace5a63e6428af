"""Gangs: what Workload objects (scheduling.k8s.io/v1alpha1) say of the pods that refer to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.objects import Gang, PodSpec

Groups = Mapping[tuple[str, str], int | None]
"""By namespace and ``workload/group``: the pods that must run together, None: any number."""


def gang_ref(spec: Field) -> Gang | None:
    """Return the gang that a pod refers to; how many must run together is not known yet.

    Pods of a group with different replica keys are different gangs.
    """
    ref = spec["workloadRef"]
    if not ref.present:
        return None
    group = f"{ref['name'].text()}/{ref['podGroup'].text()}"
    replica = ref["podGroupReplicaKey"].text("")
    return Gang(f"{group}/{replica}" if replica else group)


def pod_groups(workloads: Iterable[SourcedObject]) -> Groups:
    """Return the pod groups of Workloads with their policies.

    Raises
    ------
    InputError
        If a group is there twice, or states not one policy, or a minCount below 1.
    """
    groups: dict[tuple[str, str], int | None] = {}
    seen: dict[tuple[str, str], str] = {}
    for workload in workloads:
        for group in workload.field["spec"]["podGroups"].items():
            key = workload.key.namespace, f"{workload.key.name}/{group['name'].text()}"
            if key in seen:
                raise group.error(
                    f"group {key[1]!r} of namespace {key[0]!r} is already at {seen[key]}; "
                    "remove or rename one"
                )
            seen[key], groups[key] = str(group), _least(group["policy"])
    return groups


def _least(policy: Field) -> int | None:
    gang, basic = policy["gang"], policy["basic"]
    if gang.present == basic.present:
        raise policy.expected("one of basic and gang")
    return gang["minCount"].integer(low=1) if gang.present else None


def joined(spec: PodSpec, groups: Groups) -> PodSpec:
    """Return the spec with how many pods of its gang must run together.

    A pod whose Workload or group is not there waits, as Kubernetes has it.
    """
    if spec.gang is None:
        return spec
    name = "/".join(spec.gang.name.split("/")[:2])
    if (spec.namespace, name) not in groups:
        return spec
    least = groups[spec.namespace, name]
    return replace(spec, gang=None if least is None else Gang(spec.gang.name, least))

"""Tolerations, topology spread, host ports and images of a pod spec."""

from __future__ import annotations

from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.selectors import label_selector
from schedlab.model.objects import HostPort, Toleration, TopologySpreadConstraint

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
MAX_PORT = 65535


def toleration(field: Field) -> Toleration:
    """Return one toleration; an empty key must go with Exists."""
    key = field["key"].text("")
    operator = field["operator"].choice(("Equal", "Exists"), "Equal")
    if not key and operator != "Exists":
        raise field["operator"].expected("Exists, as the key is empty")
    value = field["value"].text("")
    if value and operator == "Exists":
        raise field["value"].expected("no value, as the operator is Exists")
    effect = field["effect"]
    return Toleration(key, operator, value, effect.choice(EFFECTS) if effect.value else "")


def spread_constraint(field: Field) -> TopologySpreadConstraint:
    """Return one topology spread constraint, with the defaults of its policies."""
    policies = ("Honor", "Ignore")
    return TopologySpreadConstraint(
        max_skew=field["maxSkew"].integer(low=1),
        topology_key=field["topologyKey"].text(),
        when_unsatisfiable=field["whenUnsatisfiable"].choice(("DoNotSchedule", "ScheduleAnyway")),
        selector=label_selector(field["labelSelector"]),
        min_domains=field["minDomains"].integer(1, low=1),
        node_affinity_policy=field["nodeAffinityPolicy"].choice(policies, "Honor"),
        node_taints_policy=field["nodeTaintsPolicy"].choice(policies, "Ignore"),
        match_label_keys=field["matchLabelKeys"].texts(),
    )


def host_ports(spec: Field) -> tuple[HostPort, ...]:
    """Return the ports that a pod takes of its node.

    Those of ordinary init containers are not reserved, those of sidecars are
    (scheduler/util/utils.go, GetHostPorts).
    """
    host_network = spec["hostNetwork"].flag()
    containers = [*filter(is_sidecar, spec["initContainers"].items()), *spec["containers"].items()]
    found = (_host_port(p, host_network) for c in containers for p in c["ports"].items())
    return tuple(p for p in found if p is not None)


def is_sidecar(init_container: Field) -> bool:
    """Say whether an init container goes on running beside the containers."""
    return bool(init_container["restartPolicy"].text("") == "Always")


def images(spec: Field) -> tuple[str, ...]:
    """Return the image of every container, init containers first, as nodes list them."""
    containers = [*spec["initContainers"].items(), *spec["containers"].items()]
    return tuple(normalized_image(c["image"].text("")) for c in containers)


def normalized_image(name: str) -> str:
    """Append ``:latest`` unless there is a tag or digest (plugins/imagelocality)."""
    return name if name.rfind(":") > name.rfind("/") else f"{name}:latest"


def _host_port(field: Field, host_network: bool) -> HostPort | None:
    port = field["hostPort"].integer(0, high=MAX_PORT)
    if not port and host_network:
        port = field["containerPort"].integer(low=1, high=MAX_PORT)
    if not port:
        return None
    protocol = field["protocol"].choice(("TCP", "UDP", "SCTP"), "TCP")
    return HostPort(port, protocol, field["hostIP"].text(""))

"""NodePorts (plugins/nodeports/node_ports.go)."""

from __future__ import annotations

from dataclasses import dataclass

from schedlab.api import FilterPlugin, Locality, NodeView, PodSpec, PodView, Reason, Verdict
from schedlab.model.objects import HostPort

ANY_IP = "0.0.0.0"


class NodePorts(FilterPlugin):
    """Filters nodes on which another pod holds one of the pod's host ports."""

    locality = Locality.NODE

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods that take no port of their node."""
        return not pod.spec.host_ports

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Accept nodes without a pod in conflict."""
        conflicts = _Conflicts(pod.spec.host_ports)
        return nodes.sum_placed(conflicts, conflicts) == 0

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason."""
        return (Reason("node(s) didn't have free ports for the requested pod ports"),)


@dataclass(frozen=True)
class _Conflicts:
    """Weighs a placed pod 1 if it holds one of the ``wanted`` ports, else 0."""

    wanted: tuple[HostPort, ...]

    def __call__(self, spec: PodSpec) -> int:
        return int(any(_conflict(w, held) for w in self.wanted for held in spec.host_ports))


def _conflict(one: HostPort, other: HostPort) -> bool:
    """Say whether two ports exclude each other (HostPortInfo.CheckConflict)."""
    if (one.port, one.protocol) != (other.port, other.protocol):
        return False
    return one.host_ip == other.host_ip or ANY_IP in (one.host_ip, other.host_ip)

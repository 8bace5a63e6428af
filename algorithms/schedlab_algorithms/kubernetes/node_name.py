"""NodeName (plugins/nodename/node_name.go)."""

from __future__ import annotations

from schedlab.api import FilterPlugin, Locality, NodeView, PodView, Reason, Verdict
from schedlab.model.objects import NAME_FIELD, Requirement


class NodeName(FilterPlugin):
    """Filters all nodes but the one that the pod names."""

    locality = Locality.SPEC

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods that name no node."""
        return not pod.spec.node_name

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Accept the named node alone."""
        return nodes.match(Requirement(NAME_FIELD, "In", (pod.spec.node_name,)))

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason, which preemption cannot resolve."""
        return (Reason("node(s) didn't match the requested node name", resolvable=False),)

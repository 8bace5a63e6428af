"""NodeUnschedulable (plugins/nodeunschedulable/node_unschedulable.go)."""

from __future__ import annotations

import numpy as np

from schedlab.api import FilterPlugin, Locality, NodeView, PodView, Reason, Verdict
from schedlab.model.objects import Taint

UNSCHEDULABLE = Taint("node.kubernetes.io/unschedulable", "", "NoSchedule")


class NodeUnschedulable(FilterPlugin):
    """Filters cordoned nodes, unless the pod tolerates the taint that stands for it."""

    locality = Locality.SPEC

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes with spec.unschedulable."""
        if any(t.tolerates(UNSCHEDULABLE) for t in pod.spec.tolerations):
            return np.ones(len(nodes), np.bool_)
        return ~nodes.unschedulable

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason, which preemption cannot resolve."""
        return (Reason("node(s) were unschedulable", resolvable=False),)

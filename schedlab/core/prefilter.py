"""A plugin that is heard before nodes are looked at, but not asked about each."""

from __future__ import annotations

import numpy as np

from schedlab.api import FilterPlugin, Locality, NodeView, PodView, Reason, Verdict
from schedlab.model.objects import NAME_FIELD, Requirement


class PreFilterOnly(FilterPlugin):
    """Rejects what the prefilter of ``plugin`` rules out, and nothing else.

    Kubernetes configurations may disable a plugin as a filter and leave it a prefilter.
    """

    locality = Locality.CLUSTER  # a prefilter may read the whole cluster

    plugin: FilterPlugin

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.plugin.name

    def skips_filter(self, pod: PodView) -> bool:
        """Skip pods that the plugin skips."""
        return self.plugin.skips_filter(pod)

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Accept the nodes that the prefilter leaves."""
        known = self.plugin.prefilter(pod, nodes.whole)
        if known is None or (known.nodes is None and not known.reasons):
            return np.ones(len(nodes), np.bool_)
        if known.reasons or known.nodes is None:
            return np.zeros(len(nodes), np.bool_)
        return nodes.match(Requirement(NAME_FIELD, "In", tuple(sorted(known.nodes))))

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason."""
        return (Reason(f"node(s) didn't satisfy plugin {self.name}", resolvable=False),)

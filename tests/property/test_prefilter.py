"""What a prefilter rules out, the filter alone rejects: fast paths ask nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster
from schedlab.core.verdicts import fits
from schedlab.model.objects import NAME_FIELD, NodeSelectorTerm, Requirement, Workload
from schedlab.registry import installed

from .clusters import workloads
from .volumes import workloads as with_volumes

names = st.sampled_from(["n0", "n1", "n2", "ghost"])
fields = st.lists(
    st.builds(
        lambda operator, name: Requirement(NAME_FIELD, operator, (name,)),
        st.sampled_from(["In", "In", "NotIn"]),
        names,
    ),
    max_size=2,
)
terms = st.lists(
    st.builds(lambda f: NodeSelectorTerm(match_fields=tuple(f)), fields), min_size=1, max_size=2
)


@settings(max_examples=150, deadline=None)
@given(workload=st.one_of(workloads(), with_volumes), named=st.none() | terms)
def test_filters_reject_what_prefilters_rule_out(
    workload: Workload, named: list[NodeSelectorTerm] | None
) -> None:
    cluster = Cluster.of(workload)
    for spec in workload.pods.specs:
        asked = spec if named is None else replace(spec, required_node_terms=tuple(named))
        pod, nodes = cluster.pod(cluster.signature(asked)), cluster.view()
        for plugin in installed().make_profile("kubernetes", {}).filters:
            known = None if plugin.skips_filter(pod) else plugin.prefilter(pod, nodes)
            if known is None:
                continue
            outside = np.ones(len(nodes), np.bool_)
            if known.nodes is not None and not known.reasons:
                outside = np.array([n.name not in known.nodes for n in cluster.nodes])
            assert not (fits(plugin, pod, nodes) & outside).any(), plugin.name

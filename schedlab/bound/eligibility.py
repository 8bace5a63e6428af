"""Where each signature may go at all, whatever is placed."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, GpuRequest, Locality, NodeView, PodSpec
from schedlab.core.verdicts import PASS, filter_codes

Mask = NDArray[np.bool_]

BY_NODE_RULES = (
    "SchedulingGates",
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "VolumeZone",
    "DynamicResources",
)
"""Filters that read nothing of a pod but what :func:`_node_rules` returns."""


def eligible(filters: Sequence[FilterPlugin], cluster: Cluster, signature: int) -> Mask:
    """Return the nodes that the filters with locality SPEC accept, shape (N,)."""
    pod, nodes = cluster.pod(signature), cluster.view()
    accepted = np.ones(len(cluster), np.bool_)
    for plugin in filters:
        if plugin.locality is Locality.SPEC and not plugin.skips_filter(pod):
            accepted &= filter_codes(plugin, 0, pod, nodes) == PASS
    return accepted


def eligibility(
    filters: Sequence[FilterPlugin], cluster: Cluster, specs: Sequence[PodSpec]
) -> Mask:
    """Return what specs alone decide, shape (S, N).

    Besides the filters with locality SPEC these are the GPU model and, if one of the
    filters is PodTopologySpread, the presence of the topology keys.
    """
    kinds, kind = eligible_kinds(filters, cluster, specs)
    return kinds[kind]


def eligible_kinds(
    filters: Sequence[FilterPlugin], cluster: Cluster, specs: Sequence[PodSpec]
) -> tuple[Mask, NDArray[np.int64]]:
    """Return the distinct rows of :func:`eligibility` (K, N) and which one each spec has, (S,).

    For many specs that differ in little but their requests: K is small, S times N is not.
    """
    spreads = any(f.name == "PodTopologySpread" for f in filters)
    alike = all(f.name in BY_NODE_RULES for f in filters if f.locality is Locality.SPEC)
    number: dict[Hashable, int] = {}
    kinds: list[Mask] = []
    kind = np.empty(len(specs), np.int64)
    for i, spec in enumerate(specs):
        rules = _node_rules(spec) if alike else spec
        if rules not in number:
            number[rules] = len(kinds)
            accepted = eligible(filters, cluster, cluster.signature(spec))
            accepted &= _has_model(spec.gpu, cluster.view())
            if spreads:
                accepted &= _carries_keys(cluster.view(), spec)
            kinds.append(accepted)
        kind[i] = number[rules]
    return np.array(kinds, np.bool_).reshape(len(kinds), len(cluster)), kind


def _node_rules(spec: PodSpec) -> Hashable:
    """Return what the rules about nodes read of a pod."""
    return (
        bool(spec.scheduling_gates),
        spec.namespace if spec.volumes else "",
        spec.volumes,
        spec.resource_claims,
        spec.node_name,
        spec.node_selector,
        spec.required_node_terms,
        spec.tolerations,
        spec.gpu.models if spec.gpu else (),
        tuple(c.topology_key for c in spec.spread if c.is_hard),
    )


def _carries_keys(nodes: NodeView, spec: PodSpec) -> Mask:
    """Return which nodes have the topology keys of all hard spread constraints, shape (n,)."""
    keys = [c.topology_key for c in spec.spread if c.is_hard]
    every = [np.ones(len(nodes), np.bool_), *(nodes.label(k).present for k in keys)]
    carries: Mask = np.logical_and.reduce(every)
    return carries


def _has_model(request: GpuRequest | None, nodes: NodeView) -> Mask:
    if request is None or not request.models:
        return np.ones(len(nodes), np.bool_)
    model = nodes.gpu_model
    allowed = np.array([*(value in request.models for value in model.values), False])
    return allowed[model.codes]

"""Whom running pods keep off by anti-affinity and host ports, and where the order matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from schedlab.api import Cluster, PodSpec
from schedlab.engine import Profile
from schedlab.model.objects import PodAffinityTerm
from schedlab_algorithms.kubernetes.inter_pod_affinity_counts import RequiredTables
from schedlab_algorithms.kubernetes.inter_pod_affinity_terms import Subject, means
from schedlab_algorithms.packing.arrays import Mask


def one_sided(cluster: Cluster, specs: Sequence[PodSpec]) -> Mask:
    """Return the signatures between which it matters who comes first, shape (S,).

    A namespace selector sees a pod of a namespace that is not known as one without labels
    if that pod is the one to be placed, and not at all if it is there before.
    """
    spaces, found = cluster.view().namespaces, np.zeros(len(specs), np.bool_)
    strangers = [i for i, s in enumerate(specs) if s.namespace not in spaces]
    for i, spec in enumerate(specs):
        for term in _by_namespace(spec):
            for j in strangers:
                views = Subject.placed(specs[j], spaces), Subject.incoming(specs[j], spaces)
                if len({means(term, spec.namespace, v) for v in views}) > 1:
                    found[[i, j]] = True
    return found


def _by_namespace(spec: PodSpec) -> Iterator[PodAffinityTerm]:
    return (t for t in spec.required_anti_affinity if t.namespace_selector is not None)


def kept_off(profile: Profile, cluster: Cluster, spec: PodSpec) -> Mask:
    """Return the nodes that running pods keep a pod off by anti-affinity or host ports, (N,)."""
    pod, nodes = cluster.pod(cluster.signature(spec)), cluster.view()
    off = np.zeros(len(cluster), np.bool_)
    for plugin in profile.filters:
        if plugin.name == "NodePorts" and spec.host_ports:
            off |= plugin.filter(pod, nodes) == 0
        if plugin.name == "InterPodAffinity":
            tables = RequiredTables(pod, nodes)
            for table in (*tables.anti_affinity, *tables.existing_anti_affinity(nodes)):
                off |= table.counts()[table.codes] > 0
    return off

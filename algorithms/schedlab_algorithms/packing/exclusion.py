"""Pods that may not be together: required anti-affinity by topology domain, host ports by node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, PodSpec
from schedlab.engine import Profile
from schedlab.model.objects import HostPort, PodAffinityTerm
from schedlab_algorithms.kubernetes.inter_pod_affinity_counts import KeyTable, RequiredTables
from schedlab_algorithms.kubernetes.inter_pod_affinity_terms import Subject, means, topology_keys
from schedlab_algorithms.kubernetes.node_ports import ANY_IP
from schedlab_algorithms.packing.arrays import Ints, Mask

Masks = tuple[Mask, Mask, Mask]

UNLIMITED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Exclusion:
    """Who may share a topology domain: one ``single`` pod, or any ``owners``, or any ``meant``.

    The anti-affinity term of one pod binds both sides, whoever comes first: a pod that
    states it may not be where another pod is that it means.

    Attributes
    ----------
    domain : int32, shape (N,)
        The node's domain, -1 where it is in none.
    single : bool, shape (S,)
        Signatures that state the term and that it means.
    owners : bool, shape (S,)
        Signatures that state it and that it does not mean.
    meant : bool, shape (S,)
        Signatures that it means and that do not state it.
    """

    domain: NDArray[np.int32]
    single: Mask
    owners: Mask
    meant: Mask

    @cached_property
    def members(self) -> Mask:
        """All whom it concerns, shape (S,)."""
        return self.single | self.owners | self.meant

    @property
    def matters(self) -> bool:
        """Whether any two pods of the batch could be in conflict."""
        both = self.owners.any() and self.meant.any()
        return bool((self.domain >= 0).any() and (self.single.any() or both))

    @property
    def sides(self) -> Masks:
        """Single, owners and meant: no two of them may share a domain."""
        return self.single, self.owners, self.meant

    def most(self, eligible: Mask) -> Ints:
        """Return how many pods of each signature there can be on ``eligible`` (S, N), (S,).

        One in a domain of those that are single.
        """
        most = np.full(len(eligible), UNLIMITED)
        for signature in np.flatnonzero(self.single).tolist():
            codes = np.unique(self.domain[eligible[signature]])
            if not (codes < 0).any():
                most[signature] = len(codes)
        return most

    def blocked(self, signature: int, counts: NDArray[np.int32]) -> Mask:
        """Return the nodes that ``counts`` (S, N) keeps one more pod of a signature off, (N,)."""
        by_side = [side[signature] for side in self.sides]
        if not any(by_side):
            return np.zeros(len(self.domain), np.bool_)
        # A single pod keeps off its like, the others only the other sides.
        against = [side for side, own in zip(self.sides, by_side, strict=True) if not own]
        rivals = np.logical_or.reduce([*against, self.single])
        there = (counts[rivals] > 0).any(axis=0) & (self.domain >= 0)
        taken = np.zeros(int(self.domain.max()) + 2, np.bool_)
        taken[self.domain[there]] = True
        return taken[self.domain]


def anti_affinities(cluster: Cluster, specs: Sequence[PodSpec]) -> tuple[Exclusion, ...]:
    """Return what the required anti-affinity terms of a batch say about the batch itself."""
    codes = np.array([cluster.signature(s) for s in specs], np.int64)
    owners: dict[object, list[int]] = {}
    tables: dict[object, KeyTable] = {}
    stating = [(i, s) for i, s in enumerate(specs) if s.required_anti_affinity]
    for i, spec in stating:
        keys = topology_keys(spec.required_anti_affinity)
        found = RequiredTables(cluster.pod(int(codes[i])), cluster.view()).anti_affinity
        for key, table in zip(keys, found, strict=True):
            terms = tuple(t for t in spec.required_anti_affinity if t.topology_key == key)
            owners.setdefault((spec.namespace, terms), []).append(i)
            tables[spec.namespace, terms] = table
    every = (
        _exclusion(tables[name].codes, tables[name].sums.weights()[codes] > 0, mine)
        for name, mine in owners.items()
    )
    return tuple(e for e in every if e.matters)


def _exclusion(domain: NDArray[np.int32], meant: Mask, owners: Sequence[int]) -> Exclusion:
    stating = np.zeros(len(meant), np.bool_)
    stating[list(owners)] = True
    return Exclusion(domain, stating & meant, stating & ~meant, meant & ~stating)


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


def port_conflicts(specs: Sequence[PodSpec], nodes: int) -> tuple[Exclusion, ...]:
    """Return which host ports of a batch exclude one another on a node.

    Two exclude each other if port and protocol are equal, and the address too or one of
    them is 0.0.0.0 (HostPortInfo.CheckConflict): for each address, those of it and those of
    all addresses.
    """
    held: dict[HostPort, set[int]] = {}
    for i, spec in enumerate(specs):
        for port in spec.host_ports:
            held.setdefault(port, set()).add(i)
    every, nobody = np.arange(nodes, dtype=np.int32), np.zeros(len(specs), np.bool_)
    found = []
    for port in _narrowest(held):
        among = held[port] | held.get(HostPort(port.port, port.protocol, ANY_IP), set())
        single = nobody.copy()
        single[list(among)] = True
        found.append(Exclusion(every, single, nobody, nobody))
    return tuple(found)


def _narrowest(held: dict[HostPort, set[int]]) -> list[HostPort]:
    """Return the ports but those of all addresses that are also asked for at a certain one."""
    narrow = {(p.port, p.protocol) for p in held if p.host_ip != ANY_IP}
    return [p for p in held if p.host_ip != ANY_IP or (p.port, p.protocol) not in narrow]


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

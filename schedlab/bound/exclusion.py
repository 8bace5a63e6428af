"""Pods that may not be together: required anti-affinity by topology domain, host ports by node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, PodSpec
from schedlab.bound.problem import Mask
from schedlab.bound.terms import Meaning, Terms
from schedlab.model.objects import HostPort

Masks = tuple[Mask, Mask, Mask]

ANY_ADDRESS = "0.0.0.0"


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


def exclusions_of(
    filters: Sequence[FilterPlugin], cluster: Cluster, specs: Sequence[PodSpec]
) -> tuple[Exclusion, ...]:
    """Return who of some specs may not share a topology domain, if ``filters`` say so."""
    names = {f.name for f in filters}
    ports = port_conflicts(specs, len(cluster)) if "NodePorts" in names else ()
    apart = anti_affinities(cluster, specs) if "InterPodAffinity" in names else ()
    return (*ports, *apart)


def anti_affinities(cluster: Cluster, specs: Sequence[PodSpec]) -> tuple[Exclusion, ...]:
    """Return what the required anti-affinity terms of some specs say about these specs.

    Pods between which it matters who comes first are not among those that are meant.
    """
    owners: dict[tuple[str, Terms], list[int]] = {}
    for i, spec in enumerate(specs):
        for terms in by_key(spec.required_anti_affinity):
            owners.setdefault((spec.namespace, terms), []).append(i)
    if not owners:
        return ()
    meaning, nodes = Meaning(specs, cluster.namespaces), cluster.view()
    found = []
    for (home, terms), mine in owners.items():
        stating, meant = np.zeros((2, len(specs)), np.bool_)
        stating[mine] = meant[meaning.of_any(terms, home)] = True
        domain = nodes.label(terms[0].topology_key).codes
        found.append(Exclusion(domain, stating & meant, stating & ~meant, meant & ~stating))
    return tuple(e for e in found if e.matters)


def by_key(terms: Terms) -> list[Terms]:
    """Return the terms of each topology key, in order."""
    keys = dict.fromkeys(t.topology_key for t in terms)
    return [tuple(t for t in terms if t.topology_key == key) for key in keys]


def port_conflicts(specs: Sequence[PodSpec], nodes: int) -> tuple[Exclusion, ...]:
    """Return which host ports of some specs exclude one another on a node.

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
        among = held[port] | held.get(HostPort(port.port, port.protocol, ANY_ADDRESS), set())
        single = nobody.copy()
        single[list(among)] = True
        found.append(Exclusion(every, single, nobody, nobody))
    return tuple(found)


def _narrowest(held: dict[HostPort, set[int]]) -> list[HostPort]:
    """Return the ports but those of all addresses that are also asked for at a certain one."""
    narrow = {(p.port, p.protocol) for p in held if p.host_ip != ANY_ADDRESS}
    return [p for p in held if p.host_ip != ANY_ADDRESS or (p.port, p.protocol) not in narrow]


def conflict(one: HostPort, other: HostPort) -> bool:
    """Say whether two ports exclude each other on a node."""
    if (one.port, one.protocol) != (other.port, other.protocol):
        return False
    return one.host_ip == other.host_ip or ANY_ADDRESS in (one.host_ip, other.host_ip)

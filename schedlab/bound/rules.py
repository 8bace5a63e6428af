"""What pods of a batch ask about one another, and about what runs, as far as bounds know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, PodSpec, never
from schedlab.bound.exclusion import Exclusion, by_key, conflict, exclusions_of
from schedlab.bound.problem import Ints, Mask
from schedlab.bound.spread import Spread, spreads_of
from schedlab.bound.terms import Meaning
from schedlab.core.gangs import missing
from schedlab.model.objects import HostPort

Gangs = tuple[tuple[Mask, int], ...]
"""Signatures (bool, shape (S,)) of which so many pods at least are placed, or none."""

MOST_ZONES = 16
"""Up to so many domains of a topology key are kept apart."""

KeptOff = tuple[int, Mask]
"""A signature, and nodes that running pods keep it off, shape (N,)."""


@dataclass(frozen=True)
class PodRules:
    """Rules of a batch about other pods, as far as they hold once all are placed.

    Attributes
    ----------
    exclusions : tuple of Exclusion
        Who of the batch may not share a topology domain.
    admitted : dict of bool, shape (N,), by signature
        Where running pods let it go, if not everywhere.
    gangs : tuple of (bool, shape (S,), int)
        Signatures of which so many pods at least are placed, or none.
    spreads : tuple of Spread
        Where no domain gets far beyond the least, if no pod ever leaves or moves.
    """

    exclusions: tuple[Exclusion, ...] = ()
    admitted: Mapping[int, Mask] = field(default_factory=dict)
    gangs: Gangs = ()
    spreads: tuple[Spread, ...] = ()

    def zones(self, nodes: int) -> Ints:
        """Return the domains of N nodes by which groups are to keep apart, shape (N, Q).

        Those of keys with few domains: the others are added up.
        """
        domains = [*(e.domain for e in self.exclusions), *(s.domain for s in self.spreads)]
        few = {d.tobytes(): d for d in domains if int(d.max(initial=-1)) < MOST_ZONES}
        return np.array([*few.values()], np.int64).reshape(len(few), nodes).T


NO_RULES = PodRules()


def pod_rules(
    filters: Sequence[FilterPlugin],
    cluster: Cluster,
    specs: Sequence[PodSpec],
    cancelled: Callable[[], bool] = never,
) -> PodRules:
    """Read the rules of a batch, as far as ``filters`` hold to them, beside what runs.

    Exclusions and gangs are all read; once ``cancelled()`` is true, no others are.
    """
    admitted: dict[int, Mask] = {}
    for signature, nodes in _kept_off(filters, cluster, specs):
        if cancelled():
            break
        admitted[signature] = admitted.get(signature, True) & ~nodes
    return PodRules(
        exclusions_of(filters, cluster, specs),
        admitted,
        _gangs(cluster, specs),
        spreads_of(filters, cluster, specs, cancelled),
    )


def _kept_off(
    filters: Sequence[FilterPlugin], cluster: Cluster, specs: Sequence[PodSpec]
) -> Iterator[KeptOff]:
    """Yield by anti-affinity and host ports whom running pods keep off where."""
    names = {f.name for f in filters}
    asking = any(s.host_ports or s.required_anti_affinity for s in specs)
    if not asking and not any(s.required_anti_affinity for s in cluster.specs):
        return
    running = _Running(cluster)
    if "NodePorts" in names:
        yield from _by_ports(running, specs)
    if "InterPodAffinity" in names:
        yield from _by_own_terms(running, specs)
        yield from _by_their_terms(running, specs)


class _Running:
    """Which distinct specs run, and on which nodes each."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, log, nodes = cluster, cluster.log, max(len(cluster), 1)
        cell = log.signatures(0).astype(np.int64) * nodes + log.rows(0)
        cells, which = np.unique(cell, return_inverse=True)
        there = cells[np.bincount(which, log.signs(0), minlength=len(cells)) > 0]
        codes, first = np.unique(there // nodes, return_index=True)
        self.specs = [cluster.specs[c] for c in codes.tolist()]
        self.rows: list[Ints] = np.split(there % nodes, first[1:])[: len(codes)]

    def domains(self, positions: Iterable[int], key: str) -> Mask:
        """Return the nodes in whose domain of a topology key one of some specs runs, (N,)."""
        codes: NDArray[np.int32] = self.cluster.view().label(key).codes
        taken = np.zeros(int(codes.max(initial=-1)) + 2, np.bool_)
        for position in positions:
            taken[codes[self.rows[position]]] = True
        taken[-1] = False  # nodes without the key
        return taken[codes]


def _by_ports(running: _Running, specs: Sequence[PodSpec]) -> Iterator[KeptOff]:
    held: dict[HostPort, Mask] = {}
    for spec, rows in zip(running.specs, running.rows, strict=True):
        for port in spec.host_ports:
            held.setdefault(port, np.zeros(len(running.cluster), np.bool_))[rows] = True
    for i, spec in enumerate(specs):
        for port in spec.host_ports:
            yield from ((i, nodes) for other, nodes in held.items() if conflict(port, other))


def _by_own_terms(running: _Running, specs: Sequence[PodSpec]) -> Iterator[KeptOff]:
    meaning = Meaning(running.specs, running.cluster.namespaces)
    for i, spec in enumerate(specs):
        for terms in by_key(spec.required_anti_affinity):
            met = meaning.of_any(terms, spec.namespace)
            if met:
                yield i, running.domains(met, terms[0].topology_key)


def _by_their_terms(running: _Running, specs: Sequence[PodSpec]) -> Iterator[KeptOff]:
    meaning = Meaning(specs, running.cluster.namespaces)
    for position, spec in enumerate(running.specs):
        for terms in by_key(spec.required_anti_affinity):
            nodes = running.domains([position], terms[0].topology_key)
            yield from ((i, nodes) for i in meaning.of_any(terms, spec.namespace))


def _gangs(cluster: Cluster, specs: Sequence[PodSpec]) -> Gangs:
    names = [(s.namespace, s.gang.name) if s.gang else None for s in specs]
    return tuple(
        (np.array([n == name for n in names], np.bool_), least)
        for name, least in missing(cluster, specs).items()
    )

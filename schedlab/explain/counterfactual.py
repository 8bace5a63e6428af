"""What would let a pod fit: the smallest single changes, each verified by all filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from schedlab.core.reference import filter_nodes
from schedlab.core.verdicts import PASS, filter_codes, reasons_of
from schedlab.explain.amounts import written
from schedlab.explain.pairs import pairs
from schedlab.explain.proposals import (
    STRUCTURAL,
    Proposal,
    hard_taints,
    lowered,
    proposals,
    relaxed,
    softened,
    told,
    without_request,
)
from schedlab.explain.relabelled import wanted_labels, with_label
from schedlab.explain.turn import Turn
from schedlab.model.objects import GPU_MILLI, PodSpec

Rows = NDArray[np.int64]

TOO_MANY = "Too many pods"
UNTOLERATED = "node(s) had untolerated taint(s)"

MOST_EVICTIONS = 300
"""How many running pods are tried as the one in the way; the likeliest first."""


@dataclass(frozen=True)
class Change:
    """One change and the rows on which the pod would then fit, ascending.

    ``size`` is comparable: the share of a request that is given up; every change that is
    not a matter of degree counts as half a request, and an eviction as three quarters.
    """

    text: str
    rows: tuple[int, ...]
    size: float = STRUCTURAL


@dataclass(frozen=True)
class Obstacles:
    """Everything that keeps the pod off one node: plugin and reason."""

    row: int
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Counterfactual:
    """What would let a pod fit.

    ``changes`` are verified, the smallest first.  ``untried`` counts running pods that
    were not tried as the one in the way.  ``pairs`` are two changes at once, sought only
    where no single one helps.  ``nearest`` are the nodes with the fewest obstacles.
    """

    changes: tuple[Change, ...]
    pairs: tuple[Change, ...] = ()
    untried: int = 0
    nearest: tuple[Obstacles, ...] = field(default_factory=tuple)


def counterfactual(turn: Turn) -> Counterfactual:
    """Return the single changes that would let the pod fit somewhere."""
    spec = turn.cluster.specs[turn.signature]
    found = [c for p in _all_proposals(turn, spec) if (c := _tried(turn, p))]
    evictions, untried = _evictions(turn)
    every = [*found, *_labels(turn, spec), *evictions]
    changes = _smallest_first(every)
    return Counterfactual(changes, () if changes else _pairs(turn, spec), untried, _nearest(turn))


def _smallest_first(changes: list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda c: (c.size, -len(c.rows))))


def _pairs(turn: Turn, spec: PodSpec) -> tuple[Change, ...]:
    tried = pairs(
        turn,
        spec,
        second=partial(_all_proposals, turn),
        room=partial(_room, turn),
        fits=partial(_fitting, turn),
    )
    return _smallest_first([c for p in tried if (c := _tried(turn, p))])


def _tried(turn: Turn, proposal: Proposal) -> Change | None:
    rows = _fitting(turn, proposal.spec)
    return Change(proposal.text, tuple(rows.tolist()), proposal.size) if len(rows) else None


def _fitting(turn: Turn, spec: PodSpec) -> Rows:
    """Return the rows on which a pod of another spec would fit, by all filters."""
    signature = turn.cluster.signature(spec)
    return filter_nodes(turn.profile, turn.cluster, signature).feasible


def _all_proposals(turn: Turn, spec: PodSpec) -> Iterator[Proposal]:
    yield from _smaller_requests(turn, spec)
    yield from _wider_spread(turn, spec)
    yield from proposals(spec, turn.cluster)


def _smaller_requests(turn: Turn, spec: PodSpec) -> Iterator[Proposal]:
    """Propose the largest request of each resource that fits where nothing else is amiss."""
    for resource, asked in spec.requests:
        rows = _fitting(turn, without_request(spec, resource))
        if not asked or not len(rows):
            continue
        room = int(_room(turn, resource, rows).max())
        if room < asked:
            yield lowered(spec, resource, max(room, 0))


def _room(turn: Turn, resource: str, rows: Rows) -> Rows:
    """Return what a pod could get of a resource on each row (of a GPU: on one device)."""
    cluster = turn.cluster
    if resource == GPU_MILLI and cluster.device_free.shape[1]:
        return cluster.device_free[rows].max(axis=1)
    at = cluster.resource(resource)
    free: Rows = cluster.allocatable[rows, at] - cluster.requested[rows, at]
    return free


def _wider_spread(turn: Turn, spec: PodSpec) -> Iterator[Proposal]:
    """Propose the least maxSkew that fits, or to make the constraint a wish."""
    for i, constraint in enumerate(spec.spread):
        if not constraint.is_hard or not len(_fitting(turn, softened(spec, i).spec)):
            continue
        low, high = constraint.max_skew, constraint.max_skew + int(turn.cluster.pod_count.sum()) + 1
        if not len(_fitting(turn, relaxed(spec, i, high).spec)):
            yield softened(spec, i)
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if len(_fitting(turn, relaxed(spec, i, middle).spec)):
                high = middle
            else:
                low = middle
        yield relaxed(spec, i, high)


def _labels(turn: Turn, spec: PodSpec) -> Iterator[Change]:
    """Yield the labels that would make the first otherwise fitting node fit."""
    for (key, value), without in wanted_labels(spec):
        for row in _fitting(turn, without)[:1].tolist():
            rows = _fitting(with_label(turn, row, (key, value)), spec)
            if row in rows:
                text = f"label the node {turn.node(row)} with {key}={value}"
                yield Change(text, tuple(rows.tolist()))


# -- pods in the way -------------------------------------------------------------------


def _evictions(turn: Turn) -> tuple[list[Change], int]:
    """Return the running pods without which the pod would fit, and how many were not tried."""
    numbers = _in_the_way(turn)
    tried = numbers[:MOST_EVICTIONS]
    changes = [c for number in tried if (c := _evicted(turn, number))]
    return changes, len(numbers) - len(tried)


def _in_the_way(turn: Turn) -> list[int]:
    """Return one pod of each kind on each rejected node, the likeliest first.

    Likely is a pod without which its node has the resources; then the least priority.
    """
    running, cluster = turn.cluster.running, turn.cluster
    rejected = np.flatnonzero(turn.found.codes != PASS)
    if turn.found.rejected_by is not None or not len(rejected):
        return []
    numbers = running.ranked(rejected)
    rows = np.broadcast_to(rejected[:, None], numbers.shape)[numbers >= 0]
    numbers = numbers[numbers >= 0]
    if not len(numbers):
        return []
    signatures = running.signature(numbers)
    _, distinct = np.unique(np.stack([rows, signatures]), axis=1, return_index=True)
    rows, numbers, signatures = rows[distinct], numbers[distinct], signatures[distinct]
    pod = cluster.pod(turn.signature)
    freed = np.array([cluster.pod(s).requests for s in signatures.tolist()])
    room = (cluster.allocatable - cluster.requested)[rows] + freed
    lacks = ((room < pod.requests) & (pod.requests > 0)).any(axis=1)
    order = np.lexsort((numbers, running.priority(numbers), lacks))
    likely: list[int] = numbers[order].tolist()
    return likely


def _evicted(turn: Turn, number: int) -> Change | None:
    cluster, running = turn.cluster, turn.cluster.running
    one = np.array([number])
    row, signature = running.row(number), int(running.signature(one)[0])
    devices = int(running.devices(one)[0])
    with running.unaware():
        cluster.remove(signature, row, devices)
        rows = filter_nodes(turn.profile, cluster, turn.signature).feasible
        cluster.place(signature, row, devices)
    if not len(rows):
        return None
    spec = cluster.specs[signature]
    text = (
        f"remove the pod {turn.pod_name(number)} (priority {spec.priority}) from {turn.node(row)}"
    )
    return Change(text, tuple(rows.tolist()), 0.75)


# -- when no single change helps ---------------------------------------------------------


def _nearest(turn: Turn, most: int = 3) -> tuple[Obstacles, ...]:
    """Return the nodes with the fewest obstacles, and all of these."""
    against = _obstacles(turn)
    order = sorted(range(len(against)), key=lambda row: (len(against[row]), row))
    return tuple(Obstacles(row, tuple(against[row])) for row in order[:most] if against[row])


def _obstacles(turn: Turn) -> list[list[tuple[str, str]]]:
    """Return, for each row, every filter's reasons against it."""
    pod, nodes = turn.cluster.pod(turn.signature), turn.cluster.view()
    against: list[list[tuple[str, str]]] = [[] for _ in range(len(turn.cluster))]
    for plugin in turn.profile.filters:
        if plugin.skips_filter(pod):
            continue
        codes = filter_codes(plugin, 0, pod, nodes)
        for row in np.flatnonzero(codes != PASS).tolist():
            reasons = reasons_of(int(codes[row]), plugin, pod)
            against[row] += [(plugin.name, _in_detail(turn, row, r.text)) for r in reasons]
    return against


def _in_detail(turn: Turn, row: int, reason: str) -> str:
    """Return a reason with the taints it is about, or what there is of what is short."""
    if reason == UNTOLERATED:
        tolerations = turn.cluster.specs[turn.signature].tolerations
        taints = hard_taints(turn.cluster.nodes[row].taints, tolerations)
        return f"{reason}: {', '.join(told(t) for t in taints)}"
    if reason == TOO_MANY:
        count, allowed = turn.cluster.pod_count[row], turn.cluster.allowed_pods[row]
        return f"{reason} ({count} of {allowed})"
    resource = reason.removeprefix("Insufficient ")
    if resource not in turn.cluster.resources or resource == reason:
        return reason
    asked = turn.cluster.specs[turn.signature].request(resource)
    at = turn.cluster.resource(resource)
    free = int(turn.cluster.allocatable[row, at] - turn.cluster.requested[row, at])
    return f"{reason} (free {written(resource, max(free, 0))} of {written(resource, asked)})"

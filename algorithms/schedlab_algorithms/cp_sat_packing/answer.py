"""From counts back to pods: who goes where, in an order in which everyone is legal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schedlab.api import Budget, Cluster, Placement, PodBatch
from schedlab.engine import FilterScore
from schedlab_algorithms.cp_sat_packing.search import Search
from schedlab_algorithms.cp_sat_packing.sequence import sequence


def placement_of(search: Search, pods: PodBatch, start: Placement) -> Placement:
    """Return a search's incumbent as a placement.

    First come the pods that stay, in the order of ``start``; then pods without spread
    constraints; then those with, each legal at its turn; the unplaced ones last.
    """
    placement = Placement.empty(len(pods))
    stays = start.sequence[~search.movable[pods.signature[start.sequence]]]
    order = stays[start.node[stays] >= 0].tolist()
    placement.node[order], placement.devices[order] = start.node[order], start.devices[order]
    queues = _queues(pods)
    masks = {key: iter(held) for key, held in search.incumbent.masks.items()}
    for signature, node in _moves(search):
        pod = next(queues[signature])
        placement.node[pod] = node
        if (signature, node) in masks:
            placement.devices[pod] = next(masks[signature, node])
        order.append(pod)
    left = np.flatnonzero(placement.node < 0).tolist()
    placement.sequence = np.array([*order, *left], np.int64)
    return placement


def put(cluster: Cluster, pods: PodBatch, placement: Placement) -> None:
    """Place on the cluster what a placement of the batch places, in its order."""
    known = np.array([cluster.signature(s) for s in pods.specs], np.int32)
    signatures = known[pods.signature]
    turns = placement.sequence[placement.node[placement.sequence] >= 0]
    plain = turns[placement.devices[turns] == 0]
    cluster.place_many(signatures[plain], placement.node[plain])
    for pod in turns[placement.devices[turns] > 0].tolist():
        cluster.place(int(signatures[pod]), int(placement.node[pod]), int(placement.devices[pod]))


def fill(
    cluster: Cluster, pods: PodBatch, placement: Placement, scheduler: FilterScore, budget: Budget
) -> None:
    """Let ``scheduler`` place what still fits until nothing does, and note why not.

    One pass is not enough: a pod that is placed can lift the minimum that a spread
    constraint held another one to.
    """
    while len(left := np.flatnonzero(placement.node < 0)):
        rest = PodBatch(pods.specs, pods.signature[left], [pods.names[i] for i in left.tolist()])
        found = scheduler.schedule(cluster, rest, budget)
        placement.node[left], placement.devices[left] = found.node, found.devices
        placement.failure[left], placement.failures = found.failure, found.failures
        turns = left[found.sequence]
        newly = placement.node[turns] >= 0
        placement.sequence[len(pods) - len(left) :] = np.concatenate([turns[newly], turns[~newly]])
        if not newly.any():
            return


def _moves(search: Search) -> Iterator[tuple[int, int]]:
    """Yield (signature, node) for every movable pod that is placed, in a legal order."""
    counts, plain = search.incumbent.counts, search.movable.copy()
    for part in search.parts:
        plain[part.owners] = False
    signatures, nodes = np.nonzero(np.where(plain[:, None], counts, 0))
    repeats = counts[signatures, nodes].tolist()
    for signature, node, times in zip(signatures.tolist(), nodes.tolist(), repeats, strict=True):
        yield from [(signature, node)] * times
    for part in search.parts:
        ordered = sequence(part, counts)
        assert ordered is not None, "an accepted placement can be sequenced"
        yield from ordered


def _queues(pods: PodBatch) -> list[Iterator[int]]:
    """Return each signature's pods in arrival order."""
    order = np.argsort(pods.signature, kind="stable")
    starts = np.searchsorted(pods.signature[order], np.arange(1, len(pods.specs)))
    return [iter(pods_alike.tolist()) for pods_alike in np.split(order, starts)]

"""From counts back to pods: who goes where, in an order in which everyone is legal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from schedlab.api import Budget, Cluster, Failure, Placement, PodBatch
from schedlab.engine import FilterScore
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.names import some_of
from schedlab_algorithms.packing.sequence import sequence
from schedlab_algorithms.packing.work import Work

NO_TIME = Failure("", "there was no time to look for a node", 0)


def placement_of(work: Work, pods: PodBatch) -> Placement:
    """Return the incumbent of a work as a placement.

    First come the pods that stay, in the order of the start; then pods without spread
    constraints; then those with, each legal at its turn; the unplaced ones last.
    """
    placement, start = Placement.empty(len(pods)), work.start.placement
    stays = start.sequence[~work.movable[pods.signature[start.sequence]]]
    stays = stays[start.node[stays] >= 0]
    placement.node[stays], placement.devices[stays] = start.node[stays], start.devices[stays]
    alike = _pods_alike(pods)
    held = work.movable & _owns_no_spread(work)
    plain = _place_counts(placement, work, held, alike)
    rest = {s: iter(a.tolist()) for s, a in enumerate(alike) if not held[s]}
    ordered = [_place_next(placement, rest[s], n, masks) for s, n, masks in _in_turn(work)]
    placed = np.concatenate([stays, plain, np.array(ordered, np.int64)])
    placement.sequence = np.concatenate([placed, np.flatnonzero(placement.node < 0)])
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

    Once the budget is cancelled, what is left is not looked at.

    One pass is not enough: a pod that is placed can lift the minimum that a spread
    constraint held another one to.
    """
    while len(left := np.flatnonzero(placement.node < 0)):
        if budget.cancelled():
            placement.failure[left], placement.failures = 0, [(NO_TIME,)]
            return
        found = scheduler.schedule(cluster, some_of(pods, left), budget)
        placement.node[left], placement.devices[left] = found.node, found.devices
        placement.failure[left], placement.failures = found.failure, found.failures
        turns = left[found.sequence]
        newly = placement.node[turns] >= 0
        placement.sequence[len(pods) - len(left) :] = np.concatenate([turns[newly], turns[~newly]])
        if not newly.any():
            return


def _owns_no_spread(work: Work) -> Mask:
    plain = np.ones(len(work.movable), np.bool_)
    for part in work.parts:
        plain[part.owners] = False
    return plain


def _place_counts(placement: Placement, work: Work, which: Mask, alike: list[Ints]) -> Ints:
    """Give the pods of some signatures the nodes that the incumbent has for them."""
    placed = [np.empty(0, np.int64)]
    for signature in np.flatnonzero(which).tolist():
        counts = work.incumbent.counts[signature]
        nodes = np.repeat(np.arange(len(counts)), counts)
        pods = alike[signature][: len(nodes)]
        placement.node[pods] = nodes
        if work.incumbent.problem.gpu_count[signature]:
            masks = (work.incumbent.masks[signature, n] for n in np.flatnonzero(counts).tolist())
            placement.devices[pods] = [mask for held in masks for mask in held]
        placed.append(pods)
    return np.concatenate(placed)


def _in_turn(work: Work) -> Iterator[tuple[int, int, Iterator[int]]]:
    """Yield (signature, node, masks) for each pod with spread constraints, in a legal order."""
    masks = {key: iter(held) for key, held in work.incumbent.masks.items()}
    for part in work.parts:
        ordered = sequence(part, work.incumbent.counts)
        assert ordered is not None, "an accepted placement can be sequenced"
        yield from ((s, n, masks.get((s, n), iter(()))) for s, n in ordered)


def _place_next(placement: Placement, queue: Iterator[int], node: int, masks: Iterator[int]) -> int:
    pod = next(queue)
    placement.node[pod], placement.devices[pod] = node, next(masks, 0)
    return pod


def _pods_alike(pods: PodBatch) -> list[Ints]:
    """Return each signature's pods in arrival order."""
    order = np.argsort(pods.signature, kind="stable")
    starts = np.searchsorted(pods.signature[order], np.arange(1, len(pods.specs)))
    return np.split(order, starts)[: len(pods.specs)]

"""From counts back to pods: who goes where, in an order in which everyone is legal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from schedlab.api import Budget, Cluster, Failure, Placement, PodBatch
from schedlab.engine import FilterScore
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.names import some_of
from schedlab_algorithms.packing.sequence import Turn, sequence
from schedlab_algorithms.packing.work import Work

NO_TIME = Failure("", "there was no time to look for a node", 0)


def placement_of(work: Work, pods: PodBatch) -> Placement:
    """Return the incumbent of a work as a placement.

    First come pods that others with the same affinity follow, then those that stay, in the
    order of the start; then pods without spread constraints and affinity; then those with,
    each legal at its turn; the unplaced ones last.
    """
    placement, start = Placement.empty(len(pods)), work.start.placement
    stays = start.sequence[~work.movable[pods.signature[start.sequence]]]
    stays = stays[start.node[stays] >= 0]
    placement.node[stays], placement.devices[stays] = start.node[stays], start.devices[stays]
    alike = _pods_alike(pods)
    held = work.movable & _owns_no_order(work)
    plain = _place_counts(placement, work, held, alike)
    rest = {s: iter(a.tolist()) for s, a in enumerate(alike) if not held[s]}
    masks = {key: iter(mask) for key, mask in work.incumbent.masks.items()}
    first, then = (_place_turns(placement, turns, rest, masks) for turns in _orders(work))
    placed = np.concatenate([first, stays, plain, then])
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


def _owns_no_order(work: Work) -> Mask:
    """Return the signatures that state neither spread constraints nor affinity terms, (S,)."""
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


def _orders(work: Work) -> tuple[list[Turn], list[Turn]]:
    """Return who of those with spread constraints or affinity come first, and who last."""
    first, then = list[Turn](), list[Turn]()
    for part in work.parts:
        ordered = sequence(part, work.incumbent.counts)
        assert ordered is not None, "an accepted placement can be sequenced"
        first += ordered.first
        then += ordered.then
    return first, then


def _place_turns(
    placement: Placement,
    turns: Sequence[Turn],
    rest: Mapping[int, Iterator[int]],
    masks: Mapping[tuple[int, int], Iterator[int]],
) -> Ints:
    """Give the next pod of each signature the node of its turn, and return the pods."""
    pods = np.array([next(rest[signature]) for signature, _ in turns], np.int64)
    placement.node[pods] = [node for _, node in turns]
    placement.devices[pods] = [next(masks.get(turn, iter(())), 0) for turn in turns]
    return pods


def _pods_alike(pods: PodBatch) -> list[Ints]:
    """Return each signature's pods in arrival order."""
    codes = pods.signature.astype(np.min_scalar_type(len(pods.specs)))
    order = np.argsort(codes, kind="stable")  # of short integers ten times as fast
    starts = np.searchsorted(pods.signature[order], np.arange(1, len(pods.specs)))
    return np.split(order, starts)[: len(pods.specs)]

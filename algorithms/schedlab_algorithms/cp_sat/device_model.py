"""GPU shares in the model of a scope: each fits on one device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.model import PackingModel
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.devices import (
    ShareClass,
    canonical_order,
    devices_in,
    masks_of,
    share_classes,
)
from schedlab_algorithms.packing.incumbent import Masks


@dataclass(frozen=True)
class NodeShares:
    """Shares by class on each device of node ``j``; device p of the model is ``order[p]``."""

    j: int
    order: NDArray[np.intp]
    positions: dict[ShareClass, list[int]]
    shares: dict[ShareClass, list[cp_model.IntVar]]


def add_devices(model: PackingModel) -> list[NodeShares]:
    """Let the pods with GPUs take shares of devices, and bound each device."""
    classes = share_classes(model.incumbent.problem, model.scope.signatures)
    added: list[NodeShares] = []
    for j in range(len(model.scope.nodes)):
        there = {c: model.on_node(j, among)[0] for c, among in classes.items()}
        present = {c: positions for c, positions in there.items() if positions}
        if present:
            added.append(_add_node(model, j, present))
    return added


def masks_in(model: PackingModel, added: Sequence[NodeShares], values: Sequence[int]) -> Masks:
    """Return the device masks of a solution by (signature, node)."""
    masks: Masks = {}
    for node in added:
        for share, variables in node.shares.items():
            _deal(model, node, share, variables, values, masks)
    return masks


def _deal(
    model: PackingModel,
    node: NodeShares,
    share: ShareClass,
    variables: Sequence[cp_model.IntVar],
    values: Sequence[int],
    masks: Masks,
) -> None:
    slots = [int(node.order[p]) for p, v in enumerate(variables) for _ in range(values[v.index])]
    pods = [
        int(model.scope.signatures[i])
        for i in node.positions[share]
        for _ in range(values[model.x[i, node.j].index])
    ]
    counts = model.incumbent.problem.gpu_count[pods].tolist() if pods else []
    row = int(model.scope.nodes[node.j])
    for signature, mask in zip(pods, masks_of(share, slots, counts), strict=True):
        masks.setdefault((signature, row), []).append(mask)


def _add_node(model: PackingModel, j: int, positions: dict[ShareClass, list[int]]) -> NodeShares:
    free = model.room.devices[j]
    held = {share: _held(model, j, among) for share, among in positions.items()}
    load = sum((share.milli * h for share, h in held.items()), np.zeros_like(free))
    order = canonical_order(free, load)
    shares = {
        share: _add_shares(model, j, share, among, free[order], held[share][order])
        for share, among in positions.items()
    }
    _bound_devices(model, shares, free[order])
    return NodeShares(j, order, positions, shares)


def _held(model: PackingModel, j: int, positions: Sequence[int]) -> Ints:
    """Return how many shares the lifted pods of a class hold on each device, shape (D,)."""
    held = np.zeros(model.room.devices.shape[1], np.int64)
    node = int(model.scope.nodes[j])
    for signature in model.scope.signatures[positions].tolist():
        for mask in model.incumbent.masks.get((signature, node), []):
            held[devices_in(mask)] += 1
    return held


def _add_shares(
    model: PackingModel, j: int, share: ShareClass, positions: list[int], free: Ints, held: Ints
) -> list[cp_model.IntVar]:
    room = np.maximum(free, 0) // share.milli
    shares = [model.hinted.integer(0, int(r), int(h)) for r, h in zip(room, held, strict=True)]
    pods = [model.x[i, j] for i in positions]
    counts = model.incumbent.problem.gpu_count[model.scope.signatures[positions]].tolist()
    taken = cp_model.LinearExpr.weighted_sum(pods, counts)
    model.hinted.model.add(cp_model.LinearExpr.sum(shares) == taken)
    if share.apart > 1:
        for variable in shares:
            model.hinted.model.add(variable <= cp_model.LinearExpr.sum(pods))
    return shares


def _bound_devices(
    model: PackingModel, shares: dict[ShareClass, list[cp_model.IntVar]], free: Ints
) -> None:
    """Keep each device within its room; loads of devices that are free alike descend."""
    milli = [share.milli for share in shares]
    loads = [
        cp_model.LinearExpr.weighted_sum(list(on_device), milli)
        for on_device in zip(*shares.values(), strict=True)
    ]
    for p, load in enumerate(loads):
        if len(milli) > 1:
            model.hinted.model.add(load <= int(max(free[p], 0)))
        if p and free[p] == free[p - 1]:
            model.hinted.model.add(load <= loads[p - 1])

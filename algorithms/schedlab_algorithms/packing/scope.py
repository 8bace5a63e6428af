"""A part of the problem that is freed and packed anew: some signatures on some nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import copies
from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.incumbent import Incumbent


@dataclass(frozen=True)
class Scope:
    """Which signatures (m,) on which nodes (k,) are decided again.

    ``drain`` (bool, shape (k,)) marks nodes that should lose load when nothing else is to
    be won, so that a later round can empty them.
    """

    signatures: Ints
    nodes: Ints
    drain: Mask


@dataclass(frozen=True)
class Room:
    """What a scope has to give once its pods are lifted.

    Attributes
    ----------
    placed : int32, shape (m, k)
        The pods lifted, which is where the model starts from.
    free : int64, shape (k, R)
    slots : int64, shape (k,)
    devices : int64, shape (k, D)
    supply : int64, shape (m,)
        Lifted and unplaced pods.
    most : int64, shape (m, k)
        How many pods of a signature a node could take if it got no others.
    opens : bool, shape (k,)
        Nodes that hold no other pods, so that they may end up unused.
    """

    placed: NDArray[np.int32]
    free: Ints
    slots: Ints
    devices: Ints
    supply: Ints
    most: Ints
    opens: Mask


def lift(incumbent: Incumbent, scope: Scope) -> Room:
    """Return the room of a scope; the incumbent is not changed."""
    problem, nodes, signatures = incumbent.problem, scope.nodes, scope.signatures
    placed = incumbent.counts[np.ix_(signatures, nodes)]
    slots = incumbent.slots[nodes] + placed.sum(axis=0)
    free = incumbent.free[nodes] + placed.T.astype(np.int64) @ problem.requests[signatures]
    devices = incumbent.devices[nodes] + _taken(incumbent, scope)
    supply = incumbent.unplaced[signatures] + placed.sum(axis=1)
    room = np.maximum(free, 0)
    fits = [copies(problem, s, room, slots, devices) for s in signatures.tolist()]
    most = np.minimum(np.reshape(fits, placed.shape), supply[:, None])
    return Room(
        placed=placed,
        free=room,
        slots=slots,
        devices=devices,
        supply=supply,
        most=np.where(problem.eligible[np.ix_(signatures, nodes)], most, 0),
        opens=~problem.occupied[nodes] & (slots == problem.slots[nodes]),
    )


def _taken(incumbent: Incumbent, scope: Scope) -> Ints:
    """Return the device thousandths that the scope's pods hold, shape (k, D)."""
    with_gpu = scope.signatures[incumbent.problem.gpu_count[scope.signatures] > 0].tolist()
    taken = np.zeros((len(scope.nodes), incumbent.devices.shape[1]), np.int64)
    for position, node in enumerate(scope.nodes.tolist()):
        for signature in with_gpu:
            if (signature, node) in incumbent.masks:
                taken[position] += incumbent.taken(signature, node)
    return taken

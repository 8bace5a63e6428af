"""Which pods of a node are in the way of another one."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.packing.arrays import Ints, Mask
from schedlab_algorithms.packing.incumbent import Incumbent, Pod


def victims(incumbent: Incumbent, among: Mask, signature: int, node: int) -> list[Pod] | None:
    """Return pods ``among`` signatures (bool, shape (S,)) without which another one fits.

    The largest first, and few rather than many: devices that are nearly free are cleared
    first, then whatever covers most of what is still short.  None where even removing all is
    not enough.
    """
    guests = incumbent.pods_on(node, among)
    chosen = _on_devices(incumbent, guests, signature, node)
    if chosen is None:
        return None
    chosen = _for_resources(incumbent, guests, chosen, signature, node)
    if chosen is None:
        return None
    size = incumbent.problem.dominant_share
    return sorted((guests[i] for i in chosen), key=lambda pod: (-size[pod[0]], pod))


def _on_devices(
    incumbent: Incumbent, guests: list[Pod], signature: int, node: int
) -> list[int] | None:
    """Return positions in ``guests`` of those to remove so that enough devices have room."""
    problem = incumbent.problem
    count, milli = int(problem.gpu_count[signature]), int(problem.gpu_milli[signature])
    free, chosen = incumbent.devices[node].copy(), list[int]()
    for device in np.argsort(-free, kind="stable").tolist() if count else []:
        if (free >= milli).sum() >= count:
            break
        for i in _lightest(incumbent, guests, device):
            if free[device] >= milli:
                break
            if i not in chosen:
                chosen.append(i)
                _release(incumbent, guests[i], free)
    return chosen if (free >= milli).sum() >= count else None


def _lightest(incumbent: Incumbent, guests: list[Pod], device: int) -> list[int]:
    """Return the positions of the guests on a device, those with the fewest devices first."""
    there = [i for i, (_, _, mask) in enumerate(guests) if mask >> device & 1]
    return sorted(there, key=lambda i: (guests[i][2].bit_count(), i))


def _release(incumbent: Incumbent, pod: Pod, free: Ints) -> None:
    signature, _, mask = pod
    for device in range(mask.bit_length()):
        if mask >> device & 1:
            free[device] += incumbent.problem.gpu_milli[signature]


def _for_resources(
    incumbent: Incumbent, guests: list[Pod], chosen: list[int], signature: int, node: int
) -> list[int] | None:
    """Add guests to ``chosen`` until no resource is short."""
    problem = incumbent.problem
    request = problem.requests[signature]
    taken = np.array([problem.requests[s] for s, _, _ in guests], np.int64)
    taken = taken.reshape(len(guests), len(request))
    short = np.where(request > 0, request - incumbent.free[node], 0) - taken[chosen].sum(axis=0)
    slots = 1 - int(incumbent.slots[node]) - len(chosen)
    chosen = list(chosen)
    while (short > 0).any() or slots > 0:
        left = [i for i in range(len(guests)) if i not in chosen]
        if not left:
            return None
        need = np.maximum(short, 0)
        cover = (np.minimum(taken[left], need) / np.maximum(need, 1)).sum(axis=1)
        size = problem.dominant_share[[guests[i][0] for i in left]]
        best = left[int(np.lexsort((size, -cover))[0])]
        if (short > 0).any() and not cover.any():
            return None
        chosen.append(best)
        short, slots = short - taken[best], slots - 1
    return chosen

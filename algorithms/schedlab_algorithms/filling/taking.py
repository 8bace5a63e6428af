"""Who gets what, where several want the same and there is not enough of it."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.packing.arrays import Ints, Mask


def granted(wanted: Ints, there: Ints) -> Mask:
    """Return which wishes are granted in their order while there is enough, shape (n,).

    ``wanted`` (n,) are items, ``there`` (I,) how many there are of each.
    """
    order = np.argsort(wanted, kind="stable")
    sorted_wishes = wanted[order]
    rank = np.empty(len(wanted), np.int64)
    rank[order] = np.arange(len(wanted)) - np.searchsorted(sorted_wishes, sorted_wishes)
    return rank < there[wanted]

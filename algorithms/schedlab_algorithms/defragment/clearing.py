"""Which pods must leave a node's GPU devices before another one finds enough of them."""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.defragment.floor import Floor
from schedlab_algorithms.packing.arrays import Ints
from schedlab_algorithms.packing.devices import devices_in


def on_devices(floor: Floor, kind: int, row: int, there: Ints) -> Ints | None:
    """Return the fewest tenants of ``there`` (on the row) that must go for its devices' sake.

    The devices that the fewest need to leave are cleared; from each those go that free most.
    None where even all of them would not be enough.  Pods on several devices may be counted
    for each, so that another choice can be better.
    """
    kinds, where = floor.tenants.kinds, floor.tenants
    count, milli = int(kinds.gpu_count[kind]), int(kinds.gpu_milli[kind])
    free = floor.cluster.device_free[row]
    needed: list[tuple[int, int, list[int]]] = []
    for device in np.flatnonzero(free >= 0).tolist():
        on_it = [t for t in there.tolist() if device in devices_in(int(where.devices[t]))]
        on_it.sort(key=lambda t: (-int(kinds.gpu_milli[where.kind[t]]), t))
        left, gone = int(free[device]), list[int]()
        while left < milli and on_it:
            gone.append(on_it.pop(0))
            left += int(kinds.gpu_milli[where.kind[gone[-1]]])
        if left >= milli:
            needed.append((len(gone), device, gone))
    if len(needed) < count:
        return None
    chosen = {t for _, _, gone in sorted(needed)[:count] for t in gone}
    return np.array(sorted(chosen), np.int64)

"""What the free GPU and cpu of a node are worth to the pods of the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView
from schedlab.model.objects import CPU, GPU_MILLI
from schedlab.model.typical import PodKind, pod_kinds
from schedlab_algorithms.gpu_share import WHOLE
from schedlab_algorithms.shadow_price.cutting_stock import fill_worth, share_prices

Ints = NDArray[np.int64]

UNIT = 5040
"""What a whole device is worth: divisible by 1 to 10, as prices tend to be simple fractions."""

MODEST = 0.1
"""The share of the demand, by price, that is content with the lower of the two cpu needs."""


@dataclass(frozen=True)
class Worth:
    """The worth of a node: the devices' own, as far as there is cpu to make use of it.

    ``device[free]`` is the worth of one device with ``free`` thousandths, shape (1002,); the
    last entry, which index -1 reaches, is for no device.  ``cpu_needs`` are milli-cores
    for a whole device's worth of pods: of an average one, and of a modest one.
    """

    device: Ints
    cpu_needs: tuple[int, int]

    @classmethod
    def of(cls, nodes: NodeView) -> Worth:
        """Return the worth by the prices of the cluster's history."""
        kinds = [k for k in pod_kinds(nodes.history) if k.gpu.count]
        device = device_worth(kinds)
        return cls(device, cpu_needs(kinds, device, nodes))

    def __call__(self, devices: Ints, cpu: Ints) -> Ints:
        """Return the worth of nodes by their devices' worth and free milli-cores, shape (n,).

        ½ Σ min(devices, cpu / need) over the two needs, times a constant, exactly.
        """
        average, modest = self.cpu_needs
        scaled = cpu * UNIT
        return modest * np.minimum(devices * average, scaled) + average * np.minimum(
            devices * modest, scaled
        )


def device_worth(kinds: list[PodKind]) -> Ints:
    """Return the worth of one device by its free thousandths, shape (1002,); see ``Worth``."""
    shares = [k for k in kinds if k.gpu.milli < WHOLE]
    worth = np.zeros(WHOLE + 2, np.int64)
    if shares:
        worth[: WHOLE + 1] = _share_worth(shares)
    worth[WHOLE] = UNIT
    return worth


def _share_worth(shares: list[PodKind]) -> Ints:
    """Return the most that shares are worth that fit into 0, 1, ..., 1000 thousandths."""
    milli = np.array([k.gpu.milli for k in shares], np.int64)
    sizes, of = np.unique(milli, return_inverse=True)
    demand = np.bincount(of, [k.count * k.gpu.count for k in shares]).astype(np.float64)
    step = int(np.gcd.reduce(sizes, initial=WHOLE))
    prices = share_prices(sizes // step, demand, WHOLE // step)
    worth, _ = fill_worth(sizes // step, np.rint(UNIT * prices), WHOLE // step)
    capped = np.minimum(worth, UNIT).astype(np.int64)
    return capped.repeat(step)[: WHOLE + 1]


def cpu_needs(kinds: list[PodKind], device: Ints, nodes: NodeView) -> tuple[int, int]:
    """Return the milli-cores per device's worth of an average pod and of a modest one.

    The average is at most what half of the devices come with: idle nodes should not pass
    for short of cpu.
    """
    often = np.array([k.count for k in kinds], np.int64)
    cpu = np.array([k.cpu for k in kinds], np.int64)
    price = np.array([k.gpu.count * device[k.gpu.milli] for k in kinds], np.int64)
    priced = price > 0
    if not priced.any():
        return 1, 1
    average = UNIT * int(often @ cpu) / int(often @ price)
    need = UNIT * cpu[priced] / price[priced]
    modest = _quantile(need, (often * price)[priced], MODEST)
    affordable = min(average, _cpu_by_device(nodes))
    return max(int(affordable), 1), max(int(modest), 1)


def _cpu_by_device(nodes: NodeView) -> float:
    """Return the median over all devices of their node's milli-cores per device."""
    whole = nodes.whole
    if GPU_MILLI not in whole.resources:
        return np.inf
    devices = whole.allocatable[:, whole.resource(GPU_MILLI)] // WHOLE
    having = devices > 0
    if not having.any():
        return np.inf
    cpu = whole.allocatable[having, whole.resource(CPU)] / devices[having]
    return _quantile(cpu, devices[having], 0.5)


def _quantile(values: NDArray[np.number], weights: Ints, part: float) -> float:
    """Return the least value up to which ``part`` of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, part * reached[-1])])

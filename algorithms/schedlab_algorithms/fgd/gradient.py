"""By how much a pod lowers a node's fragmentation, and FGD's integer score of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodView
from schedlab.model.objects import CPU
from schedlab_algorithms.fgd.fragmentation import TypicalPods, fragments
from schedlab_algorithms.fgd.shape import free_cpu
from schedlab_algorithms.gpu_share import WHOLE, is_share, tightest_devices

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_SCORE = -1


@dataclass(frozen=True)
class States:
    """Some nodes as FGD sees them: free cpu (n,), free thousandths (n, D), model code (n,)."""

    cpu: Ints
    free: Ints
    model: NDArray[np.int32]

    @classmethod
    def of(cls, nodes: NodeView) -> States:
        """Return the nodes of a view."""
        return cls(free_cpu(nodes), nodes.device_free, nodes.gpu_model.codes)

    @classmethod
    def of_any_model(cls, nodes: NodeView) -> States:
        """Return the nodes of a view where models make no difference: all count as the first."""
        return cls(free_cpu(nodes), nodes.device_free, np.zeros(len(nodes), np.int32))

    @property
    def whole(self) -> Ints:
        """The number of wholly free devices of each, shape (n,)."""
        number: Ints = (self.free == WHOLE).sum(axis=1)
        return number

    def rows(self, rows: Ints) -> States:
        """Return some of them."""
        return States(self.cpu[rows], self.free[rows], self.model[rows])


def sigmoid_score(delta: Floats) -> Ints:
    """Return trunc(100 sigmoid(ΔF)), ``delta`` being ΔF in thousandths of a device."""
    return (100 * (1 / (1 + np.exp(-delta / 1000)))).astype(np.int64)


def scores_by_device(typical: TypicalPods, pod: PodView, states: States) -> Ints:
    """Return the score of a share on each device, NO_SCORE without room, shape (n, D).

    As the simulator computes it; slow.
    """
    request, devices = pod.spec.gpu, states.free.shape[1]
    assert request is not None
    after = states.free[:, None, :] - request.milli * np.eye(devices, dtype=np.int64)
    delta = _delta(typical, pod, states, after)
    return np.where(states.free >= request.milli, sigmoid_score(delta), NO_SCORE)


def scores(typical: TypicalPods, pod: PodView, states: States) -> Ints:
    """Return the score under the best choice of devices, shape (n,).

    As the simulator computes it; slow.
    """
    request, devices = pod.spec.gpu, states.free.shape[1]
    if request is not None and is_share(request):
        return scores_by_device(typical, pod, states).max(axis=1, initial=NO_SCORE)
    after = states.free
    if request is not None:
        taken = tightest_devices(request, states.free)[:, None] >> np.arange(devices) & 1
        after = states.free - request.milli * taken
    return sigmoid_score(_delta(typical, pod, states, after[:, None, :])[:, 0])


def _delta(typical: TypicalPods, pod: PodView, states: States, after: Ints) -> Floats:
    """Return F as it is minus F under each of C choices of devices (n, C, D), shape (n, C)."""
    choices = after.shape[1]
    left = states.cpu - pod.spec.request(CPU)
    both = fragments(
        typical,
        np.concatenate([states.cpu, left.repeat(choices)]),
        np.concatenate([states.free, after.reshape(len(left) * choices, after.shape[2])]),
        np.concatenate([states.model, states.model.repeat(choices)]),
    )
    before, then = both[: len(left)], both[len(left) :]
    return before[:, None] - then.reshape(len(left), choices)

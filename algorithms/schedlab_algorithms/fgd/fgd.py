"""FGD: the node and the device whose fragmentation grows the least (section 4 of the paper)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import DevicePlugin, Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab_algorithms.fgd import gradient
from schedlab_algorithms.fgd.fragmentation import TypicalPods
from schedlab_algorithms.fgd.gradient import States
from schedlab_algorithms.fgd.gradient_tables import GradientTables, PodGradient
from schedlab_algorithms.fgd.usable import Usable
from schedlab_algorithms.gpu_share import WHOLE, is_share, tightest_devices

Ints = NDArray[np.int64]


class Fgd(ScorePlugin, DevicePlugin):
    """Descends the gradient of fragmentation.

    The score is trunc(100 sigmoid(ΔF)), ΔF by how many devices' worth the pod lowers the
    node's fragmentation F.  A share goes to the device of the highest score, the first on
    ties; several devices, or a whole one, are the tightest that fit.
    """

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Return the score under the best choice of devices, 0 to 100, shape (n,)."""
        fast = pod.memo(self, "gradient", lambda: _gradient(pod, nodes))
        if fast is not None:
            return fast.scores(nodes)
        return gradient.scores(_typical(nodes), pod, States.of(nodes))

    def choose(self, pod: PodView, nodes: NodeView) -> Ints:
        """Return the devices that the score is about, as bit masks, shape (n,)."""
        request = pod.spec.gpu
        assert request is not None
        if not is_share(request):
            return tightest_devices(request, nodes.device_free)
        fast = pod.memo(self, "gradient", lambda: _gradient(pod, nodes))
        if fast is not None:
            scores = fast.scores_by_device(nodes)
        else:
            scores = gradient.scores_by_device(_typical(nodes), pod, States.of(nodes))
        return np.int64(1) << scores.argmax(axis=1)


def _typical(nodes: NodeView) -> TypicalPods:
    return nodes.shared(TypicalPods, lambda: TypicalPods.of(nodes))


def _gradient(pod: PodView, nodes: NodeView) -> PodGradient | None:
    """Return scores from tables, None for the rare pods of several shares, which have none."""
    request, typical = pod.spec.gpu, _typical(nodes)
    several_shares = request is not None and request.count > 1 and request.milli < WHOLE
    if several_shares or not Usable.applies(typical):
        return None
    tables = nodes.shared(GradientTables, lambda: GradientTables.of(nodes, typical))
    return PodGradient(tables, pod)

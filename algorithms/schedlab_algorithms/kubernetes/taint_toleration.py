"""TaintToleration (plugins/tainttoleration/taint_toleration.go)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
    normalize_max_reversed,
)
from schedlab.model.objects import PodSpec, Taint, Toleration


class TaintToleration(FilterPlugin, ScorePlugin):
    """Filters nodes with untolerated taints; ranks by untolerated PreferNoSchedule taints."""

    locality = Locality.SPEC

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        """Reject nodes with a NoSchedule or NoExecute taint that the pod does not tolerate."""
        return tolerated(pod, nodes)

    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        """Return the one reason, which preemption cannot resolve."""
        return (Reason("node(s) had untolerated taint(s)", resolvable=False),)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        """Count the PreferNoSchedule taints that the pod does not tolerate."""
        soft = tuple(t for t in pod.spec.tolerations if t.effect in ("", "PreferNoSchedule"))
        return _by_taint_set(nodes, lambda taints: _untolerated(taints, soft, "PreferNoSchedule"))

    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        """Scale to 100..0 by the maximum."""
        return normalize_max_reversed(raw, low, high)


def tolerated(pod: PodView, nodes: NodeView) -> NDArray[np.bool_]:
    """Return which nodes have no NoSchedule or NoExecute taint against the pod, shape (n,)."""
    return _by_taint_set(nodes, lambda taints: hard_taints(taints, pod.spec)) == 0


def hard_taints(taints: tuple[Taint, ...], spec: PodSpec) -> int:
    """Count the NoSchedule and NoExecute taints that ``spec`` does not tolerate."""
    return _untolerated(taints, spec.tolerations, "NoSchedule", "NoExecute")


def _untolerated(
    taints: tuple[Taint, ...], tolerations: tuple[Toleration, ...], *effects: str
) -> int:
    return sum(
        not any(toleration.tolerates(taint) for toleration in tolerations)
        for taint in taints
        if taint.effect in effects
    )


def _by_taint_set(nodes: NodeView, count: Callable[[tuple[Taint, ...]], int]) -> Scores:
    codes, sets = nodes.taint_sets
    return np.array([count(taints) for taints in sets], np.int64)[codes]

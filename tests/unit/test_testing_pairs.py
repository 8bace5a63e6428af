"""The contract kit finds answers about pairs that are not those about pods one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schedlab.api import (
    FilterPlugin,
    Locality,
    NodeView,
    PodsView,
    PodView,
    ScorePlugin,
    Scores,
    Verdict,
)
from schedlab.testing import check


class MilliLeft(ScorePlugin):
    """Prefers nodes with much cpu left."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.free[:, 0] - int(pod.requests[0])

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores | None:
        return nodes.free[:, 0] - pods.requests[:, 0]


class ForgetsThePod(MilliLeft):
    """Leaves out what the pod itself asks for."""

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores:
        return nodes.free[:, 0].copy()


class ReadsTheCluster(MilliLeft):
    """Reads what is there in fact, and not what is assumed."""

    def score_each(self, pods: PodsView, nodes: NodeView) -> Scores:
        free = nodes.whole.free[:, 0]
        return (
            np.resize(free.repeat(max(len(nodes) // len(free), 1)), len(nodes))
            - (pods.requests[:, 0])
        )


class RoomForAll(FilterPlugin):
    """Accepts where there is cpu left, but for pairs everywhere."""

    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.free[:, 0] > 0

    def filter_each(self, pods: PodsView, nodes: NodeView) -> Verdict:
        return np.ones(len(nodes), np.bool_)


def failed(plugin: Any) -> dict[str, str]:
    return {f.check: f.message for f in check(plugin) if f.bad}


@pytest.mark.parametrize("plugin", [ForgetsThePod(), ReadsTheCluster(), RoomForAll()])
def test_other_answers_about_pairs_are_named(plugin: Any) -> None:
    assert f"{plugin.name}." in failed(plugin)["pairs"]


def test_honest_answers_pass() -> None:
    assert failed(MilliLeft()) == {}

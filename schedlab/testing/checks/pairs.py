"""The check of pairs: pods beside nodes, as stretches of unequal pods are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from schedlab.api import Cluster, NodeView, Plugin, PodsView
from schedlab.core.ahead.pairs import after_one_more
from schedlab.core.log import NotLocalError
from schedlab.core.verdicts import ask_each
from schedlab.testing.ask import Exam, Ints, ask, is_asked
from schedlab.testing.check import Broken
from schedlab.testing.checks.shortcuts import overrides
from schedlab.testing.scene import Scene

METHODS = {"filter": "filter_each", "score": "score_each"}


def check_pairs(plugin: Plugin, exam: Exam) -> None:
    """Pods beside nodes are answered as each pod on its node alone."""
    for scene in exam.scenes:
        for method, each in METHODS.items():
            if overrides(plugin, each):
                _check_scene(plugin, method, scene)


def _check_scene(plugin: Plugin, method: str, scene: Scene) -> None:
    cluster = scene.cluster()
    asked = [s for s in _signatures(cluster, scene) if is_asked(plugin, method, cluster.pod(s))]
    rows = np.arange(len(cluster)).repeat(len(asked))
    pods = PodsView.of(cluster, np.tile(np.array(asked, np.int64), len(cluster)))
    for nodes, fact in _situations(scene, cluster, rows):
        try:
            together = _answers(plugin, method, pods, nodes)
        except NotLocalError:
            return
        alone = [_alone(plugin, method, fact, signature) for signature in asked]
        if not np.array_equal(together.reshape(len(cluster), len(asked)), np.array(alone).T):
            raise Broken(
                f"{plugin.name}.{METHODS[method]} answers otherwise than {method}() (in "
                f"{scene.label}): {together.tolist()} is not {np.array(alone).T.tolist()} (a row "
                "a node, with a column a pod)",
                f"compute both from one function, or leave out {METHODS[method]}()",
            )


def _situations(scene: Scene, cluster: Cluster, rows: Ints) -> Iterator[tuple[NodeView, Cluster]]:
    """Yield nodes as they are, and with one more pod in thought; beside them the same in fact."""
    yield cluster.view(rows), cluster
    for more in _signatures(cluster, scene):
        fact = scene.cluster()
        for row in range(len(fact)):
            fact.place(more, row)
        yield after_one_more(cluster, rows, np.full(len(rows), more)), fact


def _signatures(cluster: Cluster, scene: Scene) -> list[int]:
    return [cluster.signature(spec) for spec in scene.specs if spec.gpu is None]


def _answers(plugin: Any, method: str, pods: PodsView, nodes: NodeView) -> Ints:
    """Return whether each pod fits, or its score, from the pairs."""
    if method == "filter":
        return (~ask_each([plugin], [], pods, nodes)[1]).astype(np.int64)
    return ask_each([], [(plugin, 1)], pods, nodes)[0]


def _alone(plugin: Any, method: str, cluster: Cluster, signature: int) -> Ints:
    """Return the same of all nodes for one pod."""
    answer = ask(plugin, method, cluster.pod(signature), cluster.view())
    return (answer == 0).astype(np.int64) if method == "filter" else answer

"""The check of skipping, which is asked once for each spec and cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

from schedlab.api import Cluster, FilterPlugin, PodSpec, ScorePlugin
from schedlab.core.verdicts import extremes, normalized
from schedlab.testing.ask import Exam, ask, rows_shown, told
from schedlab.testing.builders import put
from schedlab.testing.check import Broken

KINDS = {"filter": FilterPlugin, "score": ScorePlugin}


def check_skips(plugin: Any, exam: Exam) -> str:
    """Whether a pod is skipped is a bool, and depends on its spec, whatever is placed."""
    matters = set()
    for scene in exam.scenes:
        cluster, busy = scene.holding(()).cluster(), scene.cluster()
        for spec in scene.specs:
            for method in (m for m, kind in KINDS.items() if isinstance(plugin, kind)):
                before = _skips(plugin, method, cluster, spec)
                put(busy, spec, 0)
                _require_equal(plugin, method, spec, before, _skips(plugin, method, busy, spec))
                if before and _would_matter(plugin, method, busy, spec):
                    matters.add(method)
    told_of = " and ".join(f"{m}()" for m in sorted(matters))
    return f"skips pods about which {told_of} would not be indifferent" if matters else ""


def _skips(plugin: Any, method: str, cluster: Cluster, spec: PodSpec) -> bool:
    pod = cluster.pod(cluster.signature(spec))
    answer = plugin.skips_filter(pod) if method == "filter" else plugin.skips_score(pod)
    if not isinstance(answer, bool):
        raise Broken(
            f"{plugin.name}.skips_{method} returned {answer!r} for {told(spec)}",
            "return True or False",
        )
    return answer


def _require_equal(plugin: Any, method: str, spec: PodSpec, before: bool, after: bool) -> None:
    if before != after:
        raise Broken(
            f"{plugin.name}.skips_{method} answered {before}, then {after} for {told(spec)}",
            "it is asked once for each spec: let it depend on pod.spec and the arguments alone",
        )


def _would_matter(plugin: Any, method: str, cluster: Cluster, spec: PodSpec) -> bool:
    """Say whether the answer on a skipped pod tells nodes apart; not where there is none."""
    pod = cluster.pod(cluster.signature(spec))
    rows = rows_shown(plugin, "filter" if method == "filter" else "score", cluster, pod)
    if not len(rows):
        return False
    try:
        answer = ask(plugin, method, pod, cluster.view(rows))
    except Exception:  # It is never asked about such a pod, and need not have an answer.
        return False
    if method == "filter":
        return bool(answer.any())
    return len(np.unique(normalized(plugin, answer, *extremes(answer)))) > 1

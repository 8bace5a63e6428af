"""One answer of each plugin of the kubernetes profile, about all rows and about one."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from schedlab.api import Cluster, FilterPlugin, Plugin, ScorePlugin
from schedlab.registry import installed
from schedlab.testing.ask import ask, is_asked

PROFILE = installed().make_profile("kubernetes", {})
ASKED: list[tuple[Plugin, str]] = [
    *((p, "filter") for p in PROFILE.filters if isinstance(p, FilterPlugin)),
    *((p, "score") for p, _ in PROFILE.scores if isinstance(p, ScorePlugin)),
]


@pytest.mark.parametrize("rows", ["all", "one"])
@pytest.mark.parametrize(("plugin", "method"), ASKED, ids=[f"{p.name}-{m}" for p, m in ASKED])
def test_answer(
    benchmark: BenchmarkFixture, cluster: Cluster, plugin: Plugin, method: str, rows: str
) -> None:
    pod = cluster.pod(0)
    if not is_asked(plugin, method, pod):
        pytest.skip("says nothing about such a pod")
    chosen = None if rows == "all" else np.array([7])
    benchmark(lambda: ask(plugin, method, pod, cluster.view(chosen)))

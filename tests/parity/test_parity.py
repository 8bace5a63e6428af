"""Every answer of the real kube-scheduler, to the last integer.

For each pending pod of each scenario: what rejected it or narrowed the nodes, which plugin
rejected each node first and why, raw and normalised scores, totals, all best nodes, the
volumes and the preemption.  The fast paths choose the recorded nodes, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from schedlab.api import Budget, Cluster
from schedlab.core.filter_score import FilterScore
from schedlab.explain import answer
from schedlab.explain.source import profile_of
from schedlab.model.scenario import load_scenario
from schedlab.registry import installed

from .recorded import FAMILIES, counted, differences, expected_of, recorded

SHOWN = 12
SAMPLED = 6
"""The default tier holds the fast paths against each sixth scenario, the slow one all."""


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_as_kube_scheduler(shared: Path, family: str) -> None:
    files, pods, wrong = recorded(shared, family), 0, {}
    for file in files:
        expected = expected_of(file)
        pods += len(expected["pods"])
        scenario = load_scenario(file)
        told = answer(profile_of(scenario, installed()), scenario.workload)
        found = list(differences(expected, told))
        if found:
            wrong[file.stem[:3]] = found
    right = len(files) - len(wrong)
    counted[family] = right, len(files), pods
    lines = [f"{number}: {line}" for number, found in wrong.items() for line in found]
    assert files
    assert not wrong, (
        f"{family}: {right} of {len(files)} scenarios right; {len(lines)} differences, in "
        + " ".join(wrong)
        + "".join(f"\n{line}" for line in lines[:SHOWN])
    )


@pytest.mark.parametrize("path", ["run", "incremental"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_sample_goes_where_kube_scheduler_put_it(
    shared: Path, family: str, path: Literal["run", "incremental"]
) -> None:
    places(recorded(shared, family)[::SAMPLED], path)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["run", "incremental", "reference"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_pod_goes_where_kube_scheduler_put_it(
    shared: Path, family: str, path: Literal["run", "incremental", "reference"]
) -> None:
    places(recorded(shared, family), path)


def places(files: list[Path], path: Literal["run", "incremental", "reference"]) -> None:
    """Assert that the batch scheduler chooses the recorded node of every pod."""
    wrong = []
    for file in files:
        scenario, expected = load_scenario(file), expected_of(file)
        scheduler = FilterScore(profile=profile_of(scenario, installed()), path=path)
        cluster = Cluster.of(scenario.workload)
        placed = scheduler.schedule(cluster, scenario.workload.pods, Budget()).node.tolist()
        if placed != chosen(expected["pods"]):
            wrong.append(file.stem[:3])
    assert files
    assert not wrong, f"other nodes chosen in {' '.join(wrong)}"


def chosen(pods: list[dict[str, Any]]) -> list[int]:
    """Return each pod's recorded node, -1 for none or if a later pod evicted it."""
    evicted = {v for p in pods for v in p.get("preemption", {}).get("victims", ())}
    gone = (p["chosen"] is None or p["pod"] in evicted for p in pods)
    return [-1 if g else p["chosen"] for g, p in zip(gone, pods, strict=True)]

"""The packaged suites of published experiments ask what the experiments asked."""

from __future__ import annotations

from itertools import product

import pytest

from schedlab.config.suite import Suite, load_suite
from schedlab.registry import installed
from schedlab_workloads.priority_matters import PriorityMatters

SIZES = {
    "ladder": [(5_000, 50_000)],
    "ladder-large": [(10_000, 300_000)],
    "ladder-distinct": [(5_000, 150_000)],
    "tiers-128": [(128, 1_024), (128, 1_024)],
    "pod-rules": [(8, 48), (32, 192), (128, 768), (100, 600)],
    "flow": [(12_500, 150_000)],
    "defragment": [(2_000, 60)],
}
"""Nodes and pods of each workload."""

SECONDS = {
    "ladder": 10,
    "ladder-large": 15,
    "ladder-distinct": 10,
    "openb-overload": 60,
    "priority-matters": 1,
    "tiers-128": 10,
    "pod-rules": 10,
    "defragment": 15,
}


def suite(name: str) -> Suite:
    return load_suite(name, installed())


@pytest.mark.parametrize("name", SIZES)
def test_a_suite_has_workloads_of_the_published_size(name: str) -> None:
    registry = installed()
    built = [registry.make_workload(w.name, w.args).build(0) for w in suite(name).workloads]
    assert [(len(w.nodes), len(w.pods)) for w in built] == SIZES[name]


@pytest.mark.parametrize("name", SECONDS)
def test_schedulers_have_so_long_and_no_other_limit_of_their_work(name: str) -> None:
    budget = suite(name).budget
    assert budget.seconds == SECONDS[name]
    assert budget.effort >= 10 * SECONDS[name]


def test_every_cell_of_priority_matters_is_there_under_its_own_label() -> None:
    cells = {}
    for workload in suite("priority-matters").workloads:
        source = installed().make_workload(workload.name, workload.args)
        assert isinstance(source, PriorityMatters)
        key = (source.nodes, source.pods_per_node, source.priorities, source.usage)
        cells[key] = source
        nodes, pods, priorities, usage = key
        assert (
            workload.label
            == f"nodes{nodes}-pods{pods}-prio{priorities}-usage{usage:.2f}".replace(".", "")
        )
    assert set(cells) == set(product((4, 8, 16, 32), (4, 8), (1, 2, 4), (0.9, 0.95, 1.0, 1.05)))
    assert all(source.contested == (source.usage < 1) for source in cells.values())


def test_priority_matters_is_judged_beside_the_default_scheduler() -> None:
    default = next(s for s in suite("priority-matters").schedulers if s.label == "default")
    assert suite("priority-matters").baseline == "default"
    assert (default.name, default.args["queue_sort"]) == ("kubernetes", "Arrival")


def test_dcm_scale_reaches_from_100_to_30_000_nodes() -> None:
    nodes = [w.args["nodes"] for w in suite("dcm-scale").workloads]
    assert nodes == sorted(nodes)
    assert (nodes[0], nodes[-1]) == (100, 30_000)


def test_openb_overload_asks_for_130_percent_of_the_gpus() -> None:
    (workload,) = suite("openb-overload").workloads
    source = installed().make_workload(workload.name, workload.args)
    assert source.name == "FgdAtc23"
    assert source.ratio == 1.3  # type: ignore[attr-defined]

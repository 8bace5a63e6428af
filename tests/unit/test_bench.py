"""The benchmark's cases mean what they say, and a path that decides otherwise is found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schedlab.api import Budget, Cluster
from schedlab.bench.cases import BACKLOG, CASES, SIGNATURES
from schedlab.bench.measure import Plan, measure
from schedlab.bench.result import CaseResult, compare, load, save
from schedlab.core.filter_score import PATHS, FilterScore
from schedlab.core.reference import ReferencePath, evaluate
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.registry import installed

NODES, PODS = 12, 30

UNPLACED = {"unschedulable": PODS // BACKLOG}
"""How many pods of a case are meant to be left."""


def plan(**changes: object) -> Plan:
    profile = installed().make_profile("kubernetes", {})
    made = Plan(profile, tuple(PATHS), PODS, reference_seconds=0.01)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CASES)
def test_paths_agree_and_all_is_placed_that_should_be(name: str) -> None:
    profile = installed().make_profile("kubernetes", CASES[name].profile)
    result = measure(CASES[name], NODES, plan(profile=profile))
    assert result.differences == []
    for path, told in result.paths.items():
        expected = result.prefix if path == "reference" else result.pods
        assert told.pods == expected
    fast = result.paths["incremental"]
    assert fast.pods - fast.placed == UNPLACED.get(name, 0)


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if not c.profile])
def test_placements_are_legal(name: str) -> None:
    workload = CASES[name].build(NODES, PODS)
    scheduler = FilterScore(profile=plan().profile)
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, Budget())
    assert verify(workload, placement) == []


def test_signatures_are_shuffled() -> None:
    signature = CASES["signatures"].build(100, 2000).pods.signature
    assert len(np.unique(signature)) == SIGNATURES
    assert (signature[1:] == signature[:-1]).mean() < 0.05


class LastBest(ReferencePath):
    """Takes the highest of the best rows, where every path should take the lowest."""

    def pick(self, signature: int) -> int:
        best = evaluate(self._profile, self._cluster, signature).best
        return int(best[-1]) if len(best) else -1


def test_a_path_that_decides_otherwise_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATHS, "incremental", LastBest)
    result = measure(CASES["basic"], NODES, plan(paths=("incremental", "reference")))
    assert any("incremental and reference differ" in d for d in result.differences)
    assert any("incremental on all pods" in d for d in result.differences)


def test_fast_paths_are_compared_without_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATHS, "incremental", LastBest)
    result = measure(CASES["basic"], NODES, plan(paths=("run", "incremental")))
    assert any("run and incremental differ" in d for d in result.differences)
    assert result.ratio("run") is None


def test_the_prefix_can_be_fixed() -> None:
    result = measure(CASES["basic"], NODES, plan(prefix=7))
    assert result.prefix == result.paths["reference"].pods == 7


# -- baselines -----------------------------------------------------------------------


def measured(prefix_seconds: dict[str, float]) -> CaseResult:
    result = measure(CASES["basic"], NODES, plan(prefix=10))
    result.prefix_seconds = prefix_seconds
    return result


def test_a_baseline_comes_back_the_same(tmp_path: Path) -> None:
    result = measure(CASES["basic"], NODES, plan())
    save(tmp_path / "b.json", [result], {})
    assert load(tmp_path / "b.json") == [result]


def test_comparison_is_by_ratios_and_not_by_seconds() -> None:
    then = measured({"run": 1.0, "incremental": 2.0, "reference": 8.0})
    now = measured({"run": 1.0, "incremental": 0.5, "reference": 4.0})
    factors = {c.path: c.factor for c in compare([now], [then])}
    assert factors == {"run": 0.5, "incremental": 2.0}


def test_other_prefixes_are_not_compared() -> None:
    then = measured({"run": 1.0, "incremental": 2.0, "reference": 8.0})
    assert compare([replace(then, prefix=9)], [then]) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a baseline"),
        (json.dumps({"format": 0, "results": []}), "expected 1"),
        (json.dumps({"format": 1, "results": [{"case": "basic"}]}), "not a baseline"),
    ],
)
def test_broken_baselines_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(InputError, match=message):
        load(tmp_path / "b.json")


def test_a_missing_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.json")

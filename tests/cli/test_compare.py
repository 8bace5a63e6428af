"""``schedlab compare``: what it prints of runs made before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import schedlab
from schedlab.cli.comparing import show_comparison
from schedlab.config.suite import Suite
from schedlab.errors import InputError

TINY = {"name": "small", "args": {"nodes": 5, "pods": 20}}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("runs")
    for name, schedulers in (("one", ["kubernetes", "random"]), ("two", ["first-fit"])):
        suite = {"name": name, "seeds": 2, "workloads": [TINY], "schedulers": schedulers}
        schedlab.run(Suite.model_validate(suite), folder=folder / name)
    return [folder / "one", folder / "two"]


def test_schedulers_of_all_runs_are_ranked_together(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    show_comparison(runs, None, None, "text")
    told = capsys.readouterr().out
    assert told.startswith("small\n")
    assert {"kubernetes", "random", "first-fit"} <= set(told.split())


def test_differences_leave_the_baseline_out(
    runs: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    show_comparison(runs, "kubernetes", ["placed_share", "nodes_used"], "text")
    title, *lines = capsys.readouterr().out.splitlines()
    assert title == "small: difference from kubernetes"
    assert {line.split()[1] for line in lines[2:4]} == {"random", "first-fit"}
    assert all("±" in line for line in lines[2:4])


def test_scripts_get_rows(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(runs, None, ["nodes_used"], "json")
    rows = json.loads(capsys.readouterr().out)
    assert [(r["metric"], r["seeds"]) for r in rows] == [("nodes_used", 2)] * 3
    show_comparison(runs, "random", ["nodes_used"], "tsv")
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split("\t")[:4] == ["workload", "scheduler", "baseline", "metric"]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("baseline", "metrics", "said"),
    [
        ("randon", None, "unknown baseline 'randon'; did you mean 'random'"),
        (None, ["nodes"], "unknown metric 'nodes'; did you mean"),
        ("random", ["nodes"], "unknown metric 'nodes'; did you mean"),
    ],
)
def test_wrong_names_are_suggested(
    runs: list[Path], baseline: str | None, metrics: list[str] | None, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        show_comparison(runs, baseline, metrics, "text")


def test_a_run_given_twice_is_refused(runs: list[Path]) -> None:
    with pytest.raises(InputError, match="given 2 times"):
        show_comparison([runs[0], runs[0]], None, None, "text")

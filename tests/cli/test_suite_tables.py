"""What a suite says of its tables: columns, a baseline; and the figures of its run."""

from __future__ import annotations

import json
import math
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import schedlab
from schedlab.cli import results
from schedlab.cli.columns import column, texts
from schedlab.cli.comparing import show_comparison, show_run_outcomes
from schedlab.cli.plot import plot
from schedlab.cli.results import show_rankings
from schedlab.config.suite import Suite, make_suite
from schedlab.errors import InputError
from schedlab.harness.run import Run

CELL = {"nodes": 4, "pods_per_node": 4, "priorities": 2, "usage": 1.05}
SUITE = {
    "name": "cells",
    "seeds": 1,
    "columns": ["gap_value", "value_bound", "gap_by_priority:2", "gap_by_priority:77", "gap"],
    "baseline": "default",
    "workloads": [
        {"name": "PriorityMatters", "label": "a", "args": CELL},
        {"name": "PriorityMatters", "label": "b", "args": {**CELL, "usage": 0.5}},
    ],
    "schedulers": [{"name": "kubernetes", "label": "default"}, "CpSatPacking"],
    "budget": {"effort": 0.2},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    suite = Suite.model_validate(SUITE)
    return schedlab.run(suite, folder=tmp_path_factory.mktemp("cells") / "run", workers=1)


def printed(run: Run) -> list[str]:
    out = Console(file=StringIO(), width=120)
    show_rankings(run, out)
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_a_run_shows_the_columns_of_its_suite_that_apply(run: Run) -> None:
    """Headings are two lines; no trial has a priority 77."""
    told = printed(run)
    headings = " ".join(told[1:3])
    assert "bound" in headings
    assert "gap" in told[1].split()
    assert "prio. 2" in told[2]
    assert "77" not in headings
    assert "p50" not in headings


def test_compare_shows_them_too(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison([run.folder], None, None, "text")
    assert "prio. 2" in capsys.readouterr().out
    show_comparison([run.folder], "default", None, "text")
    assert "prio. 2" in capsys.readouterr().out


def test_tables_of_very_many_workloads_are_in_the_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MANY", 1)
    assert printed(run) == ["2 workloads; a row for each and scheduler: table.tsv"]


def test_outcomes_are_beside_the_baseline_of_the_suite(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    show_run_outcomes([run.folder], None, "json")
    rows = {r["workload"]: r for r in json.loads(capsys.readouterr().out)}
    assert set(rows) == {"a", "b"}
    assert rows["b"]["all placed"] == 1
    assert rows["a"]["seeds"] == 1
    assert rows["a"]["worse"] == rows["a"]["failed"] == 0
    kept = pd.read_csv(run.folder / "outcomes.tsv", sep="\t").set_index("workload")
    assert kept.loc["b", "all placed"] == kept.loc["a", "seeds"] == 1
    show_run_outcomes([run.folder], "default", "text")
    told = capsys.readouterr().out
    assert told.startswith("CpSatPacking beside default\n")
    assert "all placed" in told.splitlines()[1]


def test_outcomes_beside_an_unknown_scheduler_are_refused(run: Run) -> None:
    with pytest.raises(InputError, match="unknown baseline 'nobody'"):
        show_run_outcomes([run.folder], "nobody", "text")


def test_a_cell_says_to_how_many_seeds_a_metric_applies() -> None:
    rows = [
        ("search", "gap_value", 0.02, 0.01, 3),
        ("search", "seconds_to_1_percent", 2.0, math.nan, 1),
        ("greedy", "gap_value", 0.05, 0.01, 3),
        ("greedy", "seconds_to_1_percent", math.nan, math.nan, 0),
    ]
    cells = pd.DataFrame(rows, columns=["scheduler", "metric", "mean", "half_width", "seeds"])
    told = texts(column("seconds_to_1_percent"), cells, ["search", "greedy"])
    assert [cell.strip() for cell in told] == ["2.00 (1/3)", "-"]
    whole = texts(column("gap_value"), cells, ["search", "greedy"])
    assert [cell.strip() for cell in whole] == ["2.00 ± 1.00 *", "5.00 ± 1.00"]


def test_a_column_that_no_metric_has_is_refused() -> None:
    with pytest.raises(InputError, match="unknown metric 'gapp'; did you mean 'gap'"):
        make_suite({**SUITE, "columns": ["gapp"]}, "mine.toml")


def test_incumbents_are_kept_and_drawn(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = run.table("incumbents")
    assert list(kept.columns[-4:]) == ["seconds", "effort", "value", "bound"]
    assert set(kept["scheduler"]) == {"CpSatPacking"}
    last = kept.groupby(["workload", "seed"])["value"].last()
    solver = run.trials[run.trials["scheduler"] == "CpSatPacking"]
    final = solver.set_index(["workload", "seed"])["value"]
    assert (last.sort_index() <= final.sort_index()).all()
    plot(run.folder, tmp_path)
    files = capsys.readouterr().out.split()
    assert [Path(f).name for f in files] == ["gap_a.png", "gap_b.png"]
    assert all(Path(f).read_bytes().startswith(b"\x89PNG") for f in files)


def test_figures_of_what_a_run_has_not_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no curves of demand"):
        plot(run.folder, tmp_path, "demand")

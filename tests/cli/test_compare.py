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


def test_a_baseline_of_both_runs_is_paired_within_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, other in (("a", "random"), ("b", "first-fit")):
        suite = {"name": name, "workloads": [TINY], "schedulers": ["kubernetes", other]}
        schedlab.run(Suite.model_validate(suite), folder=tmp_path / name)
    both = [tmp_path / "a", tmp_path / "b"]
    show_comparison(both, "kubernetes", ["nodes_used"], "json")
    rows = json.loads(capsys.readouterr().out)
    assert {(r["scheduler"], r["baseline"]) for r in rows} == {
        ("random", "kubernetes [a]"),
        ("first-fit", "kubernetes [b]"),
    }
    show_comparison(both, None, ["nodes_used"], "json")
    means = {r["scheduler"]: r["mean"] for r in json.loads(capsys.readouterr().out)}
    for row in rows:
        assert row["difference"] == means[row["scheduler"]] - means[row["baseline"]]
    show_comparison(both, "kubernetes", None, "text")
    assert "small: difference from kubernetes of the same run\n" in capsys.readouterr().out
    show_comparison(both, "kubernetes [a]", ["nodes_used"], "json")
    rows = json.loads(capsys.readouterr().out)
    assert {r["scheduler"] for r in rows} == {"random", "first-fit", "kubernetes [b]"}


def test_scripts_get_rows(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(runs, None, ["nodes_used"], "json")
    rows = json.loads(capsys.readouterr().out)
    assert [(r["metric"], r["seeds"]) for r in rows] == [("nodes_used", 2)] * 3
    show_comparison(runs, "random", ["nodes_used"], "tsv")
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split("\t")[:4] == ["workload", "scheduler", "baseline", "metric"]
    assert len(lines) == 2


def test_columns_without_room_are_named(
    runs: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ["placed_share", "nodes_used", "balance_cv", "peak_memory_mb"]
    monkeypatch.setenv("COLUMNS", "200")
    show_comparison(runs, None, chosen, "text")
    wide = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "44")
    show_comparison(runs, None, chosen, "text")
    told = " ".join(capsys.readouterr().out.split())
    assert "no room for" not in wide
    assert "no room for balance_cv, peak_memory_mb" in told
    assert "all metrics: --tsv" in wide


def test_where_nothing_is_placed_the_reason_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "64"}}}
    node = {"kind": "Node", "status": {"allocatable": {"cpu": "4", "pods": "9"}}}
    pod = {"kind": "Pod", "spec": {"containers": [container]}}
    items = [
        {"apiVersion": "v1", "metadata": {"name": o["kind"].lower()}, **o} for o in (node, pod)
    ]
    (tmp_path / "big.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    )
    big = {"name": "Manifests", "args": {"paths": [str(tmp_path / "big.json")]}}
    suite = {"name": "x", "workloads": [big], "schedulers": ["kubernetes", "first-fit"]}
    run = schedlab.run(Suite.model_validate(suite), folder=tmp_path / "run")
    show_comparison([run.folder], None, None, "text")
    told = capsys.readouterr().out
    assert "most often because of NodeResourcesFit: Insufficient cpu (pods: 1)" in told


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

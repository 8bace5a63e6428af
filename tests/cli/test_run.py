"""``schedlab run`` from end to end, and what every command says to bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

PLUGINS = Path(__file__).parents[1] / "plugins"
BROKEN, EDGES = PLUGINS / "broken.py", PLUGINS / "edges.py"
NAN_SCORES = """
import numpy as np
from schedlab.api import Locality, ScorePlugin

class NanScores(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod, nodes):
        return np.full(len(nodes), np.nan)
"""
TINY = ["--set", "workloads.small.nodes=5", "--set", "workloads.small.pods=20"]


def test_run_ends_with_tables_and_files(cli: Cli, tmp_path: Path) -> None:
    chosen = ["--seeds", "0,1", "--schedulers", "kubernetes,random"]
    done = cli("run", "smoke", *chosen, "--out", "run", *TINY)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == "small  5 nodes, 20 pods"
    assert "scheduler" in lines[2]
    assert all(name in done.out for name in ("placed", "p50", "p99", " ± ", "best", "logic only"))
    assert {line.split()[1] for line in lines[3:5]} == {"kubernetes", "random"}
    assert lines[-3:] == ["run/table.tsv", "run/summary.json", "run/summary.png"]
    assert max(map(len, lines)) <= 120
    assert "4/4" in done.err
    assert (tmp_path / "run" / "summary.png").read_bytes().startswith(b"\x89PNG")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert [r["rank"] for r in summary["results"]] == [1, 2]

    narrow = cli("run", "--resume", "run", columns=80)
    assert "4/4" in narrow.err
    assert max(map(len, narrow.out.splitlines())) <= 80
    assert "placed" in narrow.out
    assert "p50" in narrow.out


def test_quiet_prints_the_run_folder_alone(cli: Cli, tmp_path: Path) -> None:
    chosen = ["--seeds", "0", "--schedulers", "first-fit"]
    done = cli("run", "smoke", *chosen, "--quiet", *TINY)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("runs/smoke-")
    assert (tmp_path / done.out.strip() / "summary.json").is_file()


def test_profile_tells_time_by_plugin_and_extension_point(cli: Cli, tmp_path: Path) -> None:
    chosen = ["--seeds", "0", "--schedulers", "best-fit,CpSatPacking", "--profile"]
    done = cli("run", "smoke", *chosen, "--out", "run", *TINY)
    assert done.code == 0, done.err
    lines = (tmp_path / "run" / "time_by_plugin.tsv").read_text().splitlines()
    rows = [dict(zip(lines[0].split("\t"), x.split("\t"), strict=True)) for x in lines[1:]]
    assert {r["scheduler"] for r in rows} == {"best-fit"}
    assert {("Score", "BestFit"), ("Filter", "NodeResourcesFit")} <= {
        (r["point"], r["plugin"]) for r in rows
    }
    assert all(float(r["ms"]) > 0 and int(r["calls"]) > 0 for r in rows)
    assert "extension point" in done.out


def test_a_failed_trial_is_named_and_told_by_the_exit_code(cli: Cli, tmp_path: Path) -> None:
    plugin = ["--plugin", BROKEN, "--schedulers", "OverCapacity,first-fit,Raises"]
    done = cli("run", "smoke", "--seeds", "0", "--out", "run", *plugin, *TINY)
    assert done.code == 1
    assert "2 of 3 trials failed:" in done.out
    assert "small · Raises (seed 0): failed: ZeroDivisionError: no nodes to divide" in done.out
    assert "small · OverCapacity (seed 0): invalid: " in done.out
    assert "first-fit" in done.out.split("2 of 3")[0], "the others have their table"

    told = cli("run", "--resume", "run", "--json")
    assert told.code == 1
    summary = json.loads(told.out)
    assert [r["scheduler"] for r in summary["results"]] == ["first-fit"]
    assert {f["scheduler"] for f in summary["failures"]} == {"OverCapacity", "Raises"}


def test_a_run_without_a_good_trial_has_no_figure(cli: Cli, tmp_path: Path) -> None:
    plugin = ["--plugin", BROKEN, "--schedulers", "Raises"]
    done = cli("run", "smoke", "--seeds", "0", "--out", "run", *plugin, *TINY)
    assert done.code == 1
    assert "1 of 1 trials failed:" in done.out
    assert not (tmp_path / "run" / "summary.png").exists()


def test_an_empty_cluster_no_pods_and_too_large_ones_are_results(cli: Cli) -> None:
    workloads = ["--workloads", "NoNodes,NoPods,TooLarge", "--plugin", EDGES]
    chosen = ["--schedulers", "kubernetes", "--seeds", "0"]
    done = cli("run", "smoke", *workloads, *chosen, "--out", "run")
    assert done.code == 0, done.err
    told = json.loads(cli("run", "--resume", "run", "--json").out)
    results = {r["workload"]: r["metrics"] for r in told["results"]}
    metrics = {w: {m: v["mean"] for m, v in of.items()} for w, of in results.items()}
    assert metrics["NoNodes"]["pods_placed"] == 0
    assert metrics["NoNodes"]["unplaced_by_reason:: the cluster has no nodes"] == 1
    assert metrics["NoPods"]["placed_share"] is None
    assert metrics["TooLarge"]["pods_placed"] == 1
    assert metrics["TooLarge"]["unplaced_by_reason:NodeResourcesFit: Insufficient cpu"] == 1


NEGATIVE = """
apiVersion: v1
kind: Node
metadata: {name: n}
status: {allocatable: {cpu: "-4"}}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Pod\n  x: [\n", "bad.yaml: line 2, column 4: not YAML"),
        (NEGATIVE, "bad.yaml (Node n): status.allocatable.cpu: '-4' is negative"),
    ],
)
def test_a_broken_workload_file_is_named_before_any_trial(
    cli: Cli, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    done = cli("run", "smoke", "--workloads", "small,bad.yaml", "--schedulers", "random")
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert said in done.err
    assert not list(tmp_path.glob("runs/*")), "nothing was started"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "name a suite (schedlab list suites), or give --resume DIR"),
        (["run", "smok"], "unknown suite 'smok'; did you mean 'smoke'?"),
        (["run", "smoke", "--schedulers", "kubernets"], "did you mean 'kubernetes'?"),
        (["run", "smoke", "--workloads", "mixd"], "did you mean 'mixed'?"),
        (["run", "smoke", "--seeds", "one"], "expected numbers and ranges, such as 0,1,2"),
        (
            ["run", "smoke", "--set", "workloads.small.nodes=x"],
            "nodes: Input should be a valid int",
        ),
        (["run", "smoke", "--plugin", "nowhere.py"], "nowhere.py: no such plugin file"),
        (["run", "smoke", "--plugin", "bad.py"], "bad.py:1: raises on import: ZeroDivisionError"),
        (["run", "smoke", "--plugin", "nan.py"], "returned an array of shape"),
        (["run", "smoke", "--resume", "x"], "leave out SUITE"),
        (["run", "broken.toml"], "broken.toml: not valid TOML"),
        (["run", "unknown-key.toml"], "unknown-key.toml: sheds: unknown key"),
        (["compare", "nowhere"], "nowhere: no such folder"),
        (["list", "plugins", "--plugin", "bad.py"], "bad.py:1: raises on import"),
    ],
)
def test_bad_input_is_one_clear_message(
    cli: Cli, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "bad.py").write_text("1 / 0\n")
    (tmp_path / "nan.py").write_text(NAN_SCORES)
    (tmp_path / "broken.toml").write_text("name = \n")
    (tmp_path / "unknown-key.toml").write_text(
        'name = "x"\nsheds = 1\nworkloads = ["small"]\nschedulers = ["random"]\n'
    )
    done = cli(*words)
    assert done.code == 2, done.out + done.err
    assert said in done.err
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert not list(tmp_path.glob("runs/*")), "nothing was started"

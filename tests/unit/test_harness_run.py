"""Run folders: what is in them, how they are read, how several are compared."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import schedlab
from schedlab.config.suite import Suite
from schedlab.errors import InputError
from schedlab.harness.compare import differences, merge
from schedlab.harness.run import Run
from schedlab.harness.store import new_run_folder, publish, scratch
from schedlab.harness.summary import ranking, summarise
from schedlab.plot.kinds import figures

SUITE = Suite.model_validate(
    {
        "name": "s",
        "seeds": 2,
        "workloads": [{"name": "small", "args": {"nodes": 5, "pods": 20}}],
        "schedulers": ["first-fit", {"name": "random", "seeds": 1}],
    }
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return schedlab.run(SUITE, folder=tmp_path_factory.mktemp("run") / "first", workers=1)


def test_the_matrix_is_by_workload_then_seed_then_scheduler(run: Run) -> None:
    cells = [(r.scheduler, r.seed) for r in run.results]
    assert cells == [("first-fit", 0), ("random", 0), ("first-fit", 1)]


def test_tables_have_their_trials_keys_and_rows(run: Run) -> None:
    assert list(run.decisions.columns[:4]) == ["workload", "scheduler", "seed", "pod"]
    assert len(run.decisions) == 3 * 20
    assert len(run.nodes) == 3 * 5
    placed = run.decisions.groupby(["scheduler", "seed"])["node"].apply(lambda n: (n >= 0).sum())
    metric = run.trials.set_index(["scheduler", "seed"])["pods_placed"]
    assert (placed.sort_index() == metric.sort_index()).all()


def test_any_further_table_of_trials_is_read(run: Run) -> None:
    for result in run.results[:2]:
        folder = run.folder / "trials" / result.id
        pq.write_table(pa.table({"x": [1, 2]}), folder / "extra.parquet")
    extra = schedlab.load_run(run.folder).table("extra")
    assert list(extra["scheduler"]) == ["first-fit"] * 2 + ["random"] * 2
    with pytest.raises(InputError, match="unknown table 'extras'; did you mean 'extra'"):
        run.table("extras")


def test_reports_say_what_the_frames_say(run: Run) -> None:
    table = pd.read_csv(run.folder / "table.tsv", sep="\t")
    assert set(table["scheduler"]) == {"first-fit", "random"}
    told = json.loads((run.folder / "summary.json").read_text())
    placed = run.trials.groupby("scheduler")["pods_placed"].mean()
    for result in told["results"]:
        assert result["metrics"]["pods_placed"]["mean"] == placed[result["scheduler"]]
    [invocation] = json.loads((run.folder / "provenance.json").read_text())["invocations"]
    assert invocation["workers"] == 1
    assert invocation["versions"]["schedlab"] == schedlab.__version__


def test_the_same_trial_has_the_same_placement_everywhere(run: Run, tmp_path: Path) -> None:
    with ProcessPoolExecutor(1) as executor:
        again = schedlab.run(SUITE, folder=tmp_path / "again", executor=executor)
    assert [r.id for r in again.results] == [r.id for r in run.results]
    decided = ["pod", "node", "devices", "turn"]
    pd.testing.assert_frame_equal(again.decisions[decided], run.decisions[decided])
    merged = merge([run, again])
    assert set(merged["scheduler"]) == {
        f"{s} [{name}]" for s in ("first-fit", "random") for name in ("first", "again")
    }
    assert set(merged["workload"]) == {"small"}, "of equal contents: the same workload"
    other = Suite.model_validate({**SUITE.model_dump(), "workloads": [{"name": "small"}]})
    changed = schedlab.run(other.model_copy(update={"seeds": (0,)}), folder=tmp_path / "changed")
    assert set(merge([run, changed])["workload"]) == {"small [first]", "small [changed]"}


def frame(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
    columns = ["scheduler", "seed", "nodes_used"]
    return pd.DataFrame(rows, columns=columns).assign(workload="w", status="ok")


def test_differences_are_paired_by_seed() -> None:
    # By hand: differences 1, 2, 3; mean 2, deviation 1, t(0.975, 2) = 4.302653.
    trials = frame(
        [("a", 0, 11), ("a", 1, 22), ("a", 2, 33), ("b", 0, 10), ("b", 1, 20), ("b", 2, 30)]
    )
    [row] = differences(trials, "b", ["nodes_used"]).to_dict("records")
    assert (row["scheduler"], row["difference"], row["seeds"]) == ("a", 2.0, 3)
    assert row["half_width"] == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


def test_without_common_seeds_the_means_differ_and_nothing_is_claimed() -> None:
    trials = frame([("a", 0, 10), ("a", 1, 20), ("b", 2, 12)])
    [row] = differences(trials, "b", ["nodes_used"]).to_dict("records")
    assert (row["difference"], row["seeds"]) == (3.0, 0)
    assert math.isnan(row["half_width"])


def test_ranking_goes_by_placed_pods_then_nodes_then_names() -> None:
    rows = {"c": (0.9, 5), "a": (0.9, 7), "d": (0.9, 5), "b": (1.0, 9), "e": (np.nan, 1)}
    trials = pd.DataFrame(
        [
            {
                "scheduler": name,
                "seed": 0,
                "workload": "w",
                "status": "ok",
                "placed_priority_weighted": placed,
                "nodes_used": nodes,
                "fragmentation_gpu": np.nan,
                "fragmentation_cpu": 0.5,
                "balance_cv": 0.5,
            }
            for name, (placed, nodes) in rows.items()
        ]
    )
    assert ranking(summarise(trials), "w") == ["b", "c", "d", "a", "e"]


def test_folders_of_one_second_are_numbered(tmp_path: Path) -> None:
    folders = [new_run_folder("s", tmp_path) for _ in range(4)]
    assert len(set(folders)) == 4
    assert all(f.is_dir() for f in folders)


def test_a_published_trial_replaces_an_earlier_attempt(tmp_path: Path) -> None:
    final = tmp_path / "trials" / "abc"
    for text in ("first", "second"):
        folder = scratch(final)
        (folder / "trial.json").write_text(text)
        assert not (final / "trial.json").exists() or text == "second"
        publish(folder, final)
    assert (final / "trial.json").read_text() == "second"
    assert list(final.parent.iterdir()) == [final]


def test_a_broken_file_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "suite.json").write_text("{")
    with pytest.raises(InputError, match=r"suite\.json: Invalid JSON"):
        schedlab.load_run(tmp_path)


def test_a_run_shows_itself_in_a_line(run: Run) -> None:
    assert repr(run) == f"Run({str(run.folder)!r}: 3 ok)"


def test_a_run_tells_differences_of_the_metrics_asked_for(run: Run) -> None:
    [row] = run.differences("first-fit", ["pods_placed"]).to_dict("records")
    by = run.trials.query("seed == 0").set_index("scheduler")["pods_placed"]
    assert row["difference"] == by["random"] - by["first-fit"]
    with pytest.raises(InputError, match="unknown baseline 'first'; did you mean 'first-fit'"):
        run.differences("first")


def test_a_run_without_tables_for_figures_has_its_gap_drawn(run: Run) -> None:
    assert list(figures(run, None)) == ["gap_small"]
    with pytest.raises(InputError, match="no curves of demand"):
        figures(run, "demand")
    with pytest.raises(InputError, match="unknown kind of figure 'gapp'; did you mean 'gap'"):
        figures(run, "gapp")


def test_a_suite_may_be_its_keys(run: Run, tmp_path: Path) -> None:
    keys = {
        "name": "s",
        "seeds": [0],
        "workloads": [{"name": "small", "args": {"nodes": 5, "pods": 20}}],
        "schedulers": ["first-fit"],
    }
    again = schedlab.run(keys, folder=tmp_path / "keys", workers=1)
    placed = run.trials.query("scheduler == 'first-fit' and seed == 0")["pods_placed"]
    assert again.trials["pods_placed"].tolist() == placed.tolist()
    with pytest.raises(InputError, match="suite: baseline: unknown scheduler 'first'"):
        schedlab.run({**keys, "baseline": "first"}, folder=tmp_path / "wrong")


def test_a_worker_imports_only_what_it_needs() -> None:
    """Every trial pays for the imports of its process."""
    code = "import sys, schedlab.harness.worker; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pandas", "matplotlib", "ortools", "scipy", "rich"}.isdisjoint(done.stdout.split())

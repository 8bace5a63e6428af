"""Whatever a trial does becomes a named entry, and the other trials go on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import schedlab
from schedlab.config.suite import Suite
from schedlab.harness.run import Run

BROKEN = Path(__file__).parents[1] / "plugins" / "broken.py"
TINY = {"name": "small", "label": "tiny", "args": {"nodes": 5, "pods": 20}}

EXPECTED = {
    "first-fit": ("ok", ""),
    "Raises": ("failed", "ZeroDivisionError: no nodes to divide by"),
    "Exits": ("crashed", "exited with code 3"),
    "Killed": ("crashed", "signal 9 (Killed; out of memory?)"),
    "Segfaults": ("crashed", "signal 11"),
    "OverCapacity": ("invalid", "violation"),
    "WrongShape": ("invalid", "shape (21,)"),
    "NanNodes": ("invalid", "float64"),
    "NotAPlacement": ("failed", "NotAPlacement.schedule returned list, expected a Placement"),
    "NanScores": ("failed", "dtype float64, with NaN"),
    "WrongShapeFilter": ("failed", "WrongShapeFilter.filter returned an array of shape (1,)"),
    "best-fit": ("ok", ""),
}


def run_tiny(folder: Path, schedulers: list[str], **keys: object) -> Run:
    data = {"name": "broken", "workloads": [TINY], "schedulers": schedulers, **keys}
    return schedlab.run(Suite.model_validate(data), plugin_files=[BROKEN], folder=folder)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_tiny(tmp_path_factory.mktemp("broken") / "run", list(EXPECTED))


@pytest.mark.parametrize("scheduler", list(EXPECTED))
def test_every_end_is_a_named_entry(broken: Run, scheduler: str) -> None:
    [result] = [r for r in broken.results if r.scheduler == scheduler]
    status, reason = EXPECTED[scheduler]
    assert result.status == status
    assert reason in result.reason


def test_failures_say_which_and_why(broken: Run) -> None:
    failures = broken.failures()
    assert list(failures["scheduler"]) == [
        s for s, (status, _) in EXPECTED.items() if status != "ok"
    ]
    assert failures["reason"].str.len().min() > 0


def test_what_the_worker_printed_is_kept(broken: Run) -> None:
    [result] = [r for r in broken.results if r.scheduler == "Segfaults"]
    assert result.error is not None
    assert "about to crash" in result.error.traceback
    assert "broken.py" in result.error.traceback, "faulthandler shows where it crashed"


def test_a_worker_that_ends_well_prints_nothing(broken: Run) -> None:
    [result] = [r for r in broken.results if r.scheduler == "first-fit"]
    assert (broken.folder / "trials" / result.id / "worker.log").read_text() == ""


def test_only_legal_placements_have_metrics_and_tables(broken: Run) -> None:
    ok = broken.trials["status"] == "ok"
    assert broken.trials.loc[ok, "pods_placed"].notna().all()
    assert broken.trials.loc[~ok, "pods_placed"].isna().all()
    assert set(broken.decisions["scheduler"]) == {"first-fit", "best-fit"}


def test_a_trial_out_of_time_is_named(tmp_path: Path) -> None:
    [result] = run_tiny(tmp_path, ["Hangs"], timeout=2.0).results
    assert (result.status, result.reason) == ("timeout", "Timeout: killed after 2 s")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux")
def test_a_trial_out_of_memory_is_named(tmp_path: Path) -> None:
    [result] = run_tiny(tmp_path, ["EatsMemory"], memory_mb=3000).results
    assert result.status == "failed"
    assert result.reason.startswith("MemoryError: ")


LOOKS = '''
import sys

from schedlab.api import Placement, Scheduler


class Looks(Scheduler):
    """Says which plugins are imported when its call begins."""

    def schedule(self, cluster, pods, budget):
        placement = Placement.empty(len(pods))
        plugin = "schedlab_algorithms.kubernetes.image_locality"
        placement.info["imported"] = int(plugin in sys.modules)
        return placement
'''


def test_plugins_are_imported_before_the_clock_starts(tmp_path: Path) -> None:
    (tmp_path / "looks.py").write_text(LOOKS)
    suite = Suite.model_validate({"name": "s", "workloads": [TINY], "schedulers": ["Looks"]})
    run = schedlab.run(suite, plugin_files=[tmp_path / "looks.py"], folder=tmp_path / "run")
    assert [r.info for r in run.results] == [{"imported": 1}]

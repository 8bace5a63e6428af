"""Runs that are stopped in the middle, by whatever, go on and lose nothing that was finished."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import schedlab
from schedlab.config.suite import Suite
from schedlab.errors import InputError
from schedlab.harness.store import read_plan
from schedlab.registry import Registry

SLOW = Path(__file__).parents[1] / "plugins" / "slow.py"
PATIENCE = 60.0

TINY = {"name": "small", "args": {"nodes": 5, "pods": 20}}
SUITE = """
name = "stopped"
seeds = 3
workloads = [{ name = "small", args = { nodes = 5, pods = 20 } }]
schedulers = [{ name = "Slow", args = { started = "STARTED" } }]
"""


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def start(tmp_path: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process of its own and return when its second trial is at work."""
    started = tmp_path / "started"
    suite = tmp_path / "suite.toml"
    suite.write_text(SUITE.replace("STARTED", str(started)))
    command = [sys.executable, "-m", "schedlab.cli.main", "run", str(suite)]
    options = ["--plugin", str(SLOW), "--out", str(tmp_path / "run"), "--workers", "1"]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE)
    until(started.exists)
    return process


def workers_of(folder: Path) -> list[int]:
    """Return the processes whose command line names a run folder, but for runs themselves."""
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = cmdline.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"schedlab.harness.worker" in words and str(folder).encode() in b" ".join(words):
            found.append(int(cmdline.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_keeps_what_it_finished(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "run"
    process = start(tmp_path)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    until(lambda: not workers_of(folder))
    run = schedlab.load_run(folder)
    assert [r.status for r in run.results] == ["ok", "pending", "pending"]
    assert len(run.trials) == 3
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert f"schedlab run --resume {folder}" in errors.decode()


def test_resume_runs_only_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    suite = {"name": "s", "seeds": 2, "workloads": [TINY], "schedulers": ["first-fit"]}
    first = schedlab.run(Suite.model_validate(suite), folder=folder)
    kept, lost = (folder / "trials" / r.id for r in first.results)
    (lost / "trial.json").unlink()
    left_half_done = folder / "trials" / f".{lost.name}.abc"
    left_half_done.mkdir()
    before = (kept / "trial.json").stat().st_mtime_ns
    seen: list[tuple[int, int]] = []
    again = schedlab.resume(folder, observe=lambda p: seen.append((p.kept, p.done)))
    assert seen[0] == (1, 1)
    assert [r.status for r in again.results] == ["ok", "ok"]
    assert (kept / "trial.json").stat().st_mtime_ns == before
    assert not left_half_done.exists()
    invocations = json.loads((folder / "provenance.json").read_text())["invocations"]
    assert len(invocations) == 2


def test_resume_runs_again_what_ended_badly(tmp_path: Path) -> None:
    plugin = tmp_path / "slow.py"
    plugin.write_text(SLOW.read_text().replace("return Placement", "raise ValueError  #"))
    suite = {"name": "s", "workloads": [TINY], "schedulers": ["first-fit", "Slow"]}
    first = schedlab.run(
        Suite.model_validate(suite), plugin_files=[plugin], folder=tmp_path / "run"
    )
    assert [r.status for r in first.results] == ["ok", "failed"]
    plugin.write_text(SLOW.read_text())
    second = schedlab.resume(tmp_path / "run")
    assert [r.status for r in second.results] == ["ok", "ok"]
    assert second.results[0].id == first.results[0].id, "a built-in does not depend on the file"
    assert second.results[1].id != first.results[1].id, "the changed file makes another trial"


def test_a_second_run_into_a_folder_is_refused(tmp_path: Path) -> None:
    process = start(tmp_path)
    try:
        with pytest.raises(InputError, match=f"another run is at work .*process {process.pid}"):
            schedlab.run("smoke", folder=tmp_path / "run")
        with pytest.raises(InputError, match="another run is at work"):
            schedlab.resume(tmp_path / "run")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with pytest.raises(InputError, match="not empty"):
        schedlab.run("smoke", folder=tmp_path / "run")


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="not a run folder"):
        schedlab.resume(tmp_path)
    with pytest.raises(InputError, match="nowhere: no such folder"):
        schedlab.load_run(tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot be made a run folder"):
        schedlab.run("smoke", folder=tmp_path / "file" / "run")


def test_the_plan_holds_what_resuming_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(Registry().presets["small"], "w.toml")
    suite = 'name = "s"\nworkloads = [{ name = "Synthetic", args = { file = "w.toml" } }]\n'
    (tmp_path / "s.toml").write_text(suite + 'schedulers = ["first-fit"]')
    schedlab.run("s.toml", folder="run")
    monkeypatch.chdir("/")
    plan = read_plan(tmp_path / "run")
    assert plan.suite.workloads[0].args == {"file": str(tmp_path / "w.toml")}
    assert [r.status for r in schedlab.resume(tmp_path / "run").results] == ["ok"]

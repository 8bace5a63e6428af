"""Running a trial in a process of its own, so that nothing it does can hurt the others."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from schedlab.harness.store import publish, read_result, scratch, trial_folder, write_result
from schedlab.harness.trial import Status, TrialError, TrialResult, TrialSpec

LOG = "worker.log"
LOG_TAIL = 2000
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
SETTINGS = {**dict.fromkeys(THREADS, "1"), "PYTHONHASHSEED": "0"}
"""What makes a worker's result and its timing depend on the trial alone."""


def run_trial(spec: TrialSpec, run: Path) -> TrialResult:
    """Run one trial in a worker process and keep what came of it in ``run/trials/<id>``.

    Whatever the scheduler does (raise, hang, exit, be killed), this returns a result whose
    status says so.  Safe under any ``concurrent.futures.Executor`` that sees the folder.
    """
    final = trial_folder(run, spec.id)
    folder = scratch(final)
    code = _run_worker(spec, folder)
    if code == -signal.SIGINT:
        shutil.rmtree(folder)
        return TrialResult.of(spec, Status.INTERRUPTED)
    result = read_result(folder)
    if result is None:
        result = _died(spec, code, folder)
        write_result(folder, result)
    publish(folder, final)
    return result


def _run_worker(spec: TrialSpec, folder: Path) -> int | None:
    """Return the worker's exit code, negative for a signal, None if it ran out of time.

    The worker's standard input stays open until it ends: it leaves when that closes, so no
    worker outlives a killed parent.
    """
    command = [sys.executable, "-X", "faulthandler", "-m", "schedlab.harness.worker", str(folder)]
    with (
        open(folder / LOG, "wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **SETTINGS},
        ) as worker,
    ):
        assert worker.stdin is not None
        _send(worker, spec)
        try:
            return worker.wait(spec.timeout)
        except subprocess.TimeoutExpired:
            worker.kill()
            return None


def _send(worker: subprocess.Popen[bytes], spec: TrialSpec) -> None:
    assert worker.stdin is not None
    try:
        worker.stdin.write(spec.model_dump_json().encode() + b"\n")
        worker.stdin.flush()
    except BrokenPipeError:
        return  # It died before reading; its exit code tells how.


def _died(spec: TrialSpec, code: int | None, folder: Path) -> TrialResult:
    log = (folder / LOG).read_text("utf-8", "replace")[-LOG_TAIL:]
    if code is None:
        status, kind, message = Status.TIMEOUT, "Timeout", f"killed after {spec.timeout:g} s"
    else:
        status, kind, message = Status.CRASHED, "Crash", _describe(code)
    error = TrialError(type=kind, message=message, traceback=log)
    return TrialResult.of(spec, status, error=error)


def _describe(code: int) -> str:
    if code >= 0:
        return f"the worker exited with code {code} before it had a result"
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"the worker was killed by {name}{hint}"

"""Running a trial in a process of its own, so that nothing it does can hurt the others."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
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
SETTINGS = {**dict.fromkeys(THREADS, "1"), "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
"""What makes a worker's result and its timing depend on the trial alone, and its log complete."""

NOISE = "Extension modules: "
"""A line of faulthandler's that hides what it tells before."""

_at_work: set[subprocess.Popen[bytes]] = set()


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


def stop_workers() -> None:
    """Interrupt every trial that this process waits for."""
    for worker in tuple(_at_work):
        _signal(worker, signal.SIGINT)


def _run_worker(spec: TrialSpec, folder: Path) -> int | None:
    """Return the worker's exit code, negative for a signal, None if it ran out of time.

    The worker leads a process group of its own, so that what it starts ends with it.  Its
    standard input stays open until it ends: it leaves when that closes, so no worker
    outlives a killed parent.
    """
    command = [sys.executable, "-X", "faulthandler", "-m", "schedlab.harness.worker", str(folder)]
    with (
        open(folder / LOG, "wb") as log,
        subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **SETTINGS},
            process_group=0,
        ) as worker,
    ):
        _at_work.add(worker)
        try:
            _send(worker, spec)
            return worker.wait(spec.timeout)
        except subprocess.TimeoutExpired:
            _signal(worker, signal.SIGKILL)
            return None
        finally:
            _at_work.discard(worker)


def _signal(worker: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # It has ended by itself.
        os.killpg(worker.pid, number)


def _send(worker: subprocess.Popen[bytes], spec: TrialSpec) -> None:
    assert worker.stdin is not None
    with suppress(BrokenPipeError):  # It died before reading; its exit code tells how.
        worker.stdin.write(spec.model_dump_json().encode() + b"\n")


def _died(spec: TrialSpec, code: int | None, folder: Path) -> TrialResult:
    lines = (folder / LOG).read_text("utf-8", "replace").splitlines()
    log = "\n".join(line for line in lines if not line.startswith(NOISE))[-LOG_TAIL:]
    if code is None:
        status, kind, message = Status.TIMEOUT, "Timeout", f"killed after {spec.timeout:g} s"
    else:
        status, kind, message = Status.CRASHED, "Crash", _describe(code)
    error = TrialError(type=kind, message=message, traceback=log)
    return TrialResult.of(spec, status, error=error)


def _describe(code: int) -> str:
    if code >= 0:
        return f"the worker exited with code {code} before it had a result"
    hint = "; out of memory?" if -code == signal.SIGKILL else ""
    return f"the worker died of signal {-code} ({signal.strsignal(-code)}{hint})"

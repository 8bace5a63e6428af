"""The process of one trial: ``python -m schedlab.harness.worker FOLDER < spec.json``."""

from __future__ import annotations

import gc
import math
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from schedlab.api import Budget, Cluster, Placement, Workload
from schedlab.core.filter_score import FilterScore
from schedlab.core.timing import Clock, timed
from schedlab.errors import InputError
from schedlab.harness.identity import canonical
from schedlab.harness.memory import limit_memory, peak_memory_bytes
from schedlab.harness.store import write_result
from schedlab.harness.tables import write_tables
from schedlab.harness.trial import TIMES, Size, Status, TrialError, TrialResult, TrialSpec
from schedlab.metrics import Outcome, measure
from schedlab.metrics.verify import Violation, verify
from schedlab.registry import Registry

SHOWN_VIOLATIONS = 5
STDIN = 0


def main() -> None:
    """Read a trial from standard input, run it, and leave its files in the folder named."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    spec = TrialSpec.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    folder = Path(sys.argv[1])
    limit_memory(spec.memory_mb)
    try:
        result = execute(spec, folder)
    except Exception as error:
        result = TrialResult.of(spec, Status.FAILED, error=_told(error))
    write_result(folder, result)


def execute(spec: TrialSpec, folder: Path) -> TrialResult:
    """Build the workload, schedule it, verify the placement, measure it, write its tables."""
    registry = Registry(spec.plugin_files)
    workload = registry.make_workload(spec.workload.name, spec.workload.args).build(spec.seed)
    size = Size.of(workload)
    clock = Clock()
    outcome = _schedule(spec, registry, workload, clock)
    info = {**_plain(outcome.placement.info), **({TIMES: clock.table()} if spec.profile else {})}
    violations = verify(workload, outcome.placement)
    if violations:
        error = _first(violations)
        return TrialResult.of(spec, Status.INVALID, size=size, info=info, error=error)
    metrics = {n: None if math.isnan(x) else x for n, x in measure(outcome).items()}
    write_tables(folder, outcome)
    return TrialResult.of(spec, Status.OK, size=size, info=info, metrics=metrics)


def _schedule(spec: TrialSpec, registry: Registry, workload: Workload, clock: Clock) -> Outcome:
    """Time ``schedule`` alone; what was built before it is out of the garbage collector's way."""
    scheduler = registry.make_scheduler(spec.scheduler.name, spec.scheduler.args)
    if spec.profile and isinstance(scheduler, FilterScore):
        scheduler = replace(scheduler, profile=timed(scheduler.profile, clock))
    cluster = Cluster.of(workload)
    _import_plugins(registry)
    gc.collect()
    gc.freeze()
    budget = Budget(seed=spec.seed, seconds=spec.budget.seconds, effort=spec.budget.effort)
    started = time.perf_counter()
    placement = scheduler.schedule(cluster, workload.pods, budget)
    seconds = time.perf_counter() - started
    if not isinstance(placement, Placement):
        kind = type(placement).__name__
        raise TypeError(f"{scheduler.name}.schedule returned {kind}, expected a Placement")
    return Outcome(workload, placement, seconds, peak_memory_bytes() / 1e6)


def _import_plugins(registry: Registry) -> None:
    """Import what a scheduler may look up by name, so that its call is not charged for it.

    A profile's plugins are imported when it is made, before the clock starts.
    """
    for name in registry.plugins:
        with suppress(InputError):  # A package that cannot be imported stops only who uses it.
            registry.plugins[name]


def _plain(info: object) -> Any:
    try:
        return canonical(info)
    except InputError as error:
        raise InputError(f"Placement.info: expected numbers and text: {error}") from error


def _first(violations: list[Violation]) -> TrialError:
    shown = [str(v) for v in violations[:SHOWN_VIOLATIONS]]
    more = len(violations) - len(shown)
    return TrialError(
        type=f"{len(violations)} violation(s)",
        message="\n".join([*shown, f"... and {more} more"] if more else shown),
    )


def _told(error: Exception) -> TrialError:
    return TrialError(
        type="MemoryError" if isinstance(error, MemoryError) else type(error).__name__,
        message=str(error),
        traceback="".join(traceback.format_exception(error)),
    )


def _leave_with_parent() -> None:
    """End this process, and what it started, when its parent ends and closes standard input.

    Read by descriptor: a buffered reader's lock, held here, would abort a normal exit.
    """
    while os.read(STDIN, 1):
        pass
    with suppress(ProcessLookupError):  # Started by hand, it leads no group.
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()

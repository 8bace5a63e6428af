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
from pathlib import Path

from schedlab.api import Budget, Cluster, Placement, Workload
from schedlab.harness.identity import canonical
from schedlab.harness.memory import peak_memory_bytes
from schedlab.harness.store import write_result
from schedlab.harness.tables import write_tables
from schedlab.harness.trial import Size, Status, TrialError, TrialResult, TrialSpec
from schedlab.metrics import Outcome, measure
from schedlab.metrics.verify import Violation, verify
from schedlab.registry import Registry

SHOWN_VIOLATIONS = 5


def main() -> None:
    """Read a trial from standard input, run it, and leave its files in the folder named."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    spec = TrialSpec.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    folder = Path(sys.argv[1])
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
    outcome = _schedule(spec, registry, workload)
    info = canonical(outcome.placement.info)
    violations = verify(workload, outcome.placement)
    if violations:
        error = _first(violations)
        return TrialResult.of(spec, Status.INVALID, size=size, info=info, error=error)
    metrics = {n: None if math.isnan(x) else x for n, x in measure(outcome).items()}
    write_tables(folder, outcome)
    return TrialResult.of(spec, Status.OK, size=size, info=info, metrics=metrics)


def _schedule(spec: TrialSpec, registry: Registry, workload: Workload) -> Outcome:
    """Time ``schedule`` alone; what was built before it is out of the garbage collector's way."""
    scheduler = registry.make_scheduler(spec.scheduler.name, spec.scheduler.args)
    cluster = Cluster.of(workload)
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


def _first(violations: list[Violation]) -> TrialError:
    shown = [str(v) for v in violations[:SHOWN_VIOLATIONS]]
    more = len(violations) - len(shown)
    return TrialError(
        type=f"{len(violations)} violation(s)",
        message="\n".join([*shown, f"... and {more} more"] if more else shown),
    )


def _told(error: Exception) -> TrialError:
    return TrialError(
        type=type(error).__name__,
        message=str(error),
        traceback="".join(traceback.format_exception(error)),
    )


def _leave_with_parent() -> None:
    """End this process when its parent does: standard input stays open as long as that lives."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()

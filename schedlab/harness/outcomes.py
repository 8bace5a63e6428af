"""What came of each workload, seed by seed: better than a baseline, certified, or neither.

The kinds of outcomes are those of *Priority Matters* (arXiv 2511.08373), whose failures are
``no better``, ``worse`` and ``failed`` together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd

from schedlab.errors import InputError, nearest
from schedlab.harness.trial import Status, TrialResult
from schedlab.metrics.optimality import gap_by_priority
from schedlab.metrics.placed import placed_share_by_priority

ALL_PLACED = "all placed"
OUTCOMES = (
    "better, certified",
    "better",
    "same, certified",
    ALL_PLACED,
    "no better",
    "worse",
    "failed",
)
"""In the columns' order; where the baseline places all pods, nobody else is asked for more."""

OPTIMAL = "optimal"


def outcomes(results: Sequence[TrialResult], baseline: str) -> pd.DataFrame:
    """Count what came of the seeds of each workload and scheduler, beside a baseline.

    One row a workload and scheduler: workload, scheduler, seeds, and a column for each of
    :data:`OUTCOMES`.  *Better* places more pods of some priority, and as many of each higher
    one, than the baseline does on the same seed.  *Certified*: no placement is better, by the
    bounds of the metrics or, where those leave it open, by what the scheduler calls optimal.
    Seeds on which the baseline did not end well, and trials that have not run, do not count.

    Raises
    ------
    InputError
        If no trial is the baseline's.
    """
    schedulers = {r.scheduler for r in results}
    if baseline not in schedulers:
        raise InputError(nearest("baseline", baseline, schedulers))
    theirs = {(r.workload, r.seed): r for r in results if r.scheduler == baseline}
    found: dict[tuple[str, str], Counter[str]] = {}
    for ours in results:
        other = theirs.get((ours.workload, ours.seed))
        if ours.scheduler != baseline and _counts(ours, other):
            assert other is not None
            counts = found.setdefault((ours.workload, ours.scheduler), Counter())
            counts[outcome(ours, other)] += 1
    rows = [(*cell, c.total(), *(c[o] for o in OUTCOMES)) for cell, c in found.items()]
    return pd.DataFrame(rows, columns=["workload", "scheduler", "seeds", *OUTCOMES])


def outcome(ours: TrialResult, theirs: TrialResult) -> str:
    """Return what came of a trial beside the baseline's on the same workload and seed."""
    if ours.status is not Status.OK:
        return "failed"
    placed, before = (list(_by_priority(r, placed_share_by_priority.name)) for r in (ours, theirs))
    if placed < before:
        return "worse"
    if min(before, default=1.0) == 1:
        return ALL_PLACED
    if placed > before:
        return "better, certified" if certified(ours) else "better"
    return "same, certified" if certified(ours) else "no better"


def certified(result: TrialResult) -> bool:
    """Say whether nobody places more pods of some priority and as many of each higher one."""
    gaps = _by_priority(result, gap_by_priority.name)
    return not any(gaps) or result.info.get("status") == OPTIMAL


def _counts(ours: TrialResult, theirs: TrialResult | None) -> bool:
    return (
        theirs is not None
        and theirs.status is Status.OK
        and ours.status not in (Status.PENDING, Status.INTERRUPTED)
    )


def _by_priority(result: TrialResult, family: str) -> Iterator[float]:
    """Yield a family's members from the highest priority down."""
    members = [name for name in result.metrics if name.startswith(f"{family}:")]
    for name in sorted(members, key=lambda n: int(n.partition(":")[2]), reverse=True):
        yield float(result.metrics[name] or 0.0)

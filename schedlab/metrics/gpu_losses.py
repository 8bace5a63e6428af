"""Who loses the GPUs that stay idle: the policy, or anybody on these arrivals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from schedlab.bound import fluid_bound, relax
from schedlab.metrics.demand_curve import Arrivals, arrivals
from schedlab.metrics.outcome import Outcome

AT = (90, 95, 100, 110, 130)
"""The arrived demand, in percent of the GPUs, at which losses are told."""


def gpu_losses(outcome: Outcome) -> pd.DataFrame:
    """Return, at some points of arrived demand, where the cluster's GPUs are lost.

    Columns: ``arrived_percent``; ``allocated_gpus``; ``lost_to_policy``, how many more somebody
    might have allocated who knows all arrivals so far and may leave any of them; and
    ``usable_by_nobody``, the rest: more than ``allocated_gpus + lost_to_policy`` cannot be
    allocated, by a certified bound (docs/bounds.md).  Points beyond the last arrival are left out.
    """
    events = arrivals(outcome)
    arrived = np.rint(100 * events.arrived / max(events.capacity, 1))
    last = arrived.max(initial=0)
    counts = {at: int(np.searchsorted(arrived, at, "right")) for at in AT if last >= at}
    rows = [[at, *_losses(outcome, events, count)] for at, count in counts.items()]
    names = ["arrived_percent", "allocated_gpus", "lost_to_policy", "usable_by_nobody"]
    return pd.DataFrame(rows, columns=names)


def _losses(outcome: Outcome, events: Arrivals, count: int) -> tuple[float, float, float]:
    """Return GPUs allocated, lost to the policy and lost to all, after ``count`` decisions."""
    already = events.capacity - events.idle_at_first
    most = already + _most_allocated(outcome, count)
    allocated = int(events.used[count - 1]) if count else already
    return allocated / 1000, (most - allocated) / 1000, (events.capacity - most) / 1000


def _most_allocated(outcome: Outcome, count: int) -> int:
    """Return the thousandths that the first ``count`` pods can be given at most."""
    problem = outcome.bounds.problem
    first = outcome.workload.pods.signature[outcome.placement.sequence[:count]]
    supply = np.bincount(first, minlength=len(problem.specs)).astype(np.int64)
    weights = problem.gpu_count * problem.gpu_milli
    bound = fluid_bound(relax(replace(problem, supply=supply)), weights)
    # Thousandths are whole numbers, and the limit has an error of its own.
    return min(math.floor(bound.limit * (1 + 1e-9)), int(problem.devices.clip(0).sum()))

"""What the decisions cost; scheduler logic only, no API server, no network."""

from __future__ import annotations

import math

import numpy as np

from schedlab.metrics.metric import metric
from schedlab.metrics.outcome import Outcome

NS_PER_US = 1000


@metric("µs", "lower")
def latency_p50_us(outcome: Outcome) -> float:
    """Median time of a decision, scheduler logic only; NaN for solvers that decide a batch."""
    return _percentile(outcome, 50)


@metric("µs", "lower")
def latency_p95_us(outcome: Outcome) -> float:
    """95th percentile of the decision times (linear interpolation), as for the median."""
    return _percentile(outcome, 95)


@metric("µs", "lower")
def latency_p99_us(outcome: Outcome) -> float:
    """99th percentile of the decision times, as for the median."""
    return _percentile(outcome, 99)


@metric("µs", "lower")
def latency_max_us(outcome: Outcome) -> float:
    """The slowest decision."""
    return _percentile(outcome, 100)


@metric("pods/s", "higher")
def throughput_pods_per_s(outcome: Outcome) -> float:
    """Pods decided (placed or not) per second of the scheduler's call; NaN if not timed."""
    return len(outcome.placed) / outcome.seconds if outcome.seconds else math.nan


@metric("s", "lower")
def schedule_seconds(outcome: Outcome) -> float:
    """Wall clock of the scheduler's call for the whole batch; NaN if not timed."""
    return outcome.seconds


@metric("MB", "lower")
def peak_memory_mb(outcome: Outcome) -> float:
    """Peak memory of the process that ran the scheduler, in 10^6 bytes; NaN if not measured."""
    return outcome.peak_memory_mb


def _percentile(outcome: Outcome, share: float) -> float:
    latency = outcome.placement.latency_ns
    if latency is None or not len(latency):
        return math.nan
    return float(np.percentile(latency, share)) / NS_PER_US

"""Every metric of one outcome."""

from __future__ import annotations

from schedlab.metrics.outcome import Outcome
from schedlab.metrics.table import METRICS, SEPARATOR


def measure(outcome: Outcome) -> dict[str, float]:
    """Return every metric by name, then each member of every family as ``family:member``.

    NaN where a metric does not apply.  The placement must be one that
    :func:`schedlab.metrics.verify.verify` accepts.
    """
    single = {name: metric.of(outcome) for name, metric in METRICS.items()}
    members = {
        f"{name}{SEPARATOR}{member}": value
        for name, family in METRICS.families.items()
        for member, value in family.of(outcome).items()
    }
    return {**single, **members}

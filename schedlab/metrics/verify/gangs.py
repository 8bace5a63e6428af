"""Gangs: at least so many of their pods run in the end, or none of the batch was placed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from schedlab.api import Placement
from schedlab.metrics.verify.evictions import GONE
from schedlab.model.gangs import NO_QUORUM, gang_of
from schedlab.model.objects import Workload

GANGS = "gangs"


def gang_faults(
    workload: Workload, placement: Placement, at: Sequence[int]
) -> Iterator[tuple[str, str]]:
    """Yield (gang, what is wrong); ``at`` tells where bound pods are in the end."""
    least = {
        name: spec.gang.least
        for spec in workload.pods.specs
        if spec.gang is not None and (name := gang_of(spec))
    }
    if not least:
        return
    pods = zip(workload.pods, placement.node.tolist(), strict=True)
    placed = Counter(gang_of(spec) for (_, spec), node in pods if node >= 0)
    ran = zip(workload.bound, at, strict=True)
    running = Counter(gang_of(spec) for (_, spec), node in ran if node != GONE)
    for name, needed in least.items():
        if 0 < placed[name] < needed - running[name]:
            both = placed[name] + running[name]
            wanted = f"at least {needed}" if needed < NO_QUORUM else "a number that nobody states"
            yield "/".join(name), f"{both} of its pods run, expected {wanted} or none"

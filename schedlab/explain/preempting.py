"""What preemption considers for a pod that fits on no node, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schedlab.api import Cluster, PreemptionReport
from schedlab.core.filter_score import choose_devices
from schedlab.core.preemption.handle import Handle
from schedlab.core.profile import Profile
from schedlab.model.objects import Workload

Answer = dict[str, Any]


class Preemption:
    """Preemption as pods are scheduled one by one, under their names."""

    def __init__(self, profile: Profile, workload: Workload, cluster: Cluster) -> None:
        self._profile = profile
        self._plugin = profile.post_filter
        self._cluster = cluster
        self._handle = Handle(profile, cluster)
        self._names = dict(enumerate(workload.bound.names))

    def place(self, name: str, signature: int, row: int) -> None:
        """Put a pod on a node of the cluster."""
        self._names[len(self._cluster.log)] = name
        self._cluster.nominated.drop(name)
        devices = choose_devices(self._profile, self._cluster, signature, row)
        self._cluster.place(signature, row, devices)

    def make_room(self, signature: int, nominated_row: int) -> Answer:
        """Tell what is considered, evict whom it comes to, and tell where the pod then goes.

        ``nominated_row`` is the node that the pod is nominated for already, -1 for none.
        """
        if self._plugin is None:
            return {}
        pod = self._cluster.pod(signature)
        self._handle.nominated_row = nominated_row
        report = self._plugin.report(pod, self._handle)
        told = {"preemption": told_of(report, self._names.__getitem__)}
        for victim in report.chosen.victims:
            self._cluster.running.evict(victim)
        row = report.chosen.nominated
        fits = row >= 0 and self._handle.filters(pod).accepts_as_it_is(row)
        return {**told, "chosen": row} if fits else told


def told_of(report: PreemptionReport, name: Callable[[int], str]) -> Answer:
    """Return a preemption as plain data; ``name`` gives a running pod's by its number."""

    def called(numbers: tuple[int, ...]) -> list[str]:
        return [name(n) for n in numbers]

    candidates = [
        {"node": c.row, "victims": called(c.victims), "pdbViolations": c.violations}
        for c in report.candidates
    ]
    chosen = report.chosen
    done = chosen.nominated >= 0
    return {
        "eligible": not report.message,
        **({"msg": report.message} if report.message else {}),
        "potential": report.potential.tolist(),
        "candidates": candidates,
        "best": list(report.best),
        "nominated": chosen.nominated if done else None,
        **({"victims": called(chosen.victims)} if done else {}),
    }

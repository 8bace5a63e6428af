"""DefaultPreemption (plugins/defaultpreemption/default_preemption.go, framework/preemption)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    Candidate,
    PodView,
    PostFilterPlugin,
    PostFilterResult,
    PreemptionReport,
)
from schedlab.engine import Handle
from schedlab_algorithms.kubernetes.default_preemption_candidates import Candidates, least_harm
from schedlab_algorithms.kubernetes.default_preemption_standing import Standing

Ints = NDArray[np.int64]

NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."

ALL = 100
"""Percent."""


class DefaultPreemption(PostFilterPlugin):
    """Evicts pods of lower priority from the node where that does the least harm.

    Kubernetes looks at ``min_candidate_nodes_percentage`` of the nodes, at least
    ``min_candidate_nodes_absolute``, from a random one on (its defaults: 10 and 100);
    here all are looked at unless fewer are asked for.
    """

    min_candidate_nodes_percentage: int = ALL
    min_candidate_nodes_absolute: int = 100

    def __post_init__(self) -> None:
        if not 0 <= self.min_candidate_nodes_percentage <= 100:
            raise ValueError("min_candidate_nodes_percentage must be within 0..100")
        if self.min_candidate_nodes_absolute < 0:
            raise ValueError("min_candidate_nodes_absolute must not be negative")
        if not self.min_candidate_nodes_percentage + self.min_candidate_nodes_absolute:
            raise ValueError("min_candidate_nodes_percentage or _absolute must be above 0")

    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        """Return the best candidate of the lowest row, and its victims."""
        if ineligible(pod, handle) or pod.spec.priority <= handle.running.lowest_priority():
            return PostFilterResult()
        return _first(self._best(_standing(pod, handle), handle), handle)

    def report(self, pod: PodView, handle: Handle) -> PreemptionReport:
        """Return what :meth:`post_filter` decides and all that it considered."""
        message = ineligible(pod, handle)
        if message:
            return PreemptionReport(message, np.zeros(0, np.int64))
        standing = _standing(pod, handle)
        found, best = standing.candidates(), self._best(standing, handle)
        chosen = _first(best, handle)
        candidates = (
            Candidate(row, found.victims(i, handle), int(found.harm[i, 0]))
            for i, row in enumerate(found.rows.tolist())
        )
        rows = tuple(best.rows.tolist())
        return PreemptionReport(message, standing.potential(), tuple(candidates), rows, chosen)

    def _best(self, standing: Standing, handle: Handle) -> Candidates:
        if self.min_candidate_nodes_percentage == ALL:
            return standing.best()
        potential = standing.potential()
        wanted = self._wanted(len(potential))
        if wanted == len(potential):
            return standing.best()
        found = _sampled(standing.candidates(), potential, wanted, handle)
        return found.take(least_harm(found.harm, np.arange(len(found))))

    def _wanted(self, nodes: int) -> int:
        """Return how many candidates to look for (calculateNumCandidates)."""
        share = nodes * self.min_candidate_nodes_percentage // 100
        return min(max(share, self.min_candidate_nodes_absolute), nodes)


def _standing(pod: PodView, handle: Handle) -> Standing:
    return handle.memo(pod, lambda: Standing(pod, handle))


def _first(best: Candidates, handle: Handle) -> PostFilterResult:
    if not len(best):
        return PostFilterResult()
    return PostFilterResult(int(best.rows[0]), best.victims(0, handle))


def ineligible(pod: PodView, handle: Handle) -> str:
    """Return why the pod may not preempt others, "" if it may (PodEligibleToPreemptOthers)."""
    if pod.spec.preemption_policy == "Never":
        return NEVER
    row = handle.nominated_row
    if row < 0 or handle.unresolvable(pod, row):
        return ""
    specs = (handle.spec_of(s) for s in handle.running.signature(handle.running.on(row)).tolist())
    waits = any(s.preempted and s.priority < pod.spec.priority for s in specs)
    return TERMINATING if waits else ""


def _sampled(found: Candidates, potential: Ints, wanted: int, handle: Handle) -> Candidates:
    """Return the first candidates from a random node on, as a single worker would find them.

    It stops at ``wanted`` candidates, once one of them breaks no budget (DryRunPreemption).
    """
    first = int(handle.generator.integers(len(potential)))
    turn = (np.searchsorted(potential, found.rows) - first) % len(potential)
    order = np.argsort(turn)
    harmless = np.cumsum(found.harm[order, 0] == 0) > 0
    enough = harmless & (np.arange(1, len(order) + 1) >= wanted)
    count = int(enough.argmax()) + 1 if enough.any() else len(order)
    return found.take(np.sort(order[:count]))

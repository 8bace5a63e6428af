"""What a PostFilter plugin works with (Kubernetes: framework.Handle)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, PodView
from schedlab.core.preemption.what_if import WhatIf
from schedlab.core.preemption.what_if_filters import WhatIfFilters
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, filter_nodes
from schedlab.core.running import NOBODY, RunningPods
from schedlab.core.verdicts import PASS, SHIFT, Codes, reasons_of
from schedlab.model.gangs import gang_of
from schedlab.model.objects import PodDisruptionBudget, PodSpec

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
T = TypeVar("T")

FEW = 32
"""Codes up to which looking at each is faster than sorting them."""


class Handle:
    """The cluster, the profile's filters and what runs, for one batch.

    Attributes
    ----------
    nominated_row : int
        The node that the pod in question is nominated for already, -1 for none.
    generator : numpy Generator
        The source of every random choice, seeded by the budget.
    thorough : bool
        Whether every potential node is to be looked at, even where one cannot be the best.
    """

    thorough: ClassVar[bool] = False

    def __init__(self, profile: Profile, cluster: Cluster, seed: int = 0) -> None:
        self._profile = profile
        self._cluster = cluster
        self._filters: dict[int, WhatIfFilters] = {}
        self._kept: dict[int, object] = {}
        self._helping: dict[tuple[int, int], bool] = {}
        self.nominated_row = -1
        self.generator = np.random.default_rng(seed)

    @property
    def running(self) -> RunningPods:
        """Which pods are on which node."""
        return self._cluster.running

    @property
    def budgets(self) -> tuple[PodDisruptionBudget, ...]:
        """All PodDisruptionBudgets."""
        return self._cluster.disruption_budgets

    def name(self, number: int) -> str:
        """Return the ``namespace/name`` of a running pod, "" for one placed in this batch."""
        names = self._cluster.bound_names
        return names[number] if number < len(names) else ""

    def spec_of(self, signature: int) -> PodSpec:
        """Return the spec behind a signature."""
        return self._cluster.specs[signature]

    def by_signature(self, key: Hashable, says: Callable[[PodSpec], bool]) -> Mask:
        """Return what ``says`` says of every spec, by signature; ``key`` names it."""
        known: list[bool] = self._cluster.shared(key, list)
        known.extend(says(s) for s in self._cluster.specs[len(known) :])
        return np.array(known, np.bool_)

    def mates(self, pod: PodView, numbers: Ints) -> Mask:
        """Return which running pods are of the pod's own gang (False for NOBODY)."""
        gang = gang_of(pod.spec)
        if gang is None:
            return np.zeros(numbers.shape, np.bool_)
        member = self.by_signature(("in gang", gang), lambda s: gang_of(s) == gang)
        return (numbers != NOBODY) & member[self.running.signature(numbers)]

    def unresolvable(self, pod: PodView, row: int) -> bool:
        """Say whether a node rejects the pod whatever is evicted there."""
        return row not in self.potential(pod)

    def filters(self, pod: PodView) -> WhatIfFilters:
        """Return the profile's filters, to be asked about the pod."""
        known = self._filters.get(pod.signature)
        if known is None:
            known = WhatIfFilters(self._profile.filters, self._cluster, pod.signature)
            self._filters[pod.signature] = known
        return known

    def what_if(self, rows: Ints, numbers: Ints) -> WhatIf:
        """Return nodes of which the running pods ``numbers`` (n, K) may be taken away."""
        return WhatIf.of_running(self._cluster, rows, numbers)

    def memo(self, pod: PodView, build: Callable[[], T]) -> T:
        """Return what ``build`` made for pods of this signature, calling it once for a batch."""
        if pod.signature not in self._kept:
            self._kept[pod.signature] = build()
        return self._kept[pod.signature]  # type: ignore[return-value]

    @property
    def nodes(self) -> int:
        """How many nodes the cluster has."""
        return len(self._cluster)

    @property
    def nominations(self) -> int:
        """How many pods wait for room on a node that they are nominated for."""
        return len(self._cluster.nominated)

    @property
    def position(self) -> int:
        """How many changes the cluster has seen; see :meth:`changed`."""
        return len(self._cluster.log)

    def changed(self, since: int) -> Ints:
        """Return the rows of nodes whose pods changed after the first ``since`` changes."""
        rows = self._cluster.log.changed(since)
        rows.sort()
        return rows

    def each_by_itself(self, pod: PodView) -> bool:
        """Say whether what is said of a node now depends on that node's own pods alone.

        No CLUSTER filter has a say as the cluster stands, and nobody is nominated.
        """
        return not self.filters(pod).begin_cycle() and not len(self._cluster.nominated)

    def potential(self, pod: PodView) -> Ints:
        """Return the nodes that evicting pods could make fit, ascending.

        Those that were rejected as Unschedulable, not as UnschedulableAndUnresolvable.
        """
        return self.survey(pod)[0]

    def survey(self, pod: PodView) -> tuple[Ints, Mask]:
        """Return the potential nodes, and which of all nodes no prefilter rules out, (N,)."""
        found = filter_nodes(self._profile, self._cluster, pod.signature)
        rows = _looked_at(found)
        looked_at = np.zeros(len(self._cluster), np.bool_)
        looked_at[rows] = True
        return rows[self._resolvable(found.codes[rows], pod)], looked_at

    def still_potential(self, pod: PodView, rows: Ints) -> Mask:
        """Return which of some nodes, each by itself, evictions could make fit now, shape (n,).

        For nodes that no prefilter rules out.
        """
        return self._resolvable(self.filters(pod).codes(self._cluster.view(rows)), pod)

    def _resolvable(self, codes: Codes, pod: PodView) -> Mask:
        if len(codes) < FEW:
            return np.array([self._helps(k, pod) for k in codes.tolist()], np.bool_)
        kinds, kind = np.unique(codes, return_inverse=True)
        return np.array([self._helps(k, pod) for k in kinds.tolist()], np.bool_)[kind]

    def _helps(self, code: int, pod: PodView) -> bool:
        known = self._helping.get((pod.signature, code))
        if known is None:
            known = self._helping[pod.signature, code] = self._would_help(code, pod)
        return known

    def _would_help(self, code: int, pod: PodView) -> bool:
        if code == PASS:
            return False
        reasons = reasons_of(code, self._profile.filters[code >> SHIFT], pod)
        return all(r.resolvable for r in reasons)


class ReferenceHandle(Handle):
    """Lets nothing be remembered: every node is looked at anew for every pod."""

    thorough = True

    def each_by_itself(self, pod: PodView) -> bool:
        """Say that any node may have changed."""
        self.filters(pod).begin_cycle()
        return False


def _looked_at(found: Evaluation) -> Ints:
    """Return the rows of which a rejection may be resolvable, as far as prefilters say."""
    rows = np.arange(len(found.codes))
    if found.gated or not all(r.resolvable for r in found.reasons):
        return rows[:0]
    return np.delete(rows, found.narrowed)

"""Why a signature fits nowhere, kept up to date: filters are asked about changed nodes only."""

from __future__ import annotations

import numpy as np

from schedlab.api import Cluster, Failure, FilterPlugin, Locality
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, asked, attribute, failures_of, filter_nodes
from schedlab.core.states import States
from schedlab.core.verdicts import PASS, Meanings, count_failures, first_codes, tally

KEPT_BYTES = 1 << 26
"""What all that is kept may take."""

FEW = 64
"""So many nodes are counted one by one: NumPy would need as long for one."""


class Rejections:
    """Tells, signature by signature, how many nodes each filter rejects, and why."""

    def __init__(self, profile: Profile, cluster: Cluster) -> None:
        self._profile = profile
        self._cluster = cluster
        self._states: States[_Rejected] = States(KEPT_BYTES)

    def failures(self, signature: int) -> tuple[Failure, ...]:
        """Return what keeps the signature off every node, in filter order."""
        pod = self._cluster.pod(signature)
        filters = asked(self._profile, pod)
        if len(self._cluster.nominated) or _look_elsewhere(filters):
            found = filter_nodes(self._profile, self._cluster, signature)
            return failures_of(found, self._profile, pod)
        state = self._state(signature, filters)
        found = Evaluation(state.codes, np.zeros(0, np.int64))
        attribute(found, self._profile, pod, self._cluster.view())
        if found.rejected_by is not None or len(found.narrowed):
            return failures_of(found, self._profile, pod)
        return count_failures(state.tally, self._profile.filters, state.meanings.of)

    def _state(self, signature: int, filters: list[tuple[int, FilterPlugin]]) -> _Rejected:
        state = self._states.get(signature)
        if state is not None and state.pod is self._cluster.pod(signature):
            state.refresh(self._cluster)
            return state
        meanings = Meanings(self._profile.filters, self._cluster.pod(signature))
        state = _Rejected(self._cluster, signature, filters, meanings)
        self._states.keep(signature, state)
        return state


def _look_elsewhere(filters: list[tuple[int, FilterPlugin]]) -> bool:
    return any(plugin.locality is Locality.CLUSTER for _, plugin in filters)


class _Rejected:
    """Who rejects each node first (``codes``, shape (N,)), and how many nodes have each code."""

    def __init__(
        self,
        cluster: Cluster,
        signature: int,
        filters: list[tuple[int, FilterPlugin]],
        meanings: Meanings,
    ) -> None:
        self.pod = cluster.pod(signature)
        self.seen = len(cluster.log)
        self._filters = filters
        self.meanings = meanings
        self.codes = first_codes(filters, self.pod, cluster.view())
        self.tally = tally(self.codes)

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes

    def refresh(self, cluster: Cluster) -> None:
        """Bring the codes up to date with the change log."""
        rows = cluster.log.changed(self.seen)
        self.seen = len(cluster.log)
        before, after = self.codes[rows], first_codes(self._filters, self.pod, cluster.view(rows))
        self.codes[rows] = after
        differ = before != after
        if np.count_nonzero(differ) > FEW:
            self.tally = tally(self.codes)
            return
        for old, new in zip(before[differ].tolist(), after[differ].tolist(), strict=True):
            self._recount(old, -1)
            self._recount(new, 1)

    def _recount(self, code: int, nodes: int) -> None:
        counted = self.tally.get(code, 0) + nodes
        if code == PASS or not counted:
            self.tally.pop(code, None)
        else:
            self.tally[code] = counted

"""The incremental path: ask again only about the rows that changed since a signature was last seen.

What a plugin declares decides how often it is asked: SPEC plugins once per signature,
NODE plugins for changed rows, CLUSTER plugins at every decision; of those that answer by
topology domain only what moved is taken in (:mod:`schedlab.core.clusterwide`).  Decisions are
those of the reference path, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, Failure
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.ahead.hypothetical import HypotheticalView, only_local_answers
from schedlab.core.answers import EVERY, Rows
from schedlab.core.log import NotLocalError
from schedlab.core.profile import Profile
from schedlab.core.reference import evaluate
from schedlab.core.rejections import Rejections
from schedlab.core.sampling import sampling
from schedlab.core.select import Lowest, Select
from schedlab.core.signature_state import SignatureState
from schedlab.core.states import States
from schedlab.core.verdicts import extremes, fits, normalized, raw_scores

Ints = NDArray[np.int64]

KEPT_BYTES = 1 << 29
"""What the states of all signatures may take."""


class IncrementalPath:
    """Decides one pod at a time from per-signature states."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        self._profile = profile
        self._cluster = cluster
        self._select = select
        self._lowest = isinstance(select, Lowest)
        self._rotation = sampling(profile, cluster)
        self._states: States[SignatureState] = States(KEPT_BYTES)
        self._rejections = Rejections(profile, cluster)
        self._rows = 0

    def pick(self, signature: int) -> int:
        """Return the row for the next pod of this signature, -1 if none fits."""
        if not len(self._cluster):
            return -1
        state = self._state(signature)
        if self._rotation is not None or state.cluster_filters or state.cluster_scores:
            return self._pick_from_scratch(state)
        row = state.best_row()
        # A tie-break with a memory is consulted only where something is feasible.
        return row if row < 0 or self._lowest else state.choose(self._select)

    def totals(self, signature: int, rows: Rows = EVERY) -> Ints:
        """Return what some nodes total for the next pod of this signature, shape (n,).

        INFEASIBLE where a filter rejects it.  Neither keep nor change the array.
        """
        state = self._state(signature)
        if self._rotation is None and not state.cluster_filters and not state.cluster_scores:
            return state.total_at(rows)
        found = evaluate(self._profile, self._cluster, signature)
        totals = np.full(len(self._cluster), INFEASIBLE)
        totals[found.feasible] = found.total
        return totals[rows]

    def totals_after(self, signature: int, rows: Ints) -> Ints | None:
        """Return what some nodes would total each with one more pod of this signature, (n,).

        What depends on other nodes, or on their extremes, is taken to stay as it is.  None
        where it cannot be told beforehand: GPU devices, and plugins that look elsewhere.
        """
        state = self._state(signature)
        if state.pod.spec.gpu is not None or state.cluster_filters or state.cluster_scores:
            return None
        nodes = HypotheticalView(self._cluster, rows, signature, np.ones(len(rows), np.int64))
        try:
            with only_local_answers(self._cluster):
                ask = state.ask if state.grouped is None else state.local.ask
                totals = ask(nodes, rows)
        except NotLocalError:
            return None
        return totals if state.grouped is None else state.grouped.totals(totals, rows)

    def failures(self, signature: int) -> tuple[Failure, ...]:
        """Return what keeps the signature off every node, in filter order."""
        return self._rejections.failures(signature)

    def counters(self) -> dict[str, int]:
        """Return what the path counted of its own work."""
        return {"signatures": self._states.made, "rows_evaluated": self._rows}

    def _state(self, signature: int) -> SignatureState:
        """Return the state of a signature, up to date."""
        state = self._known(signature)
        if state.seen < len(self._cluster.log):
            self._rows += state.refresh(self._cluster)
        return state

    def _known(self, signature: int) -> SignatureState:
        """Return the state of a signature as it was left, or a new one."""
        state = self._states.get(signature)
        # A new resource gives the cluster wider columns, and every pod another view of them.
        if state is None or state.pod is not self._cluster.pod(signature):
            state = SignatureState(self._profile, self._cluster, signature)
            self._states.keep(signature, state)
            self._rows += len(self._cluster)
        return state

    def _pick_from_scratch(self, state: SignatureState) -> int:
        state.widen()
        accepted = state.base != INFEASIBLE
        whole = self._cluster.view()
        for plugin in state.cluster_filters:
            accepted &= fits(plugin, state.pod, whole)
        feasible = np.flatnonzero(accepted)
        if self._rotation is not None:
            feasible, looked_at = self._rotation.first(feasible)
            self._rotation.advance(looked_at)
        if not len(feasible):
            return -1
        total = state.base[feasible]
        for normal in state.normal:
            raw = normal.raw_at(feasible)
            total += normal.weight * normalized(normal.plugin, raw, *extremes(raw))
        nodes = self._cluster.view(feasible)
        for score, weight in state.cluster_scores:
            raw = raw_scores(score, state.pod, nodes)
            total += weight * normalized(score, raw, *extremes(raw))
        return int(feasible[self._select.among(total, feasible)])

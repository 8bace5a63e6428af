"""Why a signature fits nowhere, kept up to date: filters are asked about changed nodes only."""

from __future__ import annotations

import numpy as np

from schedlab.api import Cluster, Failure, FilterPlugin, Locality, PodView
from schedlab.core.answers import EVERY, NONE, Answers, Quiet, Rows, distinct, union
from schedlab.core.profile import Profile
from schedlab.core.reference import Evaluation, asked, attribute, failures_of, filter_nodes
from schedlab.core.states import States
from schedlab.core.verdicts import PASS, Codes, Meanings, coded, count_failures, first_codes, tally

KEPT_BYTES = 1 << 26
"""What all that is kept may take."""

FEW = 64
"""So many nodes are counted one by one: NumPy would need as long for one."""

Indexed = tuple[int, FilterPlugin]
"""A filter and its place in the profile."""


class Rejections:
    """Tells, signature by signature, how many nodes each filter rejects, and why."""

    def __init__(self, profile: Profile, cluster: Cluster) -> None:
        self._profile = profile
        self._cluster = cluster
        self._states: States[_Rejected] = States(KEPT_BYTES)

    def failures(self, signature: int) -> tuple[Failure, ...]:
        """Return what keeps the signature off every node, in filter order."""
        pod = self._cluster.pod(signature)
        state = None if len(self._cluster.nominated) else self._state(signature, pod)
        if state is None:
            found = filter_nodes(self._profile, self._cluster, signature)
            return failures_of(found, self._profile, pod)
        found = Evaluation(state.codes, np.zeros(0, np.int64))
        attribute(found, self._profile, pod, self._cluster.view())
        if found.rejected_by is not None or len(found.narrowed):
            return failures_of(found, self._profile, pod)
        return state.failures(self._profile)

    def _state(self, signature: int, pod: PodView) -> _Rejected | None:
        """Return who rejects each node; None where a filter must be asked about all nodes."""
        state = self._states.get(signature)
        if state is not None and state.pod is pod:
            state.refresh()
            return state
        filters = asked(self._profile, pod)
        if not all(_can_be_kept(plugin, pod, self._cluster) for _, plugin in filters):
            return None
        meanings = Meanings(self._profile.filters, pod)
        state = _Rejected(self._cluster, pod, filters, meanings)
        self._states.keep(signature, state)
        return state


def _of(locality: Locality, filters: list[Indexed]) -> list[Indexed]:
    return [(index, plugin) for index, plugin in filters if plugin.locality is locality]


def _can_be_kept(plugin: FilterPlugin, pod: PodView, cluster: Cluster) -> bool:
    """Say whether one can tell of which nodes a filter may say something else than before."""
    if plugin.locality is not Locality.CLUSTER:
        return True
    return plugin.verdict_by_domain(pod, cluster.view()) is not None


class _ByDomain:
    """What one filter that answers by topology domain says of one pod."""

    def __init__(self, cluster: Cluster, pod: PodView, indexed: Indexed) -> None:
        self._cluster = cluster
        self._pod = pod
        self._index, self._plugin = indexed
        self._answers = Answers(cluster)
        self._quiet = Quiet(cluster)
        self.moved()

    def moved(self) -> Rows:
        """Ask the filter again; return the rows of which it may say something else."""
        if self._quiet.lasts():
            return NONE
        parts = self._plugin.verdict_by_domain(self._pod, self._cluster.view())
        assert parts is not None, f"{self._plugin.name} no longer answers by domain"
        self._quiet.note(quiet=not parts)
        return self._answers.moved(parts)

    def heard(self, codes: Codes, rows: Rows) -> Codes:
        """Return the codes of some rows with this filter among those that reject."""
        if not self._answers.parts:
            return codes
        verdict = np.zeros(len(codes), np.int64)
        for answer in self._answers.parts:
            verdict = np.where(verdict == 0, answer.values[answer.domains[rows]], verdict)
        return np.minimum(codes, coded(verdict, self._index))


class _Rejected:
    """Who rejects each node first (``codes``, shape (N,)), and how many nodes have each code."""

    def __init__(
        self, cluster: Cluster, pod: PodView, filters: list[Indexed], meanings: Meanings
    ) -> None:
        self._cluster = cluster
        self.pod = pod
        self.seen = len(cluster.log)
        self._by_domain = [_ByDomain(cluster, pod, x) for x in _of(Locality.CLUSTER, filters)]
        self._by_node = _of(Locality.NODE, filters)
        by_spec = first_codes(_of(Locality.SPEC, filters), pod, cluster.view())
        self._by_spec = None if (by_spec == PASS).all() else by_spec
        self._meanings = meanings
        self._failures: tuple[Failure, ...] | None = None
        self.codes = self._ask(EVERY)
        self._tally = tally(self.codes)

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes * (1 if self._by_spec is None else 2)

    def failures(self, profile: Profile) -> tuple[Failure, ...]:
        """Return how many nodes each filter of the profile rejects first, by reason."""
        if self._failures is None:
            self._failures = count_failures(self._tally, profile.filters, self._meanings.of)
        return self._failures

    def refresh(self) -> None:
        """Bring the codes up to date with the change log."""
        rows = self._outdated()
        before, after = self.codes[rows], self._ask(rows)
        differ = (before != after).nonzero()[0]
        if not len(differ):
            return
        gone, new = before[differ], after[differ]
        self.codes[rows] = after
        self._recount(gone, -1)
        self._recount(new, 1)
        self._failures = None

    def _outdated(self) -> Rows:
        """Return the rows of which some filter may say something else, each once."""
        rows: Rows = self._cluster.log.changed(self.seen)
        self.seen = len(self._cluster.log)
        moved: Rows = NONE
        for plugin in self._by_domain:
            moved = union(moved, plugin.moved(), len(self.codes))
        if not isinstance(moved, slice) and not len(moved):
            return rows
        rows = union(rows, moved, len(self.codes))
        return rows if isinstance(rows, slice) else distinct(rows)

    def _ask(self, rows: Rows) -> Codes:
        codes = first_codes(self._by_node, self.pod, self._cluster.view(rows))
        if self._by_spec is not None:
            codes = np.minimum(codes, self._by_spec[rows])
        for plugin in self._by_domain:
            codes = plugin.heard(codes, rows)
        return codes

    def _recount(self, codes: Codes, sign: int) -> None:
        """Count so many codes in (1) or out (-1)."""
        few = len(codes) <= FEW
        counted = ((code, 1) for code in codes.tolist()) if few else tally(codes).items()
        for code, nodes in counted:
            total = self._tally.get(code, 0) + sign * nodes
            if code == PASS or not total:
                self._tally.pop(code, None)
            else:
                self._tally[code] = total

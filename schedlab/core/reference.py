"""The reference path: every plugin, every node, every pod.  Short, obvious, the oracle."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    Cluster,
    Failure,
    FilterPlugin,
    NodeView,
    PodView,
    PreEnqueuePlugin,
    Reason,
    Scores,
)
from schedlab.core.preemption.what_if_filters import WhatIfFilters
from schedlab.core.profile import Profile
from schedlab.core.sampling import sampling
from schedlab.core.select import Select
from schedlab.core.verdicts import (
    PASS,
    Codes,
    Meanings,
    count_failures,
    extremes,
    first_codes,
    normalized,
    raw_scores,
    tally,
)
from schedlab.model.objects import NAME_FIELD, Requirement

Rows = NDArray[np.int64]


@dataclass
class Evaluation:
    """What a profile says of one pod on a cluster as it stands.

    Attributes
    ----------
    codes : int64, shape (N,)
        Which filter rejected each node first, and why (:mod:`schedlab.core.verdicts`).
    rejected_by : FilterPlugin or None
        The plugin that rejected the pod before any node was looked at (a
        :class:`PreEnqueuePlugin`: it is not even in the queue), for ``reasons``.
    narrowed_by : tuple of str
        The plugins that ruled out nodes before they were looked at, and ``narrowed``,
        those nodes' rows.
    feasible : int64, shape (F,)
        The rows that pass, ascending.
    raw, scores : dict of plugin name to int64, shape (F,)
        Scores before and after normalisation, for each plugin that ranked.
    total : int64, shape (F,)
        The weighted sum.  A single feasible node is not scored.
    looked_at : int
        How many nodes the search went through before enough were feasible.
    """

    codes: Codes
    feasible: Rows
    rejected_by: FilterPlugin | None = None
    reasons: tuple[Reason, ...] = ()
    narrowed_by: tuple[str, ...] = ()
    narrowed: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    raw: dict[str, Scores] = field(default_factory=dict)
    scores: dict[str, Scores] = field(default_factory=dict)
    total: Scores = field(default_factory=lambda: np.zeros(0, np.int64))
    looked_at: int = 0

    @property
    def gated(self) -> bool:
        """Whether the pod is kept out of the queue."""
        return isinstance(self.rejected_by, PreEnqueuePlugin)

    @property
    def best(self) -> Rows:
        """The rows with the highest total, ascending."""
        if not len(self.feasible):
            return self.feasible
        return self.feasible[self.total == self.total.max()]


def evaluate(profile: Profile, cluster: Cluster, signature: int) -> Evaluation:
    """Filter all nodes and score the feasible ones, with no use of anything cached."""
    found = filter_nodes(profile, cluster, signature)
    rotation = sampling(profile, cluster)
    if rotation is not None:
        found.feasible, found.looked_at = rotation.first(found.feasible)
    found.total = np.zeros(len(found.feasible), np.int64)
    if len(found.feasible) > 1:
        _score(found, profile, cluster, signature)
    return found


def filter_nodes(profile: Profile, cluster: Cluster, signature: int) -> Evaluation:
    """Return which nodes pass every filter, and what rejected the others first."""
    pod = cluster.pod(signature)
    codes = first_codes(asked(profile, pod), pod, cluster.view())
    if len(cluster.nominated):
        beside = WhatIfFilters(profile.filters, cluster, signature)
        beside.begin_cycle()
        codes = beside.codes_beside_nominated(codes)
    found = Evaluation(codes, np.flatnonzero(codes == PASS))
    attribute(found, profile, pod, cluster.view())
    return found


def asked(profile: Profile, pod: PodView) -> list[tuple[int, FilterPlugin]]:
    """Return the filters that have a say about a pod, with their places in the profile."""
    return [(i, f) for i, f in enumerate(profile.filters) if not f.skips_filter(pod)]


def _gate(profile: Profile, pod: PodView) -> FilterPlugin | None:
    """Return what keeps the pod out of the queue, if anything does."""
    gates = (f for f in profile.filters if isinstance(f, PreEnqueuePlugin))
    return next((g for g in gates if not g.admits(pod)), None)


def attribute(found: Evaluation, profile: Profile, pod: PodView, nodes: NodeView) -> None:
    """Note what was decided before nodes were looked at one by one."""
    gate = _gate(profile, pod)
    if gate is not None:
        found.rejected_by, found.reasons = gate, gate.reasons(pod)
        return
    names: frozenset[str] | None = None
    for plugin in profile.filters if profile.prefilters is None else profile.prefilters:
        known = None if plugin.skips_filter(pod) else plugin.prefilter(pod, nodes)
        if known is None:
            continue
        if known.nodes is not None:
            names = known.nodes if names is None else names & known.nodes
            found.narrowed_by = (*found.narrowed_by, plugin.name)
        reasons = known.reasons or (() if names or names is None else _none_left(found.narrowed_by))
        if reasons:
            found.rejected_by, found.reasons = plugin, reasons
            return
    if names is not None:
        found.narrowed = np.flatnonzero(~nodes.match(Requirement(NAME_FIELD, "In", tuple(names))))


def _none_left(plugins: tuple[str, ...]) -> tuple[Reason, ...]:
    """Return the reason of RunPreFilterPlugins (scheduler/framework/runtime/framework.go)."""
    named = f" {plugins[0]}" if len(plugins) == 1 else f"(s) [{' '.join(sorted(plugins))}]"
    tail = "" if len(plugins) == 1 else " simultaneously"
    return (Reason(f"node(s) didn't satisfy plugin{named}{tail}", resolvable=False),)


def _score(found: Evaluation, profile: Profile, cluster: Cluster, signature: int) -> None:
    pod, nodes = cluster.pod(signature), cluster.view(found.feasible)
    for plugin, weight in profile.scores:
        if not plugin.skips_score(pod) and plugin.ranks(pod, nodes):
            raw = raw_scores(plugin, pod, nodes)
            final = normalized(plugin, raw, *extremes(raw))
            found.raw[plugin.name], found.scores[plugin.name] = raw, final
            found.total += weight * final


class ReferencePath:
    """Decides one pod at a time by :func:`evaluate`."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        self._profile = profile
        self._cluster = cluster
        self._select = select
        self._rotation = sampling(profile, cluster)

    def pick(self, signature: int) -> int:
        """Return the row for the next pod of this signature, -1 if none fits."""
        found = evaluate(self._profile, self._cluster, signature)
        if self._rotation is not None:
            self._rotation.advance(found.looked_at)
        if not len(found.feasible):
            return -1
        return int(found.feasible[self._select.among(found.total, found.feasible)])

    def failures(self, signature: int) -> tuple[Failure, ...]:
        """Return what keeps the signature off every node, in filter order."""
        found = filter_nodes(self._profile, self._cluster, signature)
        return failures_of(found, self._profile, self._cluster.pod(signature))

    def counters(self) -> dict[str, int]:
        """Return what the path counted of its own work."""
        return {}


def failures_of(found: Evaluation, profile: Profile, pod: PodView) -> tuple[Failure, ...]:
    """Return how many nodes each filter rejected first, by reason, in filter order."""
    if found.rejected_by is not None:
        name, nodes = found.rejected_by.name, len(found.codes)
        return tuple(Failure(name, r.text, nodes, r.resolvable) for r in found.reasons)
    looked_at = np.delete(found.codes, found.narrowed)
    meaning = Meanings(profile.filters, pod).of
    counted = count_failures(tally(looked_at), profile.filters, meaning)
    if not len(found.narrowed):
        return counted
    plugins = " ".join(sorted(found.narrowed_by))
    text = f"node(s) didn't satisfy plugin(s) [{plugins}]"
    return (Failure(plugins, text, len(found.narrowed), resolvable=False), *counted)

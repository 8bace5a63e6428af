"""Filters asked about nodes as they would be, for one pod."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, FilterPlugin, Locality, NodeView, Verdict
from schedlab.core.ahead.hypothetical import only_local_answers
from schedlab.core.log import NotLocalError
from schedlab.core.preemption.what_if import WhatIf
from schedlab.core.verdicts import (
    PASS,
    Codes,
    accepts,
    checked,
    coded,
    filter_codes,
    first_codes,
    fits,
)

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

NO_SIGNATURE = -1


class WhatIfFilters:
    """The filters that one signature is asked about.

    SPEC filters say the same whatever is on a node; NODE filters are shown the node as it
    would be; CLUSTER filters answer ``filter_what_if``, or else the cluster is really
    changed for a moment, node by node.
    """

    def __init__(self, filters: Sequence[FilterPlugin], cluster: Cluster, signature: int) -> None:
        self._cluster = cluster
        self._pod = cluster.pod(signature)
        self._asked = [(i, f) for i, f in enumerate(filters) if not f.skips_filter(self._pod)]
        self._resting: set[str] = set()
        self._unlike_declared: set[str] = set()

    @cached_property
    def spec_accepts(self) -> Mask:
        """Which of all nodes the SPEC filters accept, shape (N,)."""
        accepted = np.ones(len(self._cluster), np.bool_)
        for _, plugin in self._asked:
            if plugin.locality is Locality.SPEC:
                accepted &= fits(plugin, self._pod, self._cluster.view())
        return accepted

    def begin_cycle(self) -> bool:
        """Look at the cluster as it stands; say whether any CLUSTER filter has a say.

        A filter that was found to look beyond its nodes is one, whatever it declares.
        """
        whole = self._cluster.view()
        clusterwide = [f for _, f in self._asked if f.locality is Locality.CLUSTER]
        self._resting = {f.name for f in clusterwide if f.skips_cycle(self._pod, whole)}
        return len(self._resting) < len(clusterwide) or bool(self._unlike_declared)

    def accepts(self, nodes: WhatIf) -> Mask:
        """Return which nodes the NODE and CLUSTER filters accept, nominated pods considered.

        Where pods of at least the pod's priority are nominated it must fit beside them,
        and without them.
        """
        accepted = self._accepts(nodes)
        beside, positions = self._beside_nominated(nodes)
        if beside is not None:
            accepted[positions] &= self._accepts(beside)
        return accepted

    def accepts_as_it_is(self, row: int) -> bool:
        """Say whether every filter accepts one node, with nothing assumed of it."""
        self.begin_cycle()
        rows = np.array([row], np.int64)
        here = WhatIf.of_running(self._cluster, rows, np.zeros((1, 0), np.int64))
        return bool(self.spec_accepts[row] and self.accepts(here)[0])

    def codes_beside_nominated(self, codes: Codes) -> Codes:
        """Return the codes of all nodes corrected where pods are nominated.

        The pod is first tried beside them, which decides if it fails.
        """
        against = self._cluster.nominated.against(self._pod.spec.priority)
        if not against:
            return codes
        rows = np.array(sorted(against), np.int64)
        nothing = np.zeros((len(rows), 0), np.int64)
        beside, _ = self._beside_nominated(WhatIf.of_running(self._cluster, rows, nothing))
        assert beside is not None
        corrected = codes.copy()
        first = self._codes(beside)
        corrected[rows] = np.where(first == PASS, codes[rows], first)
        return corrected

    def _accepts(self, nodes: WhatIf) -> Mask:
        accepted = np.ones(len(nodes), np.bool_)
        expensive = []
        for plugin in self._moving():
            verdict = self._verdict(plugin, nodes)
            if verdict is None:
                expensive.append(plugin)
            else:
                accepted &= accepts(verdict)
        for plugin in expensive:
            for position in np.flatnonzero(accepted).tolist():
                with self._changed(nodes, position) as view:
                    accepted[position] = fits(plugin, self._pod, view)[0]
        return accepted

    def codes(self, nodes: NodeView) -> Codes:
        """Return who rejects nodes as they are, where no CLUSTER filter has a say."""
        awake = [(i, f) for i, f in self._asked if f.name not in self._resting]
        return first_codes(awake, self._pod, nodes)

    def _codes(self, nodes: WhatIf) -> Codes:
        codes = np.full(len(nodes), PASS)
        for index, plugin in self._asked:
            if plugin.name in self._resting:
                continue
            verdict = self._verdict(plugin, nodes)
            if verdict is not None:
                found = coded(verdict, index)
            else:
                found = np.concatenate(
                    [self._really_code(plugin, index, nodes, i) for i in range(len(nodes))]
                )
            codes = np.minimum(codes, found)
        return codes

    def _moving(self) -> Iterator[FilterPlugin]:
        for _, plugin in self._asked:
            if plugin.locality is not Locality.SPEC and plugin.name not in self._resting:
                yield plugin

    def _verdict(self, plugin: FilterPlugin, nodes: WhatIf) -> Verdict | None:
        """Return the plugin's verdict, None if only a really changed cluster can tell."""
        if plugin.locality is Locality.CLUSTER:
            verdict = plugin.filter_what_if(self._pod, nodes)
            if verdict is None:
                return None
            return checked(verdict, plugin, "filter_what_if", len(nodes))
        if plugin.name in self._unlike_declared:
            return None
        try:
            with only_local_answers(self._cluster):
                return checked(plugin.filter(self._pod, nodes), plugin, "filter", len(nodes))
        except NotLocalError:
            self._unlike_declared.add(plugin.name)
            return None

    def _really_code(self, plugin: FilterPlugin, index: int, nodes: WhatIf, at: int) -> Codes:
        with self._changed(nodes, at) as view:
            return filter_codes(plugin, index, self._pod, view)

    @contextmanager
    def _changed(self, nodes: WhatIf, at: int) -> Iterator[NodeView]:
        """Change the cluster to what is assumed of one node, and back."""
        with self._cluster.running.unaware():
            nodes.apply(at, 1)
            try:
                yield self._cluster.view(nodes.rows[at : at + 1])
            finally:
                nodes.apply(at, -1)

    def _beside_nominated(self, nodes: WhatIf) -> tuple[WhatIf | None, Ints]:
        """Return the nodes with pods nominated, those assumed there, and their positions."""
        against = self._cluster.nominated.against(self._pod.spec.priority)
        crowded = (
            [i for i, row in enumerate(nodes.rows.tolist()) if row in against] if against else []
        )
        positions = np.array(crowded, np.int64)
        if not crowded:
            return None, positions
        lists = [against[row] for row in nodes.rows[positions].tolist()]
        more = np.full((len(lists), max(map(len, lists))), NO_SIGNATURE, np.int32)
        for i, signatures in enumerate(lists):
            more[i, : len(signatures)] = signatures
        return nodes.with_more(positions, more), positions

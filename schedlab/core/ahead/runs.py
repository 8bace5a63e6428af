"""The run path: consecutive pods of one signature are placed in one step.

What a node would total after some more of the same pods can be asked beforehand, by
showing SPEC and NODE plugins hypothetical rows; :mod:`schedlab.core.ahead.run_steps` tells how
many of the next pods go where, whatever else holds.  Where that is not exact the
incremental path decides, pod by pod, and the counters say why.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster
from schedlab.core.ahead.run_steps import Chains, Shape, local_step
from schedlab.core.groups.steps import group_step
from schedlab.core.incremental import IncrementalPath
from schedlab.core.profile import Profile
from schedlab.core.select import Lowest, Select
from schedlab.core.signature_state import SignatureState

Ints = NDArray[np.int64]

SHORTEST = 8
"""Pods of a signature in a row from which on a step costs less than deciding one by one."""


class RunPath(IncrementalPath):
    """Decides runs of equal pods at once, and other pods as the incremental path does."""

    def __init__(self, profile: Profile, cluster: Cluster, select: Select) -> None:
        super().__init__(profile, cluster, select)
        self._shapes: dict[int, Shape] = {}
        self._why: dict[int, str] = {}
        self._counted: Counter[str] = Counter()

    @staticmethod
    def pays(pods: int) -> bool:
        """Say whether so many pods of one signature are worth a step."""
        return pods >= SHORTEST

    def pick_run(self, signature: int, count: int) -> Ints | None:
        """Return the rows of the next pods of this signature in order, at most ``count``.

        None of them if none fits; None if pods of this signature are to be decided singly.
        """
        obstacle = self._obstacle(signature)
        if not obstacle:
            rows = self._taken(signature, count)
            if rows is not None:
                self._counted["run_steps"] += 1
                self._counted["pods_in_runs"] += len(rows)
                return rows
            obstacle = self._why[signature] = "a NODE plugin that looks beyond its nodes"
        self._counted[f"pods_one_by_one ({obstacle})"] += 1
        return None

    def counters(self) -> dict[str, int]:
        """Return what the path counted of its own work."""
        return {**super().counters(), **self._counted}

    def _obstacle(self, signature: int) -> str:
        """Return why pods of this signature cannot be placed in runs, "" if they can."""
        if not len(self._cluster):
            return "no nodes"
        state = self._state(signature)
        if state.clusterwide and (state.grouped is None or not state.grouped.panel.foresees):
            return "CLUSTER plugins"
        if signature not in self._why:
            self._why[signature] = self._find_obstacle(state)
        return self._why[signature]

    def _find_obstacle(self, state: SignatureState) -> str:
        if not isinstance(self._select, Lowest):
            return "tie-break"
        if self._rotation is not None:
            return "percentage_of_nodes_to_score"
        return "GPU devices" if state.pod.spec.gpu is not None else ""

    def _taken(self, signature: int, count: int) -> Ints | None:
        """Return the rows that one-by-one placing takes first, None if that cannot be said."""
        state = self._state(signature)
        state.widen()
        shape = self._shapes.setdefault(signature, Shape())
        chains = Chains(self._cluster, state)
        step = local_step if state.grouped is None else group_step
        rows = step(chains, shape, count)
        self._rows += chains.asked
        return rows

"""Asking the plugins of several signatures about pairs: pods of theirs beside nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster
from schedlab.core.ahead.pairs import PodsView
from schedlab.core.signature_state import SignatureState
from schedlab.core.verdicts import ask_each
from schedlab.core.views import NodeView

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def ask_pairs(
    cluster: Cluster, states: Sequence[SignatureState], whose: Ints, rows: Ints, nodes: NodeView
) -> tuple[Ints, Mask]:
    """Return the total of each pod on the node beside it, and where a filter rejects.

    Parameters
    ----------
    states : sequence of SignatureState
        Plain ones, which the same NODE plugins look at.
    whose : int64, shape (n,)
        The pods, as positions in ``states``, ascending.
    rows : int64, shape (n,)
        What the ``nodes`` stand for.

    Raises
    ------
    NotLocalError
        If one of the plugins cannot be asked about pairs.
    """
    signatures = np.array([state.pod.signature for state in states], np.int64)
    pods = PodsView.of(cluster, signatures[whose])
    totals, rejected = ask_each(states[0].local.filters, states[0].local.scores, pods, nodes)
    totals += np.array([state.local.common for state in states], np.int64)[whose]
    if any(state.local.has_spec_parts for state in states):
        cuts = np.searchsorted(whose, np.arange(len(states) + 1)).tolist()
        for state, start, end in zip(states, cuts, cuts[1:], strict=False):
            part = slice(start, end)
            state.local.add_spec_parts(rows[part], totals[part], rejected[part])
    return totals, rejected

"""InterPodAffinity in a preemption's dry run (filtering.go: AddPod, RemovePod)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from schedlab.api import WhatIf
from schedlab_algorithms.kubernetes.inter_pod_affinity_counts import KeyTable, RequiredTables

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def lacking_what_if(tables: RequiredTables, nodes: WhatIf) -> Mask:
    """Return which nodes required affinity would rule out, shape (n,)."""
    lacking = np.zeros(len(nodes), np.bool_)
    first = _would_be_first(tables, nodes)
    for table in tables.affinity:
        lacking |= (nodes.at(table.codes) < 0) | ((_counts(table, nodes) <= 0) & ~first)
    return lacking


def _would_be_first(tables: RequiredTables, nodes: WhatIf) -> Mask:
    """Return where no pod of the whole cluster would be meant by the pod, which means itself."""
    first = np.full(len(nodes), tables.first_of_its_kind)
    for table in tables.affinity:
        first &= table.counts().sum() + _change(table, nodes) == 0
    return first


def meets_any(tables: Iterable[KeyTable], nodes: WhatIf) -> Mask:
    """Return which nodes would be in a domain in which something is counted, shape (n,)."""
    met = np.zeros(len(nodes), np.bool_)
    for table in tables:
        met |= _counts(table, nodes) > 0
    return met


def _counts(table: KeyTable, nodes: WhatIf) -> Ints:
    return table.counts()[nodes.at(table.codes)] + _change(table, nodes)


def _change(table: KeyTable, nodes: WhatIf) -> Ints:
    on_key = nodes.at(table.codes) >= 0
    return np.where(on_key, nodes.difference(table.sums.weights()), 0)

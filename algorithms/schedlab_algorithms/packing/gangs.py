"""Gangs of a batch: pods that are placed together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schedlab.api import Cluster, PodSpec
from schedlab.engine import missing_of_gangs
from schedlab.model.gangs import gang_of
from schedlab_algorithms.packing.arrays import Mask


@dataclass(frozen=True)
class GangRule:
    """Of the pods of ``members`` (bool, shape (S,)) at least ``least`` are placed, or none."""

    members: Mask
    least: int


def gangs_of(cluster: Cluster, specs: Sequence[PodSpec]) -> tuple[GangRule, ...]:
    """Return the gangs of a batch of which not enough run yet."""
    missing = missing_of_gangs(cluster, specs)
    members = {name: np.zeros(len(specs), np.bool_) for name in missing}
    for i, spec in enumerate(specs):
        if (name := gang_of(spec)) in members:
            members[name][i] = True
    return tuple(GangRule(members[name], least) for name, least in missing.items())

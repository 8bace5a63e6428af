"""Gangs of a batch: pods that are placed together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from schedlab.api import Cluster, PodSpec
from schedlab.engine import missing_of_gangs
from schedlab_algorithms.packing.arrays import Mask


@dataclass(frozen=True)
class GangRule:
    """Of the pods of ``members`` (bool, shape (S,)) at least ``least`` are placed, or none."""

    members: Mask
    least: int


def gangs_of(cluster: Cluster, specs: Sequence[PodSpec]) -> tuple[GangRule, ...]:
    """Return the gangs of a batch of which not enough run yet."""
    return tuple(
        GangRule(np.array([_is_of(spec, *name) for spec in specs], np.bool_), least)
        for name, least in missing_of_gangs(cluster, specs).items()
    )


def _is_of(spec: PodSpec, namespace: str, name: str) -> bool:
    return spec.gang is not None and (spec.namespace, spec.gang.name) == (namespace, name)

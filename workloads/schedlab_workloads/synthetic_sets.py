"""Replica sets drawn from pod classes, and batches of their pods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.model.objects import LabelSelector, PodBatch, PodSpec, Service
from schedlab_workloads.synthetic_classes import APP, PodClass
from schedlab_workloads.synthetic_names import PodNames


@dataclass(frozen=True)
class ReplicaSets:
    """Replica sets of one class; those at equal positions belong together."""

    pod_class: PodClass
    apps: list[str]
    specs: list[PodSpec]

    @classmethod
    def draw(
        cls, pod_class: PodClass, rng: np.random.Generator, prefix: str, sets: int
    ) -> ReplicaSets:
        """Draw the specs of ``sets`` replica sets named ``<prefix>-<number>``."""
        width = len(str(max(sets - 1, 0)))
        apps = [f"{prefix}-{i:0{width}}" for i in range(sets)]
        return cls(pod_class, apps, pod_class.specs(rng, apps))

    @property
    def owners(self) -> list[str]:
        """``namespace/name`` of each set."""
        return [f"{self.pod_class.namespace}/{app}" for app in self.apps]

    @property
    def services(self) -> list[Service]:
        """The Services of these sets, if their class has any."""
        if not self.pod_class.service:
            return []
        namespace = self.pod_class.namespace
        return [Service(namespace, app, LabelSelector.of({APP: app})) for app in self.apps]


def batch(groups: Sequence[ReplicaSets], signature: NDArray[np.int32]) -> PodBatch:
    """Return the pods whose replica sets, counted over all ``groups``, are ``signature``."""
    specs = tuple(spec for group in groups for spec in group.specs)
    owners = [owner for group in groups for owner in group.owners]
    return PodBatch(specs, signature, PodNames.counting(owners, signature))

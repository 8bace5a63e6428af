"""PodDisruptionBudgets, as far as preemption reads them."""

from __future__ import annotations

from schedlab.model.manifests.objects import SourcedObject
from schedlab.model.manifests.selectors import label_selector
from schedlab.model.objects import PodDisruptionBudget


def disruption_budget(obj: SourcedObject) -> PodDisruptionBudget:
    """Return a PodDisruptionBudget with what its status allows (nothing if it has none)."""
    field, key = obj.field, obj.key
    status = field["status"]
    return PodDisruptionBudget(
        namespace=key.namespace,
        name=key.name,
        selector=label_selector(field["spec"]["selector"]),
        disruptions_allowed=status["disruptionsAllowed"].integer(0, low=-(1 << 31)),
        disrupted_pods=frozenset(status["disruptedPods"].strings()),
    )

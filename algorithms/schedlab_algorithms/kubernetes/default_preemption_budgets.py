"""Whose eviction would break a PodDisruptionBudget (filterPodsWithPDBViolation)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from schedlab.api import PodSpec
from schedlab.engine import Handle
from schedlab.model.objects import PodDisruptionBudget

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def breaking_budgets(handle: Handle, numbers: Ints) -> Mask:
    """Return whose eviction would break a budget, shape (n, K).

    ``numbers`` are each node's pods, the most important first: a budget allows the
    disruption of so many of them, and every one after those breaks it.
    """
    breaking = np.zeros(numbers.shape, np.bool_)
    signatures = handle.running.signature(numbers)
    for budget in handle.budgets:
        protects = handle.by_signature(("protected by", budget), partial(protected, budget))
        counted = (numbers >= 0) & protects[signatures]
        if counted.any():
            counted &= ~_disrupted(handle, budget, numbers)
            used = np.cumsum(counted, axis=1)
            breaking |= counted & (used > budget.disruptions_allowed)
    return breaking


def protected(budget: PodDisruptionBudget, spec: PodSpec) -> bool:
    """Say whether a budget protects such a pod; one that selects everything protects none."""
    if budget.namespace != spec.namespace or not spec.labels:
        return False
    selector = budget.selector
    if selector is None or not selector.requirements:
        return False
    return selector.matches(dict(spec.labels))


def _disrupted(handle: Handle, budget: PodDisruptionBudget, numbers: Ints) -> Mask:
    """Return which pods the budget has counted as disrupted already."""
    if not budget.disrupted_pods:
        return np.zeros(numbers.shape, np.bool_)
    names = {f"{budget.namespace}/{name}" for name in budget.disrupted_pods}
    return np.isin(numbers, [n for n in numbers.ravel().tolist() if handle.name(n) in names])

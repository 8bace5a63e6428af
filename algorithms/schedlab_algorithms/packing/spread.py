"""Hard topology spread constraints over signatures and nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, NodeView, PodSpec
from schedlab.engine import Profile
from schedlab.model.objects import TopologySpreadConstraint
from schedlab_algorithms.kubernetes.spread_constraints import (
    counts_for,
    included,
    merged_selector,
)
from schedlab_algorithms.packing.arrays import Ints, Mask


@dataclass(frozen=True)
class Spread:
    """One DoNotSchedule constraint of one signature.

    Attributes
    ----------
    owner : int
        The signature that states it.
    counts_itself : bool
        Whether the owner's pods match its selector.
    max_skew : int
    domain : int32, shape (N,)
        The node's domain, -1 where it lacks the key.
    counted : bool, shape (N,)
        Nodes whose pods count.
    registered : bool, shape (D,)
        Domains that take part in the minimum; the others count as empty.
    base : int64, shape (D,)
        Matching pods that are not of this batch.
    matches : bool, shape (S,)
        Signatures of the batch whose pods count.
    lowest_is_zero : bool
        Fewer domains than ``minDomains``: the minimum is 0.
    """

    owner: int
    counts_itself: bool
    max_skew: int
    domain: NDArray[np.int32]
    counted: Mask
    registered: Mask
    base: Ints
    matches: Mask
    lowest_is_zero: bool

    def counts(self, placed: NDArray[np.int32], without: Sequence[int] = ()) -> Ints:
        """Return the matching pods by domain of ``placed`` (S, N) but some signatures, (D,)."""
        matching = self.matches.copy()
        matching[list(without)] = False
        on_node = placed[matching].sum(axis=0)[self.counted]
        by_domain = np.bincount(self.domain[self.counted], on_node, minlength=len(self.base))
        return self.base + by_domain.astype(np.int64)

    def owned(self, holds: Mask) -> Mask:
        """Return which domains have a node that ``holds`` (N,) a pod of the owner, shape (D,)."""
        return np.bincount(self.domain[holds], minlength=len(self.base)) > 0

    def lowest(self, counts: Ints) -> int:
        """Return the global minimum over the domains that take part."""
        return 0 if self.lowest_is_zero else int(counts[self.registered].min())

    def holds(self, placed: NDArray[np.int32]) -> bool:
        """Say whether ``placed`` (S, N) is within the skew wherever the owner has a pod."""
        counts = self.counts(placed)
        owned = self.owned(placed[self.owner] > 0) & self.registered
        return bool((counts[owned] <= self.lowest(counts) + self.max_skew).all())


def filters_spread(profile: Profile) -> bool:
    """Say whether a profile holds pods to their hard topology spread constraints."""
    return any(f.name == "PodTopologySpread" for f in profile.filters)


def spreads_of(cluster: Cluster, specs: tuple[PodSpec, ...]) -> tuple[Spread, ...]:
    """Return the constraints that can reject a node, over what already runs on ``cluster``."""
    found = (
        _spread(cluster, specs, owner, constraint)
        for owner, spec in enumerate(specs)
        for constraint in spec.spread
        if constraint.is_hard
    )
    return tuple(s for s in found if s.matches.any() or s.base.any())


def _spread(
    cluster: Cluster, specs: tuple[PodSpec, ...], owner: int, constraint: TopologySpreadConstraint
) -> Spread:
    nodes, pod = cluster.view(), cluster.pod(cluster.signature(specs[owner]))
    label = nodes.label(constraint.topology_key)
    selector = merged_selector(constraint, specs[owner])
    matcher = partial(counts_for, specs[owner].namespace, selector)
    counted = _carries_keys(nodes, pod.spec) & included(constraint, pod, nodes)
    codes, size = np.where(counted, label.codes, -1), len(label.values)
    registered = np.bincount(codes[counted], minlength=size) > 0
    return Spread(
        owner=owner,
        counts_itself=bool(matcher(specs[owner])),
        max_skew=constraint.max_skew,
        domain=np.array(label.codes),
        counted=counted,
        registered=registered,
        base=nodes.sums_by_domain(codes, size, matcher).current().copy(),
        matches=np.array([matcher(s) for s in specs], np.bool_),
        lowest_is_zero=int(registered.sum()) < max(constraint.min_domains, 1),
    )


def _carries_keys(nodes: NodeView, spec: PodSpec) -> Mask:
    """Return which nodes have the topology keys of all hard constraints, shape (n,)."""
    keys = [c.topology_key for c in spec.spread if c.is_hard]
    every = [np.ones(len(nodes), np.bool_), *(nodes.label(k).present for k in keys)]
    carries: Mask = np.logical_and.reduce(every)
    return carries

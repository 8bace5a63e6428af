"""Hard topology spread constraints over signatures and nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Cluster, PodSpec
from schedlab.engine import Profile
from schedlab_algorithms.kubernetes.pod_topology_spread import PodTopologySpread
from schedlab_algorithms.kubernetes.spread_constraints import Constraint
from schedlab_algorithms.packing.arrays import Ints, Mask


@dataclass(frozen=True)
class Spread:
    """One DoNotSchedule constraint that one signature is held to.

    Attributes
    ----------
    owner : int
        The signature that is held to it.
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


def spreads_of(
    profile: Profile, cluster: Cluster, specs: tuple[PodSpec, ...]
) -> tuple[Spread, ...]:
    """Return the constraints that can reject a node, over what already runs on ``cluster``.

    Those of the specs, or for specs without the defaults of the profile's filter.
    """
    codes: Ints = np.array([cluster.signature(s) for s in specs], np.int64)
    nodes, filters = (
        cluster.view(),
        [f for f in profile.filters if isinstance(f, PodTopologySpread)],
    )
    found = (
        _spread(constraint, owner, codes)
        for plugin in filters
        for owner, code in enumerate(codes.tolist())
        for constraint in plugin.hard(cluster.pod(code), nodes)
    )
    return tuple(s for s in found if s.matches.any() or s.base.any())


def _spread(constraint: Constraint, owner: int, codes: Ints) -> Spread:
    base = constraint.matching.current()[:-1].copy()
    registered = np.zeros(len(base), np.bool_)
    registered[constraint.domains] = True
    matches = constraint.matching.weights()[codes] > 0
    return Spread(
        owner=owner,
        counts_itself=bool(matches[owner]),
        max_skew=constraint.max_skew,
        domain=constraint.codes,
        counted=constraint.counted >= 0,
        registered=registered,
        base=base,
        matches=matches,
        lowest_is_zero=len(constraint.domains) < max(constraint.min_domains, 1),
    )

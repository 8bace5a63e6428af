"""What room is worth on each node, by a linear program over what the past tells to expect."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from schedlab.api import NodeView, PodSpec
from schedlab.engine import Relaxation, fluid_bound
from schedlab.model.objects import Requirement
from schedlab_algorithms.kubernetes.node_affinity import any_term
from schedlab_algorithms.kubernetes.taint_toleration import hard_taints

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PRESSURE = 1.05
"""How many times what the cluster offers of its scarcest resource is taken to be wanted."""

SCARCER = 0.95
"""How much there is of a resource in the program that is about that resource."""

MOST_GROUPS = 96

GRAIN = 10_000
"""The highest rent, of the largest node's offer of a resource; the others are parts of it."""


@dataclass(frozen=True)
class Rents:
    """Prices of resources by group of nodes.

    Attributes
    ----------
    group : int64, shape (N,)
        Each node's group.
    price : int64, shape (G, R)
        What a share of a resource is worth, 0 where there is enough of it.
    mixture : int64, shape (R,)
        The average pod, in shares, at least 1.
    """

    group: Ints
    price: Ints
    mixture: Ints

    @classmethod
    def of(cls, nodes: NodeView, largest: Ints, scale: int) -> Rents:
        """Price what all ``nodes`` offer by the pods of the cluster's history.

        Shares are ``scale`` times an amount over what the ``largest`` node has, (R,).
        """
        history, resources = nodes.history, len(nodes.resources)
        often = np.bincount(history.signature, minlength=len(history.specs))
        requests = np.array([_requests(s, nodes) for s in history.specs], np.int64)
        requests = requests.reshape(len(history.specs), resources)
        may = np.array([eligible(s, nodes) for s in history.specs], np.bool_)
        may = may.reshape(len(history.specs), len(nodes))
        group = _groups(nodes, may)
        relaxation = _relaxation(nodes, group, may, requests, often)
        pods, rents = _solved(relaxation, _weights(history.specs))
        rents = rents[:, :-1] * largest
        price = np.rint(GRAIN * rents / max(rents.max(initial=0.0), 1e-300)).astype(np.int64)
        mean = pods @ requests / max(pods.sum(), 1.0)
        return cls(group, price, np.maximum(scale * mean / largest, 1).astype(np.int64))


def _solved(relaxation: Relaxation, weights: Floats) -> tuple[Floats, Floats]:
    """Return the pods placed (S,) and the rents (G, K), both on average over some programs.

    In each of these, one resource is a little scarcer than it is: where several are about
    equally scarce, one program alone would put the whole price on any one of them.
    """
    found = [
        fluid_bound(replace(relaxation, capacity=_with_less(relaxation.capacity, k)), weights)
        for k in np.flatnonzero(relaxation.requests.any(axis=0)).tolist()
    ]
    if not found:
        return np.zeros(len(weights)), np.zeros(relaxation.capacity.shape)
    pods, rents = (
        np.mean(x, axis=0) for x in zip(*((f.pods, f.rents) for f in found), strict=True)
    )
    return pods, rents


def _with_less(capacity: Ints, resource: int) -> Ints:
    less = capacity.copy()
    less[:, resource] = (SCARCER * less[:, resource]).astype(np.int64)
    return less


def eligible(spec: PodSpec, nodes: NodeView) -> Mask:
    """Return which nodes a pod's selector, required affinity and tolerations allow, (n,)."""
    may = ~nodes.unschedulable
    for key, value in spec.node_selector:
        may &= nodes.match(Requirement(key, "In", (value,)))
    if spec.required_node_terms is not None:
        may &= any_term(spec.required_node_terms, nodes)
    codes, sets = nodes.taint_sets
    return may & np.array([not hard_taints(t, spec) for t in sets], np.bool_)[codes]


def _requests(spec: PodSpec, nodes: NodeView) -> list[int]:
    return [spec.request(name) for name in nodes.resources]


def _weights(specs: tuple[PodSpec, ...]) -> Floats:
    """Return 1 for the lowest priority and twice as much for each higher one, up to 2**20."""
    priorities = np.array([s.priority for s in specs], np.int64)
    rank = np.unique(priorities, return_inverse=True)[1]
    return np.exp2(np.minimum(rank, 20))


def _groups(nodes: NodeView, may: Mask) -> Ints:
    """Number nodes alike; without regard to what they offer if there are too many kinds."""
    classes = np.packbits(may, axis=0).T.astype(np.int64)
    for table in (np.column_stack([nodes.allocatable, classes]), classes):
        kinds, of = np.unique(table, axis=0, return_inverse=True)
        if len(kinds) <= MOST_GROUPS:
            return of.reshape(-1).astype(np.int64)
    return np.zeros(len(nodes), np.int64)


def _relaxation(nodes: NodeView, group: Ints, may: Mask, requests: Ints, often: Ints) -> Relaxation:
    """Return the relaxation of empty nodes and of as many such pods as are a little too many."""
    count = int(group.max(initial=-1)) + 1
    offered = np.column_stack([nodes.allocatable, nodes.allowed_pods])
    sizes = np.column_stack([requests, np.ones(len(requests), np.int64)])
    capacity = np.zeros((count, offered.shape[1]), np.int64)
    np.add.at(capacity, group, offered)
    share = float(np.max(often @ sizes / np.maximum(capacity.sum(axis=0), 1), initial=0.0))
    supply = np.ceil(often * PRESSURE / max(share, 1e-300)).astype(np.int64)
    fits = np.zeros((len(sizes), count), np.bool_)
    for s, size in enumerate(sizes):
        fits[s, group[may[s] & (offered >= size).all(axis=1)]] = True
    return Relaxation(
        requests=sizes,
        capacity=capacity,
        largest=capacity,
        nodes=np.bincount(group, minlength=count),
        occupied=np.zeros(count, np.bool_),
        most=np.where(fits, supply[:, None], 0),
        supply=supply,
        tier=np.zeros(len(sizes), np.int64),
        group=group,
    )

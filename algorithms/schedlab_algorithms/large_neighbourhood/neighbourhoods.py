"""Which nodes to free next: where waiting pods almost fit, or around a node with few pods."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schedlab.engine import copies
from schedlab_algorithms.large_neighbourhood.losses import Losses
from schedlab_algorithms.packing.arrays import Floats, Ints, Mask
from schedlab_algorithms.packing.certificate import Certificate
from schedlab_algorithms.packing.ejection import FEWER_NODES
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.room import fits, part_that_fits
from schedlab_algorithms.packing.scope import Scope
from schedlab_algorithms.packing.work import Work

SMALLEST, LARGEST = 4, 16
"""How many nodes a scope has."""

MOST_PAIRS = 4000
"""A scope has fewer nodes if signatures x nodes would exceed this."""

GREED = 6.0
"""How much more likely a node is chosen for what it offers than at random (a Gumbel logit)."""

MISSING = 2.0
"""How much likelier pods of which the relaxation places more are tried (a Gumbel logit)."""

PLACE_MORE = 0.75
"""How often, while pods wait, a round tries to place more rather than to empty a node."""

LEAST_LOSS = 1e-9
"""What stands for no loss where its logarithm is taken."""

WHERE_LOST = 0.5
"""How often it then frees nodes where value is lost rather than those near to a pod's size."""


@dataclass
class Chooser:
    """Draws scopes of ``size`` nodes from ``movable`` signatures (bool, shape (S,)).

    Pods that the certificate says cannot be placed do not count as waiting.  What was tried
    often without success is drawn less often.
    """

    incumbent: Incumbent
    certificate: Certificate
    movable: Mask
    size: int
    waiting: int
    generator: np.random.Generator
    tried_signature: Ints = field(init=False)
    tried_node: Ints = field(init=False)

    def __post_init__(self) -> None:
        signatures, nodes = self.incumbent.counts.shape
        self.tried_signature = np.zeros(signatures, np.int64)
        self.tried_node = np.zeros(nodes, np.int64)

    def choose(self) -> Scope | None:
        """Return the next scope, None if nothing waits and no node could be improved."""
        wanted = np.flatnonzero(self._waiting())
        others = np.flatnonzero(self._worth_repacking())
        if len(wanted) and (not len(others) or self.generator.random() < PLACE_MORE):
            return self._around_loss() or self._around_signature(wanted)
        return self._around_node(others) if len(others) else None

    def adapt(self, solved: bool) -> None:
        """Draw larger scopes after one that was solved to the optimum, else smaller ones."""
        self.size = min(self.size + 1, LARGEST) if solved else max(self.size - 1, SMALLEST)

    def _waiting(self) -> Mask:
        return self.movable & self.certificate.hopeful(self.incumbent)

    def _worth_repacking(self) -> Mask:
        """Return the nodes with movable pods that matter to objectives but the first, (N,).

        To use fewer nodes these are those that hold nothing else.
        """
        counts = self.incumbent.counts
        moved = counts[self.movable].sum(axis=0)
        if self._empties:
            return ~self.incumbent.problem.occupied & (moved > 0) & (moved == counts.sum(axis=0))
        return (moved > 0) & (len(self.incumbent.objectives) > 1)

    @property
    def _empties(self) -> bool:
        """Whether it is good to empty a node."""
        return bool(set(FEWER_NODES) & set(self.incumbent.objectives))

    def _around_signature(self, wanted: Ints) -> Scope:
        """Free a node where a waiting pod almost fits; half the others likewise, half as hosts."""
        problem = self.incumbent.problem
        logits = self._preference(wanted) - np.log1p(self.tried_signature[wanted])
        signature = int(wanted[self._draw(logits, 1)[0]])
        self.tried_signature[signature] += 1
        most = copies(problem, signature, problem.free, problem.slots, problem.devices)
        possible = problem.eligible[signature] & (most > 0)
        room = part_that_fits(self.incumbent, signature)
        node = self._one_of(np.flatnonzero(possible), room)
        hosts = self._appeal_as_hosts(node)
        likewise = self.generator.random(len(hosts)) < 0.5
        drawn = self._others(node, np.where(likewise, room, hosts), possible | (hosts > 0))
        return self._scope(drawn, signature)

    def _around_loss(self) -> Scope | None:
        """Free a node where value is lost, half of the others likewise, half as hosts.

        None where none is lost, and half the time.
        """
        lost = self._losses.on(self.incumbent.counts)
        if not lost.any() or self.generator.random() >= WHERE_LOST:
            return None
        appeal = np.log(np.maximum(lost, LEAST_LOSS)) / GREED  # as likely as much is lost
        node = self._one_of(np.flatnonzero(lost), appeal)
        hosts = self._appeal_as_hosts(node)
        likewise = self.generator.random(len(hosts)) < 0.5
        candidates = (hosts > 0) | (lost > 0)
        return self._scope(self._others(node, np.where(likewise, appeal, hosts), candidates), None)

    @cached_property
    def _losses(self) -> Losses:
        return Losses.of(self.incumbent.problem, self.certificate)

    def _around_node(self, nodes: Ints) -> Scope:
        """Free a node, the lighter the likelier if it may be emptied, and hosts for its pods."""
        appeal = -self.incumbent.load if self._empties else np.zeros(len(self.tried_node))
        node = self._one_of(nodes, appeal)
        hosts = self._appeal_as_hosts(node)
        return self._scope(self._others(node, hosts, hosts > 0), None)

    def _preference(self, signatures: Ints) -> Floats:
        """Return which waiting pods to try rather: of high tiers, and that the relaxation places.

        As Gumbel logits, shape (k,).
        """
        missing = self.certificate.missing(self.incumbent)[signatures]
        return np.where(missing, MISSING, 0.0) - self.incumbent.problem.tier[signatures]

    def _one_of(self, nodes: Ints, appeal: Floats) -> int:
        logits = GREED * appeal[nodes] - np.log1p(self.tried_node[nodes])
        node = int(nodes[self._draw(logits, 1)[0]])
        self.tried_node[node] += 1
        return node

    def _others(self, node: int, appeal: Floats, candidates: Mask) -> Ints:
        """Return a node and others drawn by ``appeal`` (N,) from ``candidates`` (N,)."""
        candidates[node] = False
        others = np.flatnonzero(candidates)
        drawn = others[self._draw(GREED * appeal[others], self.size - 1)]
        return np.concatenate([[node], drawn])

    def _appeal_as_hosts(self, node: int) -> Floats:
        """Return what the used nodes could take of a node's movable pods, 0 to 1, shape (N,)."""
        guests = np.flatnonzero(self.movable & (self.incumbent.counts[:, node] > 0))
        used = self.incumbent.slots < self.incumbent.problem.slots
        room = sum((fits(self.incumbent, int(g)) for g in guests), np.zeros(len(used)))
        return np.where(used, room / max(len(guests), 1), 0.0)

    def _scope(self, nodes: Ints, wanted: int | None) -> Scope:
        """Return the scope of some nodes, the first of which is to be drained."""
        eligible, counts = self.incumbent.problem.eligible, self.incumbent.counts
        inside = self.movable & counts[:, nodes].any(axis=1)
        others = np.flatnonzero(self._waiting() & eligible[:, nodes].any(axis=1) & ~inside)
        drawn = others[self._draw(self._preference(others), self.waiting)]
        chosen = np.union1d(np.flatnonzero(inside), drawn)
        if wanted is not None:
            chosen = np.union1d(chosen, [wanted])
        nodes = nodes[: max(2, MOST_PAIRS // max(len(chosen), 1))]
        return Scope(chosen, nodes, (np.arange(len(nodes)) == 0) & self._empties)

    def _draw(self, logits: Floats, amount: int) -> NDArray[np.intp]:
        """Draw distinct positions with probabilities by ``logits`` (the Gumbel top-k trick)."""
        noisy = logits + self.generator.gumbel(size=len(logits))
        return np.argsort(-noisy, kind="stable")[:amount]


def chooser_of(work: Work, size: int, waiting: int) -> Chooser:
    """Return what draws scopes for a work, by the seed of its budget."""
    generator = np.random.default_rng(work.effort.seed)
    return Chooser(work.incumbent, work.certificate, work.movable, size, waiting, generator)

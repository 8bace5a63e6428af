"""Moves: which running pods change their node at whose turn, and whether they were there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schedlab.api import Move, Placement
from schedlab.metrics.verify.room_rules import DEVICE
from schedlab.metrics.verify.rule import Turn
from schedlab.model.objects import PodSpec, Workload

MOVES = "moves"


@dataclass(frozen=True, slots=True)
class Relocation:
    """A moved pod by name, where from and where to, whether it was there, and what is wrong."""

    name: str
    origin: Turn
    target: Turn
    there: bool
    faults: tuple[str, ...]


class Relocations:
    """The moves of a placement by the turn at which they happen.

    ``at`` tells on which node each bound pod is, and is kept up to date.
    """

    def __init__(self, workload: Workload, placement: Placement, at: list[int]) -> None:
        self._workload = workload
        self._specs = [spec for _, spec in workload.bound] if placement.moves else []
        self._held = _devices_held(workload) if placement.moves else []
        self._at = at
        self._by: dict[int, list[Move]] = {}
        for move in placement.moves:
            self._by.setdefault(move.by, []).append(move)

    def before(self, pod: int, code: dict[PodSpec, int]) -> Iterator[Relocation]:
        """Yield those that move for the sake of ``pod``; whoever asks carries each one out."""
        for move in self._by.get(pod, ()):
            yield self._relocation(move, code)

    def _relocation(self, move: Move, code: dict[PodSpec, int]) -> Relocation:
        spec, there = self._specs[move.bound], self._at[move.bound] == move.origin
        faults = tuple(self._faults(move, spec, there))
        origin, target = (
            Turn(code[spec], spec, row, self._workload.nodes[row], devices)
            for row, devices in ((move.origin, self._held[move.bound]), (move.target, move.devices))
        )
        if there:
            self._at[move.bound], self._held[move.bound] = move.target, move.devices
        return Relocation(self._workload.bound.names[move.bound], origin, target, there, faults)

    def _faults(self, move: Move, spec: PodSpec, there: bool) -> Iterator[str]:
        if not there:
            yield "is moved from a node that it is not on"
        elif move.held != self._held[move.bound]:
            yield f"gives back devices {move.held:#b}, it holds {self._held[move.bound]:#b}"
        if move.origin == move.target:
            yield "is moved to where it is"
        if spec.terminating:
            yield "is moved and being deleted"


def _devices_held(workload: Workload) -> list[int]:
    """Return the GPU devices of each bound pod: the lowest with room, in their order."""
    free = [[DEVICE] * (n.gpus.count if n.gpus else 0) for n in workload.nodes]
    masks = []
    for (_, spec), row in zip(workload.bound, workload.bound_node.tolist(), strict=True):
        milli, count = (spec.gpu.milli, spec.gpu.count) if spec.gpu else (0, 0)
        taken = [d for d, f in enumerate(free[row]) if f >= milli][:count]
        for device in taken:
            free[row][device] -= milli
        masks.append(sum(1 << d for d in taken))
    return masks


def move_faults(workload: Workload, placement: Placement) -> Iterator[str]:
    """Yield moves that name a pod or node that there is not, or no devices."""
    pods, bound, nodes = len(workload.pods), len(workload.bound), len(workload.nodes)
    for i, m in enumerate(placement.moves):
        if not (0 <= m.by < pods and 0 <= m.bound < bound):
            yield f"moves[{i}] is of bound pod {m.bound} by {m.by}: there are {bound} and {pods}"
        elif not (0 <= m.origin < nodes and 0 <= m.target < nodes):
            yield f"moves[{i}] is from node {m.origin} to {m.target}: there are {nodes}"
        elif m.held < 0 or m.devices < 0:
            yield f"moves[{i}] has negative devices, expected bit masks"

"""Pods that wait for room that preemption makes for them on a node (scheduler's nominator)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nomination:
    """One pod and the row of the node that it is nominated for.

    ``waiting``: it is in the queue, so that all of it is known.
    """

    name: str
    priority: int
    signature: int
    row: int
    waiting: bool = True


class NominatedPods:
    """Who is nominated where.

    Other pods of at most their priority must fit beside them
    (scheduler/framework/runtime/framework.go, RunFilterPluginsWithNominatedPods).
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Nomination] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, nomination: Nomination) -> None:
        """Nominate a pod for a node, and no longer for another one."""
        self._by_name[nomination.name] = nomination

    def drop(self, name: str) -> Nomination | None:
        """Forget a pod's nomination, and return it if there was one."""
        return self._by_name.pop(name, None)

    def drop_lower(self, row: int, priority: int) -> None:
        """Withdraw waiting pods of lower priority from a node on which another one goes first.

        A pod of which only the name is known keeps its nomination (clearNominatedNodeName
        finds none in its status).
        """
        for nomination in list(self._by_name.values()):
            if nomination.waiting and nomination.row == row and nomination.priority < priority:
                del self._by_name[nomination.name]

    def row(self, name: str) -> int:
        """Return the node that a pod is nominated for, -1 for none."""
        nomination = self._by_name.get(name)
        return -1 if nomination is None else nomination.row

    def against(self, priority: int) -> dict[int, list[int]]:
        """Return by row the signatures of the pods that one of ``priority`` must fit beside."""
        found: dict[int, list[int]] = {}
        for nomination in self._by_name.values():
            if nomination.priority >= priority:
                found.setdefault(nomination.row, []).append(nomination.signature)
        return found

    def all(self) -> tuple[Nomination, ...]:
        """Return all nominations."""
        return tuple(self._by_name.values())

    def set(self, nominations: Iterable[Nomination]) -> None:
        """Let these be the nominations, and no others."""
        self._by_name = {n.name: n for n in nominations}

    @contextmanager
    def without(self, name: str) -> Iterator[int]:
        """Let a pod not stand in its own way while it is scheduled; give its row, -1 for none."""
        row = self.row(name)
        nomination = self._by_name.pop(name, None)
        yield row
        if nomination is not None:
            self._by_name[name] = nomination

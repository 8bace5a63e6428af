"""What a rule is: it names what is wrong with a pod on a node, and remembers what was placed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schedlab.model.objects import Node, PodSpec
from schedlab.model.storage import NO_STORAGE, Storage


@dataclass(frozen=True, slots=True)
class Scene:
    """What does not change during the replay: nodes, distinct specs, namespaces, storage."""

    nodes: tuple[Node, ...]
    specs: tuple[PodSpec, ...]
    namespaces: Mapping[str, Mapping[str, str]]
    storage: Storage = NO_STORAGE


@dataclass(frozen=True, slots=True)
class Turn:
    """One pod at its turn: the spec (and its number), the node (and its row), the devices taken."""

    code: int
    spec: PodSpec
    row: int
    node: Node
    devices: int = 0


class Rule:
    """One hard constraint, checked pod by pod in the order of the decisions."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield what is wrong with placing the pod there now."""
        raise NotImplementedError

    def place(self, turn: Turn) -> None:
        """Remember the pod, legal or not: it counts for those that come after it."""

    def evict(self, turn: Turn) -> None:
        """Forget a pod that :meth:`place` or :meth:`bind` remembered."""

    def bind(self, turn: Turn) -> None:
        """Remember a pod that ran before the first decision."""
        self.place(turn)

"""Names of some pods of a batch, looked up when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from schedlab.api import PodBatch
from schedlab_algorithms.packing.arrays import Ints


@dataclass(frozen=True)
class NamesOf(Sequence[str]):
    """The names of the pods at ``order`` (k,), of which there may be a million and none read."""

    names: Sequence[str]
    order: Ints

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> NamesOf: ...
    def __getitem__(self, index: int | slice) -> str | NamesOf:
        """Return one name, or some."""
        if isinstance(index, slice):
            return NamesOf(self.names, self.order[index])
        return self.names[int(self.order[index])]


def some_of(pods: PodBatch, order: Ints) -> PodBatch:
    """Return the pods of a batch at ``order`` (k,), in that order."""
    return PodBatch(pods.specs, pods.signature[order], NamesOf(pods.names, order))

"""Names of very many pods, made when somebody looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray


class PodNames(Sequence[str]):
    """``<owner>-<number>`` for each pod, the number counting within the owner.

    Parameters
    ----------
    owners : sequence of str
        ``namespace/name`` of each owner.
    owner : int array, shape (P,)
        Each pod's position in ``owners``.
    number : int array, shape (P,)
        Each pod's number among the pods of its owner.
    """

    __slots__ = ("_number", "_owner", "_owners")

    def __init__(
        self, owners: Sequence[str], owner: NDArray[np.int32], number: NDArray[np.int32]
    ) -> None:
        self._owners = owners
        self._owner = owner
        self._number = number

    @classmethod
    def counting(cls, owners: Sequence[str], owner: NDArray[np.int32]) -> PodNames:
        """Number each owner's pods 0, 1, ... in the order in which they stand."""
        order = np.argsort(owner, kind="stable")
        sizes = np.bincount(owner, minlength=len(owners))
        starts = np.cumsum(sizes) - sizes
        number = np.empty(len(owner), np.int32)
        number[order] = np.arange(len(owner)) - starts[owner[order]]
        return cls(owners, owner, number)

    def __len__(self) -> int:
        return len(self._owner)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> PodNames: ...
    def __getitem__(self, index: int | slice) -> str | PodNames:
        if isinstance(index, slice):
            return PodNames(self._owners, self._owner[index], self._number[index])
        return f"{self._owners[self._owner[index]]}-{self._number[index]}"

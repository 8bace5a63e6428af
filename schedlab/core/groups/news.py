"""What the voices of one panel have heard since it was last asked."""

from __future__ import annotations


class News:
    """What the voices of one panel have heard since it was last asked.

    Attributes
    ----------
    every : bool
        Whether something else may be said of every group.
    cells : set of int
        The cells of which something else may be said.
    members : bool
        Whether feasible nodes may be in other domains, or more or fewer.
    """

    __slots__ = ("cells", "every", "members")

    def __init__(self) -> None:
        self.every = True
        self.cells: set[int] = set()
        self.members = True

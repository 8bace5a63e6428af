"""The least of some domains' counts, while they change one at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class LeastCount:
    """The least count of some ``domains``, and how many of them have it.

    ``known`` is False once none has it any more, until it is found anew.
    """

    def __init__(self, domains: Ints, sums: Ints) -> None:
        self.domains = domains
        self._matters = np.zeros(len(sums), np.bool_)
        self._matters[domains] = True
        self.find(sums)

    def find(self, counts: Ints) -> None:
        """Look at all counts."""
        among = counts[self.domains]
        self.value = int(among.min())
        self._having_it = int(np.count_nonzero(among == self.value))
        self.known = True

    def move(self, domain: int, before: int, after: int) -> None:
        """Take in that the count of one domain is another."""
        if not self._matters.item(domain):
            return
        self._having_it += (after == self.value) - (before == self.value)
        if after < self.value:
            self.value, self._having_it = after, 1
        self.known = self._having_it > 0

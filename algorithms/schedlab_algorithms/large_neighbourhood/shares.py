"""GPU devices that are shared by loose pods alone, by the pattern of shares on each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from schedlab_algorithms.packing.arrays import WHOLE_DEVICE, Ints, Mask
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.sharing import single_shares


@dataclass(frozen=True)
class Shares:
    """M devices that hold nothing but loose pods with a single share each, and were whole before.

    Attributes
    ----------
    sizes : int64, shape (K,)
        The sizes of their shares in thousandths, ascending.
    patterns : int64, shape (Q, K)
        Distinct numbers of shares of each size.
    node, device, held : int64, shape (M,)
        Where each device is, and which of the patterns it holds.
    """

    sizes: Ints
    patterns: Ints
    node: Ints
    device: Ints
    held: Ints

    @property
    def counts(self) -> Ints:
        """How many devices hold each pattern, shape (Q,)."""
        return np.bincount(self.held, minlength=len(self.patterns)).astype(np.int64)


def shares_of(incumbent: Incumbent, loose: Mask) -> Shares:
    """Find the devices on which all pods are of ``loose`` signatures (bool, shape (S,))."""
    problem = incumbent.problem
    signature, node, device = single_shares(incumbent, loose)
    sizes, size = np.unique(problem.gpu_milli[signature], return_inverse=True)
    content = np.zeros((*incumbent.devices.shape, len(sizes)), np.int64)
    np.add.at(content, (node, device, size), 1)
    load = content @ sizes
    pure = (problem.devices == WHOLE_DEVICE) & (load > 0)
    pure &= load + incumbent.devices == WHOLE_DEVICE
    patterns, held = np.unique(content[pure], axis=0, return_inverse=True)
    rows, columns = np.nonzero(pure)
    return Shares(sizes, patterns, rows, columns, held.reshape(-1))

"""Names for the arrays of a packing problem."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

WHOLE_DEVICE = 1000
"""The thousandths of one GPU device."""

"""Means over seeds and how far to trust them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


def mean_interval(values: Sequence[float] | NDArray[np.floating]) -> tuple[float, float]:
    """Return the mean and the half-width of its 95 % confidence interval.

    The interval is Student's t over the values (one a seed), which takes their errors to
    be normal and independent.  NaN values (not applicable) are left out; the half-width
    of a single value is NaN, and so are both of none.
    """
    given = np.asarray(values, np.float64)
    given = given[~np.isnan(given)]
    count = len(given)
    if count < 2:
        return (float(given[0]) if count else math.nan), math.nan
    from scipy import stats  # Slow to import, and a trial's worker has no use for it.

    error = float(given.std(ddof=1)) / math.sqrt(count)
    return float(given.mean()), float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * error

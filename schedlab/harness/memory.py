"""The largest memory this process has used."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """Return the peak resident set of this process since it was started, in bytes.

    On Linux from ``VmHWM``, not ``ru_maxrss``: the latter survives ``exec``, so that a
    worker would report at least what its parent had used when it started it.
    """
    if _STATUS.exists():
        line = next(li for li in _STATUS.read_text().splitlines() if li.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

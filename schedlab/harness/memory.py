"""How much memory this process has used and may use."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_FIRST_TO_GO = "1000"


def limit_memory(megabytes: float | None) -> None:
    """Bound this process's data to so many MB (10^6 bytes), and let it be the first to go.

    Beyond the bound allocations fail.  Where all memory runs out, Linux kills this process
    rather than the one that started it.
    """
    with suppress(OSError):  # Other systems and some containers do not let us choose.
        _OOM_SCORE.write_text(_FIRST_TO_GO)
    if megabytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = int(megabytes * 1e6)
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


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

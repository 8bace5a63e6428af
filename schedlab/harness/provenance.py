"""What a run was made with: versions, commit, machine, command."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import schedlab
from schedlab.harness.store import write_atomic

FILE = "provenance.json"
LIBRARIES = ("numpy", "ortools", "pandas", "pyarrow", "pydantic", "scipy")


def record(run: Path, workers: int | None) -> None:
    """Append this invocation to ``provenance.json``; a resumed run has one for each."""
    path = run / FILE
    known = json.loads(path.read_text("utf-8"))["invocations"] if path.exists() else []
    told = {"invocations": [*known, describe(workers)]}
    write_atomic(path, json.dumps(told, indent=2) + "\n")


def describe(workers: int | None) -> dict[str, Any]:
    """Return what can be told of this process; ``workers`` disturb each other's latency."""
    return {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": sys.argv,
        "working_directory": str(Path.cwd()),
        "workers": workers,
        "versions": {
            "schedlab": schedlab.__version__,
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
        "git": git_state(Path.cwd()),
        "schedlab_git": git_state(Path(schedlab.__file__).parent),
        "machine": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cpus": os.cpu_count(),
            "usable_cpus": usable_cpus(),
        },
    }


def usable_cpus() -> int:
    """Return how many CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the commit checked out in ``folder`` and whether it was changed; None outside git."""
    root = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "HEAD")
    if root is None or commit is None:
        return None
    return {"root": root, "commit": commit, "dirty": bool(_git(folder, "status", "--porcelain"))}


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()

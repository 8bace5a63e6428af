"""schedlab: a pluggable lab for scheduling algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schedlab.harness.run import Run, load_run
    from schedlab.harness.runner import resume, run

__version__ = "0.1.0"
__all__ = ["Run", "__version__", "load_run", "resume", "run"]

_HOMES = {
    "Run": "schedlab.harness.run",
    "load_run": "schedlab.harness.run",
    "resume": "schedlab.harness.runner",
    "run": "schedlab.harness.runner",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: ``import schedlab`` itself stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

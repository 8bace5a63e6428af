"""Telling what comes with schedlab from what others wrote."""

from __future__ import annotations

OWN_PACKAGES = ("schedlab", "schedlab_algorithms", "schedlab_workloads", "schedlab_benchmarks")


def is_built_in(cls: type) -> bool:
    """Say whether a class is part of schedlab's own distribution."""
    return cls.__module__.partition(".")[0] in OWN_PACKAGES

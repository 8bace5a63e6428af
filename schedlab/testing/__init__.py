"""The contract kit: what a plugin, a scheduler or a workload source must keep, as checks.

From the shell ``schedlab check my_plugin.py``; from Python :func:`check`; with pytest one
inherits a contract class.  Random clusters come from a seed that messages name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schedlab.testing.builders import cluster_of, node, pod, put
from schedlab.testing.check import Broken, Check, Finding
from schedlab.testing.reference import ScalarReference
from schedlab.testing.scene import Scene, random_scene, random_scenes
from schedlab.testing.suites import check, checks_for

if TYPE_CHECKING:
    from schedlab.testing.contract import (
        DevicePluginContract,
        FilterPluginContract,
        SchedulerContract,
        ScorePluginContract,
        WorkloadSourceContract,
    )

__all__ = [
    "Broken",
    "Check",
    "DevicePluginContract",
    "FilterPluginContract",
    "Finding",
    "ScalarReference",
    "Scene",
    "SchedulerContract",
    "ScorePluginContract",
    "WorkloadSourceContract",
    "check",
    "checks_for",
    "cluster_of",
    "node",
    "pod",
    "put",
    "random_scene",
    "random_scenes",
]


def __getattr__(name: str) -> Any:
    """Import the contract classes, which need pytest, when they are asked for."""
    if not name.endswith("Contract"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from schedlab.testing import contract

    return getattr(contract, name)

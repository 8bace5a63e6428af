"""Everything that is installed keeps its contract: one test for each check."""

from __future__ import annotations

from typing import Any

import pytest

from schedlab.api import Configurable
from schedlab.registry import installed
from schedlab.testing import Check
from schedlab.testing.check import run_check
from schedlab.testing.contract import check_parameters
from schedlab.testing.suites import exam_for

ARGUMENTS: dict[str, dict[str, Any]] = {
    "Synthetic": {"preset": "small"},
    "Ladder": {"nodes": 64, "pods": 400},
    "PriorityMatters": {"nodes": 4, "usage": 0.95, "contested": True},
    "DcmScale": {"nodes": 100, "pods": 100},
    "PodRules": {"nodes": 8},
    "Slots": {"nodes": 100, "pods": 800},
    "Fragmented": {"nodes": 50, "pods": 5},
}
"""Arguments for what has none by default, or is large."""

NEED_FILES = ("Csv", "FgdAtc23", "Manifests", "Openb")
"""Workload sources that only read what they are pointed at; their own tests do."""

_PAPER = "the simulator of the ATC 2023 paper knows no constraints but room and devices"
EXPECTED_FAILURES: dict[str, dict[str, str]] = {
    "VolumeBinding": {"fresh": "as in Kubernetes, a claim stays bound when its pod is gone"}
} | {
    name: {"verified": _PAPER, "gates": _PAPER, "cancelled": _PAPER}
    for name in installed().profiles
    if name.startswith("fgd")
}


def plugins() -> list[Any]:
    registry = installed()
    return [
        parameter
        for name in registry.plugins
        for parameter in check_parameters(
            registry.make_plugin(name, ARGUMENTS.get(name, {})),
            EXPECTED_FAILURES.get(name),
            prefix=f"{name}-",
        )
    ]


def schedulers() -> list[Any]:
    registry = installed()
    return [
        parameter
        for name in (*registry.profiles, *registry.schedulers)
        for parameter in check_parameters(
            registry.make_scheduler(name, ARGUMENTS.get(name, {})),
            EXPECTED_FAILURES.get(name),
            prefix=f"{name}-",
        )
    ]


def workload_sources() -> list[Any]:
    registry = installed()
    return [
        parameter
        for name in registry.workloads
        if name not in NEED_FILES
        for parameter in check_parameters(
            registry.make_workload(name, ARGUMENTS.get(name, {})), prefix=f"{name}-"
        )
    ]


@pytest.mark.parametrize(("subject", "check"), plugins())
def test_plugin(subject: Configurable, check: Check) -> None:
    run_check(check, subject, exam_for(subject))


@pytest.mark.parametrize(("subject", "check"), schedulers())
def test_scheduler(subject: Configurable, check: Check) -> None:
    run_check(check, subject, exam_for(subject))


@pytest.mark.parametrize(("subject", "check"), workload_sources())
def test_workload_source(subject: Configurable, check: Check) -> None:
    run_check(check, subject, exam_for(subject))

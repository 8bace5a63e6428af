"""After the tests: a table of how many recorded scenarios were answered as recorded."""

from __future__ import annotations

import pytest

from .recorded import counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not counted:
        return
    terminalreporter.section("scenarios answered as kube-scheduler 1.35 did")
    for family, (right, scenarios, pods) in counted.items():
        terminalreporter.write_line(f"{family:14}{right:4} of {scenarios:3}  {pods:6} pods")
    right, scenarios, pods = (sum(column) for column in zip(*counted.values(), strict=True))
    terminalreporter.write_line(f"{'all':14}{right:4} of {scenarios:3}  {pods:6} pods")

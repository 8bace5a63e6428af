"""``schedlab list`` tells everything that has a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schedlab.metrics import METRICS
from schedlab.registry import Registry
from tests.cli.conftest import Cli

BROKEN = Path(__file__).parents[1] / "plugins" / "broken.py"
REGISTRY = Registry()

NAMES = {
    "plugins": set(REGISTRY.plugins),
    "schedulers": {*REGISTRY.profiles, *REGISTRY.schedulers},
    "workloads": {*REGISTRY.presets, *REGISTRY.workloads},
    "suites": set(REGISTRY.suites),
    "metrics": {*METRICS, *(f"{f}:..." for f in METRICS.families)},
}


@pytest.mark.parametrize("kind", list(NAMES))
def test_everything_is_listed_and_described(cli: Cli, kind: str) -> None:
    rows = json.loads(cli("list", kind, "--json").out)
    assert {row["name"] for row in rows} == NAMES[kind]
    assert [row["name"] for row in rows if not row["description"]] == []


def test_plugins_tell_what_they_extend_their_locality_and_arguments(cli: Cli) -> None:
    rows = {row["name"]: row for row in json.loads(cli("list", "plugins", "--json").out)}
    fit = rows["NodeResourcesFit"]
    assert {"filter", "score"} <= set(fit["extends"])
    assert fit["locality"] == "NODE"
    assert "scoring_strategy" in fit["arguments"]
    assert rows["GpuShare"]["arguments"] == {}


def test_a_table_keeps_to_the_width(cli: Cli) -> None:
    done = cli("list", "plugins", columns=80)
    assert max(map(len, done.out.splitlines())) <= 80
    assert "NodeResourcesBalancedAllocation" in done.out


def test_a_plugin_file_is_listed(cli: Cli) -> None:
    rows = {
        row["name"]
        for row in json.loads(cli("list", "schedulers", "--plugin", BROKEN, "--json").out)
    }
    assert {"Raises", "NanScores"} <= rows


def test_an_unknown_kind_is_refused(cli: Cli) -> None:
    done = cli("list", "plugin")
    assert done.code == 2
    assert "plugins" in done.err


def test_very_long_lists_are_cut_but_for_scripts(cli: Cli) -> None:
    told = " ".join(cli("list", "suites").out.split())
    assert "nodes4-pods4-prio1-usage090" in told
    assert "and 76 more" in told
    rows = {row["name"]: row for row in json.loads(cli("list", "suites", "--json").out)}
    assert len(rows["priority-matters"]["workloads"]) == 96

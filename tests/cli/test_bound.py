"""``schedlab bound`` tells what nobody can place more than."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

NODES = "name,cpu,memory\nnode,4,8Gi\n"
PODS = """\
name,count,cpu,memory,priority
large,2,3,1Gi,10
small,2,1,1Gi,0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nodes.csv").write_text(NODES)
    (tmp_path / "pods.csv").write_text(PODS)
    return tmp_path


def test_each_priority_is_bounded_given_the_higher_ones(cli: Cli, folder: Path) -> None:
    told = json.loads(cli("bound", folder, "--json").out)
    assert (told["nodes"], told["waiting"]) == (1, 4)
    # One large pod fits, and one small one beside it; two small ones and a large one do not.
    assert [(row["what"], row["at most"], row["of"]) for row in told["bounds"]] == [
        ("pods placed", 2, 4),
        ("value", 3, 6),
        ("pods of priority 10", 1, 2),
        ("pods of priority 0", 1, 2),
    ]


def test_the_table_says_what_is_bounded_and_of_how_many(cli: Cli, folder: Path) -> None:
    done = cli("bound", folder)
    assert done.code == 0, done.err
    assert "1 nodes, 4 pods wait" in done.out
    assert ["pods", "placed", "2", "4"] in [line.split() for line in done.out.splitlines()]
    assert "1 for a pod of the lowest priority" in done.out


def test_an_unknown_workload_is_suggested(cli: Cli) -> None:
    done = cli("bound", "laddr")
    assert done.code == 2
    assert "did you mean 'ladder'?" in done.err

"""Help is fast because it imports nothing that only the work needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from schedlab.cli.main import COMMANDS
from tests.cli.conftest import Cli

HEAVY = {"numpy", "pandas", "matplotlib", "ortools", "pydantic", "scipy", "pyarrow", "yaml", "rich"}

PROBE = """
import json, sys
from schedlab.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "words", [[], *([c] for c in COMMANDS), ["new", "plugin"], ["new", "scheduler"]]
)
def test_help_imports_nothing_heavy_and_has_examples(words: list[str]) -> None:
    command = [sys.executable, "-c", PROBE, *words, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *text, modules = done.stdout.strip().split("\n")
    assert HEAVY.isdisjoint(json.loads(modules))
    assert text[0].startswith(" ".join(["Usage: schedlab", *words]))
    if words != ["new"]:
        assert any(line.strip().startswith("schedlab ") for line in text[1:]), "no example"


def test_version(cli: Cli) -> None:
    import schedlab

    assert cli("--version").out == f"schedlab {schedlab.__version__}\n"


def test_an_unknown_command_is_suggested(cli: Cli) -> None:
    done = cli("rnu")
    assert done.code == 2
    assert done.err.startswith("error: unknown command 'rnu'; did you mean 'run'?")


def test_a_value_that_looks_like_help_is_not_help_after_two_dashes(cli: Cli) -> None:
    assert "unknown suite '--help'" in cli("run", "--", "--help").err

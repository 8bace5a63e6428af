"""Running the command line as people do: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Cli = Callable[..., Done]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Return a function that runs ``schedlab`` with some words in ``tmp_path``."""

    def run(*words: str | Path, columns: int = 120) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "schedlab.cli.main", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": str(columns)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run

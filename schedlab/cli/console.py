"""Where output goes: results to standard output, progress and problems to standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console

PIPE_WIDTH = 120
"""Columns of a table that goes to a file or pipe and not to a terminal."""


def console(*, stderr: bool = False) -> Console:
    """Return a console for the terminal, or for a pipe with enough room for tables."""
    stream = sys.stderr if stderr else sys.stdout
    fixed = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(file=stream, width=fixed, highlight=False, emoji=False, soft_wrap=False)


def print_json(data: Any) -> None:
    """Print data as JSON, for scripts."""
    print(json.dumps(data, indent=2))

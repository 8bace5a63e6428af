"""Where in a plugin's file something went wrong."""

from __future__ import annotations

import re
import sysconfig
import traceback
from pathlib import Path

OWN = f"{Path(__file__).parent}/"
LIBRARIES = (*{f"{sysconfig.get_path(n)}/" for n in ("stdlib", "purelib", "platlib")}, "<")
_FRAME = re.compile(r'^  File "(.+)", line (\d+)', re.MULTILINE)


def place_of(error: BaseException) -> str:
    """Return the innermost file and line outside schedlab and the libraries, "" if none is."""
    frames = traceback.extract_tb(error.__traceback__)
    return _innermost([(f.filename, f.lineno or 0) for f in frames])


def place_in(text: str) -> str:
    """Return the same of a printed traceback."""
    return _innermost([(file, int(line)) for file, line in _FRAME.findall(text)])


def place_of_method(cls: type, method: str) -> str:
    """Return where a class's method is written, "" if it has none in Python."""
    code = getattr(getattr(cls, method, None), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def _innermost(frames: list[tuple[str, int]]) -> str:
    own = [f"{file}:{line}" for file, line in frames if not file.startswith((OWN, *LIBRARIES))]
    return own[-1] if own else ""

"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data that is kept outside the project."""
    folder = Path(os.environ.get("SCHEDLAB_SHARED", ROOT.parent / "shared"))
    if not (folder / "parity").is_dir():
        pytest.skip(f"reference data not found in {folder}; set SCHEDLAB_SHARED")
    return folder

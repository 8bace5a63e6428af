"""The recorded answers of the real kube-scheduler, and how to compare ours with them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FAMILIES = (
    "resources",
    "taints",
    "nodeaffinity",
    "ports",
    "spread",
    "interpod",
    "volumes",
    "images",
    "mixed",
    "config",
    "preemption",
)

counted: dict[str, tuple[int, int, int]] = {}
"""By family: scenarios answered as recorded, all of them, and their pods."""


def recorded(shared: Path, family: str) -> list[Path]:
    """Return the files of one family."""
    return sorted((shared / "parity" / family).glob("*.json.gz"))


def expected_of(file: Path) -> dict[str, Any]:
    """Return the recorded answer of one file."""
    with gzip.open(file, "rt") as opened:
        answer: dict[str, Any] = json.load(opened)["expected"]
    return answer


def differences(expected: Any, got: Any, path: str = "") -> Iterator[str]:
    """Yield where two JSON values differ, as ``pods[3].total[0]: expected 1, got 2``."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted({*expected, *got}):
            yield from differences(expected.get(key), got.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for i, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(one, other, f"{path}[{i}]")
    elif expected != got or type(expected) is not type(got):
        yield f"{path}: expected {_short(expected)}, got {_short(got)}"


def _short(value: Any) -> str:
    shown = json.dumps(value)
    return shown if len(shown) <= 160 else f"{shown[:157]}..."

"""What it costs to build a model, which CP-SAT does not count."""

from __future__ import annotations

COST_OF_VARIABLE = 2e-5
"""Deterministic seconds charged for building a variable."""

SECONDS_OF_VARIABLE = 5e-5
"""Wall-clock time that must be left for building a variable."""

"""Clusters that every micro benchmark may use: ``python -m pytest benchmarks/micro``."""

from __future__ import annotations

import pytest

from schedlab.api import Cluster
from schedlab.bench.cases import CASES

SIZES = (5_000, 100_000)


@pytest.fixture(scope="session", params=SIZES, ids=lambda n: f"{n}-nodes")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return a cluster of plain nodes on which a pod runs each, and plain pods to place."""
    return Cluster.of(CASES["basic"].build(request.param, 100))

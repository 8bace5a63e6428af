"""Every filter-score scheduler on a shipped workload, against integers of the reference path.

They change only if a scheduler's decisions do; then say so in the changelog and record anew:
``python -m tests.golden.test_golden``.
"""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from schedlab.api import Budget, Cluster
from schedlab.registry import installed

RECORDED = Path(__file__).with_name("small-seed-0.json")
WORKLOAD, SEED = "small", 0


def decided(scheduler: str, path: str) -> list[int]:
    """Return how many pods a profile places, and a checksum of where and in which order."""
    workload = installed().make_workload(WORKLOAD, {}).build(SEED)
    cluster = Cluster.of(workload)
    made = installed().make_scheduler(scheduler, {"path": path})
    placement = made.schedule(cluster, workload.pods, Budget(seed=SEED))
    nodes = placement.node.astype("<i8")[placement.sequence]
    return [int((placement.node >= 0).sum()), crc32(np.ascontiguousarray(nodes).tobytes())]


@pytest.mark.parametrize("path", ["incremental", "run"])
@pytest.mark.parametrize("scheduler", sorted(installed().profiles))
def test_decisions_are_the_recorded_ones(scheduler: str, path: str) -> None:
    assert decided(scheduler, path) == json.loads(RECORDED.read_text())[scheduler]


if __name__ == "__main__":
    found = {name: decided(name, "reference") for name in sorted(installed().profiles)}
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in found.items())
    RECORDED.write_text(f"{{\n{lines}\n}}\n")

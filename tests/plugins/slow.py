"""A scheduler that takes its time and says when it starts, to be interrupted."""

from __future__ import annotations

import time
from pathlib import Path

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler


class Slow(Scheduler):
    """Leaves every pod after ``seconds``; seed 0 answers at once."""

    seconds: float = 60.0
    started: str = ""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        if budget.seed > 0:
            if self.started:
                Path(self.started).touch()
            time.sleep(self.seconds)
        return Placement.empty(len(pods))

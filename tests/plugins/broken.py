"""Schedulers and plugins that break their contract or their process, each in its own way."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np

from schedlab.api import (
    Budget,
    Cluster,
    FilterPlugin,
    NodeView,
    Placement,
    PodBatch,
    PodView,
    Scheduler,
    ScorePlugin,
    Scores,
    Verdict,
)


class Raises(Scheduler):
    """Raises in the middle of its work."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        raise ZeroDivisionError("no nodes to divide by")


class Exits(Scheduler):
    """Ends its process."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        sys.exit(3)


class Killed(Scheduler):
    """Is killed, as Linux does when memory runs out."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


class Segfaults(Scheduler):
    """Crashes in native code."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        print("about to crash")
        os.kill(os.getpid(), signal.SIGSEGV)
        raise AssertionError("unreachable")


class Hangs(Scheduler):
    """Never answers."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        time.sleep(3600)
        raise AssertionError("unreachable")


class EatsMemory(Scheduler):
    """Wants more memory than it may have."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        np.ones(4 * 10**9, np.uint8)
        raise AssertionError("unreachable")


class OverCapacity(Scheduler):
    """Puts every pod on the first node."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        placement = Placement.empty(len(pods))
        placement.node[:] = 0
        return placement


class WrongShape(Scheduler):
    """Answers for one pod more than there are."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        return Placement.empty(len(pods) + 1)


class NanNodes(Scheduler):
    """Answers with floats and NaN."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        placement = Placement.empty(len(pods))
        placement.node = np.full(len(pods), np.nan)  # type: ignore[assignment]
        return placement


class NotAPlacement(Scheduler):
    """Answers with a list."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        return [0] * len(pods)  # type: ignore[return-value]


class NanScores(ScorePlugin):
    """Scores with NaN."""

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return np.full(len(nodes), np.nan)  # type: ignore[return-value]


class WrongShapeFilter(FilterPlugin):
    """Answers for one node."""

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return np.ones(1, np.bool_)

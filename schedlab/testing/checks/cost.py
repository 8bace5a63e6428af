"""The cost of a question by the number of rows: reported, and judged where it explodes."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from schedlab.api import Cluster, Plugin
from schedlab.testing.ask import Exam, Question, ask, is_asked, methods
from schedlab.testing.check import Broken
from schedlab.testing.scene import Scene

SIZES = (250, 4000)
ROUNDS = 3
EXPLODES = 1.5
"""Growing faster than rows ** this is more than noise."""
NOTICEABLE = 0.02
"""Seconds for the larger size below which growth is not judged."""


def check_cost(plugin: Plugin, exam: Exam) -> str:
    """The time of an answer grows about linearly with the rows."""
    notes = []
    clusters = [_grown(exam.scenes[0], size).cluster() for size in SIZES]
    for method in methods(plugin):
        seconds = [_seconds(plugin, method, exam.scenes[0], cluster) for cluster in clusters]
        if all(seconds):
            _judge(plugin, method, seconds)
            notes.append(f"{method} {1e6 * seconds[-1]:.0f} us for {SIZES[-1]:,} rows")
    return ", ".join(notes)


def _judge(plugin: Plugin, method: str, seconds: list[float]) -> None:
    growth = math.log(seconds[1] / seconds[0]) / math.log(SIZES[1] / SIZES[0])
    if growth > EXPLODES and seconds[1] > NOTICEABLE:
        raise Broken(
            f"{plugin.name}.{method} took {1e3 * seconds[0]:.2f} ms for {SIZES[0]} rows and "
            f"{1e3 * seconds[1]:.1f} ms for {SIZES[1]}: time grows like rows ** {growth:.1f}",
            "avoid arrays of shape (n, n) and loops over pairs of nodes",
        )


def _grown(scene: Scene, size: int) -> Scene:
    """Return the scene with its nodes over and over, under names of their own."""
    originals = scene.nodes
    nodes = tuple(replace(originals[i % len(originals)], name=f"n{i}") for i in range(size))
    return replace(scene, nodes=nodes)


def _seconds(plugin: Plugin, method: str, scene: Scene, cluster: Cluster) -> float:
    """Return the longest of the specs' best times; 0 if nothing is asked."""
    return max((_best(q) for q in _asked(plugin, method, scene, cluster)), default=0.0)


def _asked(plugin: Plugin, method: str, scene: Scene, cluster: Cluster) -> list[Question]:
    made = [Question(plugin, method, scene, s, cluster) for s in scene.specs]
    return [q for q in made if is_asked(plugin, method, q.pod) and len(q.shown())]


def _best(question: Question) -> float:
    rows = question.shown()
    everything = None if len(rows) == len(question.cluster) else rows
    times = []
    for _ in range(ROUNDS):
        view = question.cluster.view(everything)
        started = time.process_time()
        ask(question.plugin, question.method, question.pod, view)
        times.append(time.process_time() - started)
    return float(np.min(times))

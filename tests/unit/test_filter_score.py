"""FilterScore ends when it is cancelled, and forgets signatures rather than fill the memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from schedlab.api import Budget, Cluster, Node, Placement, PodBatch, PodSpec, Workload
from schedlab.core import incremental
from schedlab.core.ahead.chains import INFEASIBLE
from schedlab.core.filter_score import PATHS, FilterScore
from schedlab.core.narrow import narrowed, widened
from schedlab.core.states import States
from schedlab.engine import profile

PODS = 400


def workload(kinds: int) -> Workload:
    """Return pods of so many kinds in turn, for which there is ample room."""
    specs = [PodSpec(requests=(("cpu", 10 + i), ("memory", 1000 - 7 * i))) for i in range(kinds)]
    nodes = tuple(Node(f"n{i}", {"cpu": 9000, "memory": 1 << 20, "pods": 99}) for i in range(90))
    return Workload("w", nodes, PodBatch.of((f"p{i}", specs[i % kinds]) for i in range(PODS)))


def place(path: str, work: Workload, budget: Budget, name: str = "kubernetes") -> Placement:
    scheduler = FilterScore(profile=profile(name), path=path)  # type: ignore[arg-type]
    return scheduler.schedule(Cluster.of(work), work.pods, budget)


def after(calls: int) -> Callable[[], bool]:
    """Return what turns true after so many calls."""
    answers = iter([False] * calls)
    return lambda: next(answers, True)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kinds", [1, 40])
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_once_cancelled_the_rest_is_left_with_the_reason(path: str, kinds: int, calls: int) -> None:
    work = workload(kinds)
    whole = place(path, work, Budget())
    cut = place(path, work, Budget(cancelled=after(calls)))
    decided = int((cut.node >= 0).sum())
    assert (decided >= calls) if calls else (decided == 0)
    assert decided < PODS
    np.testing.assert_array_equal(cut.node[:decided], whole.node[:decided])
    assert (cut.node[decided:] == -1).all()
    reasons = {cut.failures[f][0].reason for f in cut.failure[decided:].tolist()}
    assert reasons == {"scheduling was cancelled before the pod's turn"}


@pytest.mark.parametrize("path", ["run", "incremental"])
def test_reasons_follow_what_was_placed_since_the_last_failure(path: str) -> None:
    """Pods too large for any node fail again and again while others fill the nodes."""
    small, large = (PodSpec(requests=(("cpu", c), ("memory", 9))) for c in (1500, 8000))
    nodes = tuple(Node(f"n{i}", {"cpu": 6000, "memory": 20, "pods": 2 + i}) for i in range(3))
    order = [small, large, small, large, small, small, large, small, small, small, large, large]
    work = Workload("w", nodes, PodBatch.of((f"p{i}", s) for i, s in enumerate(order)))
    fast, slow = (place(p, work, Budget(), "fgd-best-fit") for p in (path, "reference"))
    assert (slow.failure >= 0).sum() > order.count(large)
    assert [fast.failures[f] for f in fast.failure if f >= 0] == [
        slow.failures[f] for f in slow.failure if f >= 0
    ]


@pytest.mark.parametrize("path", ["run", "incremental"])
def test_forgotten_signatures_are_seen_anew(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work = workload(kinds=20)
    kept = place(path, work, Budget())
    monkeypatch.setattr(incremental, "KEPT_BYTES", 5 * 2 * len(work.nodes))
    forgotten = place(path, work, Budget())
    np.testing.assert_array_equal(kept.node, forgotten.node)
    assert kept.info["signatures"] == 20
    assert int(forgotten.info["signatures"]) > 20


class Kept:
    """Something that was used at a moment and takes a byte."""

    nbytes = 1

    def __init__(self, seen: int) -> None:
        self.seen = seen


def test_what_was_not_used_for_the_longest_is_forgotten() -> None:
    made = States[Kept](4)
    for signature, seen in enumerate([5, 1, 9, 2, 0]):
        made.keep(signature, Kept(seen))
    assert [made.get(s) is not None for s in range(5)] == [True, False, True, False, True]


def test_totals_that_fit_are_kept_in_16_bits_and_others_not() -> None:
    rejected = np.array([False, True, False])
    small = narrowed(np.array([0, -7, 2**15 - 1]) * ~rejected, rejected)
    assert small is not None
    assert widened(small).tolist() == [0, INFEASIBLE, 2**15 - 1]
    assert narrowed(np.array([0, 2**15]), None) is None
    assert narrowed(np.array([1, -1]), None) is None


def test_rows_evaluated_are_those_that_plugins_were_asked_about() -> None:
    """Nine nodes for each of two signatures, and then those that changed, each once."""
    first, second = (PodSpec(requests=(("cpu", c),)) for c in (1, 2))
    nodes = tuple(Node(f"n{i}", {"cpu": 100, "pods": 99}) for i in range(9))
    order = [second, *[first] * 40, second]
    work = Workload("w", nodes, PodBatch.of((f"p{i}", s) for i, s in enumerate(order)))
    found = place("incremental", work, Budget(), "first-fit")
    assert set(found.node.tolist()) == {0}
    # One change for each of 40 but the first of them; 41 for the last pod, all of one row.
    assert found.info["rows_evaluated"] == 9 + 9 + 39 + 1

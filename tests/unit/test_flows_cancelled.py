"""Flows in a process of their own: the same flows, left when nobody waits, and nobody orphaned."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from schedlab.api import Budget, Cluster, Placement, never
from schedlab.metrics.verify import verify
from schedlab_algorithms.min_cost_flow import MinCostFlow, child, flows, scheduler
from schedlab_algorithms.min_cost_flow.flows import Arcs, Flows, cheapest_flow
from schedlab_algorithms.packing.effort import Effort
from schedlab_workloads.slots import Slots

PATIENCE = 60.0
"""Seconds after which a process that should be gone is said to be there still."""


@pytest.fixture
def solver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flows]:
    """Solve every flow in the process, however small."""
    monkeypatch.setattr(flows, "LARGE", 0)
    with flows.flows() as solver:
        yield solver


def network(seed: int, pods: int = 30, nodes: int = 10) -> tuple[Arcs, np.ndarray]:
    """Return pods that flow to nodes of random slots at random costs, or past them."""
    rng = np.random.default_rng(seed)
    pod, node = np.nonzero(rng.random((pods, nodes)) < 0.5)
    sink = pods + nodes
    arcs = Arcs.joined(
        Arcs(pod, pods + node, np.ones(len(pod), np.int64), rng.integers(0, 1000, len(pod))),
        Arcs(
            pods + np.arange(nodes),
            np.full(nodes, sink),
            rng.integers(0, 4, nodes),
            np.zeros(nodes, np.int64),
        ),
        Arcs(
            np.arange(pods),
            np.full(pods, sink),
            np.ones(pods, np.int64),
            np.full(pods, 5000),
        ),
    )
    return arcs, np.concatenate([np.ones(pods, np.int64), np.zeros(nodes, np.int64), [-pods]])


def hard() -> tuple[Arcs, np.ndarray]:
    """Return a network on which the solver works for seconds."""
    return network(0, 3000, 1000)


def is_gone(process: int) -> bool:
    """Say whether a process is gone, waiting for it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if state(process) == "Z":
            return True
        time.sleep(0.01)
    return False


def state(process: int) -> str:
    """Return what Linux says a process is doing, "" elsewhere or if it is gone."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


@pytest.mark.parametrize("seed", range(6))
def test_the_process_finds_the_same_flow_as_a_call(solver: Flows, seed: int) -> None:
    for again in range(3):
        arcs, supply = network(10 * seed + again, 5 + 9 * seed, 2 + 2 * seed)
        found = solver.cheapest(arcs, supply, never)
        assert found is not None
        assert found.tolist() == cheapest_flow(arcs, supply).tolist()


def test_a_network_without_a_flow_is_the_same_error(solver: Flows) -> None:
    one = np.array([1])
    arcs = Arcs(np.array([0]), one, one, one)
    with pytest.raises(RuntimeError, match="no minimum-cost flow on 1 arcs: "):
        solver.cheapest(arcs, np.array([2, -2]), never)
    assert solver.cheapest(*network(0), never) is not None


def test_nothing_is_started_for_small_networks() -> None:
    with flows.flows() as solver:
        assert solver.cheapest(*network(0), never) is not None
        assert solver.child is None


def program(path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes run another program than the solver."""
    path.write_text(source, "utf-8")
    monkeypatch.setattr(child.solver, "__file__", str(path))


def test_the_process_is_killed_when_time_is_over(
    solver: Flows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It never answers: nothing else ends it."""
    program(tmp_path / "silent.py", "import sys; sys.stdin.buffer.read()", monkeypatch)
    effort = Effort.of(Budget(seconds=0.2))
    process = solver.get_ready().process
    assert solver.cheapest(*network(0), effort.is_over) is None
    assert process.returncode == -signal.SIGKILL
    assert effort.cut


@pytest.mark.parametrize("asked", [1, 2, 30])
def test_the_process_is_killed_once_nobody_waits(solver: Flows, asked: int) -> None:
    process = solver.get_ready().process
    questions = count()
    assert solver.cheapest(*hard(), lambda: next(questions) >= asked) is None
    assert process.returncode == -signal.SIGKILL
    assert next(questions) == asked + 1, "it is asked no more once it said so"
    assert solver.cheapest(*network(1), never) is not None, "another one takes its place"


def test_nothing_is_sent_if_nobody_waits_at_first(solver: Flows) -> None:
    assert solver.cheapest(*network(0), lambda: True) is None
    assert solver.child is None


def test_the_process_ends_with_the_block_whatever_happens() -> None:
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(KeyboardInterrupt))
        process = stack.enter_context(flows.flows()).get_ready().process
        raise KeyboardInterrupt
    assert process.returncode == -signal.SIGKILL
    assert process.stdin is not None
    assert process.stdin.closed


def test_an_interruption_while_it_is_solved_ends_the_process(solver: Flows) -> None:
    questions = count()

    def interrupted() -> bool:
        if next(questions) >= 3:
            raise KeyboardInterrupt
        return False

    process = solver.get_ready().process
    with pytest.raises(KeyboardInterrupt):
        solver.cheapest(*hard(), interrupted)
    assert process.returncode == -signal.SIGKILL


def test_a_process_that_dies_is_told(solver: Flows) -> None:
    process = solver.get_ready().process
    questions = count()

    def struck() -> bool:
        if next(questions) == 2:
            process.kill()
        return False

    with pytest.raises(RuntimeError, match="the process that solves flows ended with exit code"):
        solver.cheapest(*hard(), struck)


def test_why_a_process_could_not_work_is_told(
    solver: Flows, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path / "broken.py", "raise ImportError('no ortools')", monkeypatch)
    with pytest.raises(RuntimeError, match="exit code 1: ImportError: no ortools"):
        solver.cheapest(*network(0), never)


def test_the_process_ends_when_nobody_can_ask_any_more() -> None:
    with flows.flows() as solver:
        process = solver.get_ready().process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


HELD = """
import sys
sys.path.insert(0, {folder!r})
import solver
with solver.ending_with(0):
    print("held", flush=True)
    sum(range(10**15))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it ends after its work there")
def test_the_process_ends_at_its_work_when_nobody_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One call holds its interpreter for ever, and whoever started it is gone."""
    folder = os.path.dirname(child.solver.__file__)
    program(tmp_path / "held.py", HELD.format(folder=folder), monkeypatch)
    with flows.flows() as solver:
        process = solver.get_ready().process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(PATIENCE) == -signal.SIGIO


PARENT = """
import sys
sys.path[:0] = {paths!r}
from test_flows_cancelled import hard
from schedlab_algorithms.min_cost_flow import flows
flows.LARGE, asked = 0, []
with flows.flows() as solver:
    process = solver.get_ready().process
    def over():
        asked.append(None)
        if len(asked) == 150:
            print(process.pid, flush=True)
        return False
    while True:
        solver.cheapest(*hard(), over)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it ends after its work there")
def test_the_process_ends_if_its_parent_is_killed() -> None:
    source = PARENT.format(paths=[os.path.dirname(__file__), *sys.path])
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert is_gone(orphan)


# -- the scheduler ---------------------------------------------------------------------------------


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Solve every flow in a process, and return all that were started."""
    started = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(child, "Popen", Noted)
    monkeypatch.setattr(flows, "LARGE", 0)
    monkeypatch.setattr(scheduler, "LARGE", 0)
    return started


CASE = Slots(nodes=10, pods=120, classes=4, racks=2).build(0)


def placed(model: str, cancelled: Callable[[], bool], seconds: float | None = None) -> Placement:
    budget = Budget(seconds=seconds, cancelled=cancelled)
    found = MinCostFlow(model=model).schedule(  # type: ignore[arg-type]
        Cluster.of(CASE), CASE.pods, budget
    )
    assert verify(CASE, found) == []
    return found


@pytest.mark.parametrize("model", ["classes", "pods"])
def test_it_places_the_same_either_way(
    model: str, monkeypatch: pytest.MonkeyPatch, processes: list[subprocess.Popen[bytes]]
) -> None:
    apart = placed(model, never)
    assert [p.returncode for p in processes] == [-signal.SIGKILL]
    monkeypatch.undo()
    assert np.array_equal(apart.node, placed(model, never).node)


@pytest.mark.parametrize("model", ["classes", "pods"])
def test_cancelled_at_any_question_it_keeps_the_start(
    model: str, processes: list[subprocess.Popen[bytes]]
) -> None:
    """Whenever it is cancelled: legal, never worse than the start, and no process left."""
    questions = count()
    whole = placed(model, lambda: next(questions) < 0)
    asked = next(questions)
    for patience in [*range(0, asked, max(asked // 4, 1)), asked - 1]:
        questions = count()
        cut = placed(model, lambda turns=questions, most=patience: next(turns) >= most)
        assert cut.info["greedy_value"] <= cut.info["value"] <= whole.info["value"]
        assert cut.info["value"] <= cut.info["bound"]
        assert all(p.returncode is not None for p in processes)

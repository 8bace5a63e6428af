"""The benchmark of cancelling: what it counts, whom it asks, and that illegal answers are told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler
from schedlab.errors import InputError
from schedlab_benchmarks import cancelling, stopped
from schedlab_benchmarks.stopped import Case, Moment, Stop, limited

SMALL = Case("CpSatPacking", (), "Ladder", (("nodes", 4), ("pods", 200), ("pools", 1)))


class Overcommitting(Scheduler):
    """Puts every pod on the first node."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        placement = Placement.empty(len(pods))
        placement.node[:] = 0
        return placement


def test_a_moment_comes_once_and_remembers_the_last_question_before() -> None:
    passed, ahead = Moment(0.0), Moment(3600.0)
    at_first = passed.cpu
    assert passed()
    assert passed.cpu == at_first, "what is asked afterwards does not count"
    before = ahead.cpu
    sum(range(100_000))
    assert not ahead()
    assert ahead.cpu > before


def test_each_moment_and_limit_is_tried_and_the_longest_is_told() -> None:
    tried: list[tuple[str, float]] = []

    def stop(how: object, case: Case, seed: int, seconds: float) -> Stop:
        tried.append(("limited" if how is limited else "cancelled", seconds))
        ended_before = how is not limited and 0.5 < seconds < 3.0
        return Stop(3.0, -0.1 if ended_before else seconds / 100, seconds / 10)

    told: list[str] = []
    size = {"nodes": 40, "pods": 200}
    table = cancelling.run(["DualPrice"], None, size, 8.0, 4, 0, stop, told.append)
    assert tried == [
        ("cancelled", 8.0),
        *(("cancelled", 3.0 * (i + 0.5) / 4) for i in range(4)),
        *(("limited", 3.0 * (i + 1) / 3) for i in range(3)),
    ], "no further than it went by itself"
    [row] = table.to_dict("records")
    assert (row["workload"], row["nodes"], row["pods"]) == ("Ladder", 40, 200)
    assert row["cancelled"] == 1, "searches that had ended before are not counted"
    assert row["longest_cpu_ms"] == pytest.approx(37.5)
    assert row["over_ms"] == pytest.approx(30.0)
    assert told == ["DualPrice: 38 ms of CPU at most"]


def test_all_schedulers_are_asked_on_the_pods_of_their_suites() -> None:
    cases = {c.label: c.source for c in cancelling._cases(None, None, {})}
    assert cases["MinCostFlow model=pods"] == cases["MinCostFlow"] == "Slots"
    assert cases["LargeNeighbourhood"] == "Ladder"
    assert {c.split()[0] for c in cases} == set(cancelling.installed().schedulers)
    assert {c.source for c in cancelling._cases(["Def*"], "small", {})} == {"small"}
    with pytest.raises(InputError, match="no packing scheduler is called Nobody"):
        cancelling._cases(["Nobody"], None, {})


def test_an_illegal_answer_ends_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopped, "_scheduler", lambda case: Overcommitting())
    for how in (stopped.cancelled, stopped.limited):
        with pytest.raises(AssertionError, match="CpSatPacking: "):
            how(SMALL, 0, 0.1)


def test_from_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "table.tsv"
    size = ["--nodes", "30", "--pods", "2", "--seconds", "0.2", "--moments", "2"]
    cancelling.main(["Defragment", *size, "--json", "--save", str(file)])
    [row] = json.loads(capsys.readouterr().out)
    assert row["scheduler"] == "Defragment"
    header, line = (text.split("\t") for text in file.read_text("utf-8").splitlines())
    assert header == list(row)
    assert np.isclose(float(line[header.index("over_ms")]), row["over_ms"])

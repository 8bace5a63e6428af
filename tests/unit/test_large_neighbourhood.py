"""LargeNeighbourhood: from any start, under any rules, never worse, and soon over if cancelled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schedlab import engine
from schedlab.api import Budget, Cluster, Placement, PodBatch, Scheduler, Workload
from schedlab.errors import InputError
from schedlab.metrics.verify import verify
from schedlab.model.objects import HOSTNAME, GpuDevices, GpuRequest, Node, PodSpec
from schedlab.model.volumes import DiskVolume
from schedlab_algorithms.cp_sat_packing import CpSatPacking
from schedlab_algorithms.large_neighbourhood import LargeNeighbourhood
from schedlab_algorithms.large_neighbourhood.search import Search
from schedlab_algorithms.packing import packed
from schedlab_algorithms.packing.certificate import certify
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.incumbent import Incumbent
from schedlab_algorithms.packing.rules import rules_of
from schedlab_algorithms.packing.starts import Start
from schedlab_algorithms.packing.work import Work, work_on
from schedlab_workloads.fgd import FgdAtc23


def crowded(nodes: int = 8, pods: int = 60, seed: int = 0) -> Workload:
    """Return pods of two priorities that ask for a tenth more than there is."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 30, (pods // 3, 2)).tolist()
    specs = [
        PodSpec(requests=(("cpu", cpu), ("memory", memory)), priority=int(i % 2))
        for i, (cpu, memory) in enumerate(sizes)
    ]
    batch = PodBatch.of((f"default/p{i}", specs[i % len(specs)]) for i in range(pods))
    room = (np.array(sizes).sum(axis=0) * 3 / 1.1 / nodes).astype(int).tolist()
    made = tuple(
        Node(f"n{i}", {"cpu": room[0], "memory": room[1], "pods": 30}, {HOSTNAME: f"n{i}"})
        for i in range(nodes)
    )
    return Workload(name="crowded", nodes=made, pods=batch)


def place(scheduler: Scheduler, workload: Workload, budget: Budget) -> Placement:
    placement = scheduler.schedule(Cluster.of(workload), workload.pods, budget)
    assert verify(workload, placement) == []
    return placement


def value(workload: Workload, placement: Placement) -> tuple[int, ...]:
    placed, priority = placement.node >= 0, workload.pods.priority
    used = len(np.unique(placement.node[placed]))
    return int((placed & (priority == 1)).sum()), int((placed & (priority == 0)).sum()), -used


@pytest.mark.parametrize("start", ["first-fit", "worst-fit", "CpSatPacking"])
def test_never_worse_than_its_start(start: str) -> None:
    workload = crowded()
    before = place(engine.greedy(start), workload, Budget(effort=0.1))
    after = place(LargeNeighbourhood(start=start), workload, Budget(effort=0.3))
    assert after.info["start"] == start
    assert value(workload, after) >= value(workload, before)
    if start == "first-fit":
        assert value(workload, after) > value(workload, before)


def test_what_is_undone_is_not_counted() -> None:
    """Shares are moved together in vain for a pod that wants two devices, and moved back."""
    shares = [(300, 1, 0), (400, 2, 0), (550, 2, 0), (400, 0, 0), (550, 0, 1), (500, 0, 0)]
    specs = [PodSpec(requests=(("cpu", 1),), gpu=GpuRequest(1, m)) for m, _, _ in shares]
    specs.append(PodSpec(requests=(("cpu", 2),), gpu=GpuRequest(2, 1000)))
    batch = PodBatch.of((f"default/p{i}", spec) for i, spec in enumerate(specs))
    nodes = [
        Node(f"n{i}", {"cpu": 3, "pods": 9}, gpus=GpuDevices(n)) for i, n in enumerate((2, 1, 2))
    ]
    placement = Placement.empty(len(batch))
    placement.node[:6] = [node for _, node, _ in shares]
    placement.devices[:6] = [1 << device for _, _, device in shares]
    work = started(Workload(name="shares", nodes=tuple(nodes), pods=batch), placement)
    before = work.incumbent.copy()
    Search(work).eject()
    assert work.incumbent.masks == before.masks
    assert not any(work.counters.values())


def started(workload: Workload, placement: Placement) -> Work:
    """Return a placement as what is to be improved: more pods placed, then an even load."""
    profile, cluster, pods = engine.profile("kubernetes"), Cluster.of(workload), workload.pods
    problem, effort = engine.packing_problem(profile, cluster, pods), Effort.of(Budget(effort=5.0))
    incumbent = Incumbent.of(problem, pods, placement, ("placed", "balance"))
    scheduler = engine.FilterScore(profile=profile)
    start = Start(scheduler, "as told", placement, incumbent, incumbent.value, 0)
    rules = rules_of(profile, cluster, pods.specs)
    return work_on(start, rules, certify(problem, effort), effort)


def test_same_seed_and_effort_same_answer() -> None:
    workload = crowded()
    first, second = (
        place(LargeNeighbourhood(), workload, Budget(seed=4, effort=0.3)) for _ in range(2)
    )
    for column in ("node", "devices", "sequence", "failure"):
        np.testing.assert_array_equal(getattr(first, column), getattr(second, column))
    assert first.info == second.info


def test_pods_with_volumes_stay_where_the_start_put_them() -> None:
    workload = crowded()
    disks = [(DiskVolume("gcePersistentDisk", f"d{i}"),) for i in range(16)]
    special = [
        (f"default/s{i}", PodSpec(requests=(("cpu", 3),), priority=9, volumes=disk))
        for i, disk in enumerate(disks)
    ]
    workload = replace(workload, pods=PodBatch.of([*special, *workload.pods]))
    start = place(engine.greedy("first-fit"), workload, Budget())
    after = place(LargeNeighbourhood(start="first-fit"), workload, Budget(effort=0.3))
    assert after.info["fixed_pods"] == 16
    stayed = start.node[:16] >= 0
    np.testing.assert_array_equal(after.node[:16][stayed], start.node[:16][stayed])
    assert after.info["improvements"]


def test_starts_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'first-fit'"):
        place(LargeNeighbourhood(start="first-fitt"), crowded(), Budget())


def test_the_objectives_decide() -> None:
    workload = crowded(pods=45)
    results = {
        names: place(
            LargeNeighbourhood(start="worst-fit", objectives=names), workload, Budget(effort=0.3)
        ).info
        for names in (("placed", "nodes-used"), ("placed", "balance", "nodes-used"))
    }
    few, even = results.values()
    assert "balance" in even
    assert "balance" not in few


class Countdown:
    """Is true from the n-th time it is asked, and counts how often it is asked after that."""

    def __init__(self, asked: int) -> None:
        self.left, self.after = asked, 0

    def __call__(self) -> bool:
        self.left -= 1
        self.after += self.left < 0
        return self.left < 0


@pytest.mark.parametrize("scheduler", [LargeNeighbourhood(), CpSatPacking(full_model=0)])
@pytest.mark.parametrize("asked", [0, 3, 70, 250])
def test_little_is_done_once_it_is_cancelled(scheduler: Scheduler, asked: int) -> None:
    workload, countdown = crowded(), Countdown(asked)
    placement = place(scheduler, workload, Budget(effort=50.0, cancelled=countdown))
    assert placement.info["status"] == "cancelled"
    assert placement.info["repeatable"] == 0
    assert 0 < countdown.after < 80


def test_a_budget_of_no_time_at_all_still_gets_a_greedy_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packed, "LAST_PASS", 60.0)
    workload = crowded()
    placement = place(LargeNeighbourhood(), workload, Budget(seconds=0.0))
    ample = place(LargeNeighbourhood(), workload, Budget(effort=0.01))
    assert placement.info["repeatable"] == 0
    assert (placement.node >= 0).sum() >= 0.8 * (ample.node >= 0).sum() > 0


@pytest.mark.slow
def test_the_openb_cluster_at_130_percent_is_packed_to_the_bound(shared: Path) -> None:
    workload = FgdAtc23(folder=shared / "traces" / "openb", arrivals="tuned").build(2)
    found = place(LargeNeighbourhood(patience=1), workload, Budget(seed=2, effort=40.0)).info
    assert float(found["gap"]) <= 0.0005
    assert int(found["bound"]) < len(workload.pods)
    assert found["repeatable"] == 1

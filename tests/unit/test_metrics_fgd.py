"""fragmentation_fgd against the fragmentation ratio that the FGD paper's simulator ends on."""

from __future__ import annotations

import csv
import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from schedlab.api import Placement
from schedlab.metrics import Outcome
from schedlab.metrics.fragmentation import fgd, typical_pods
from schedlab.metrics.verify import verify
from schedlab.model.objects import GpuDevices, GpuRequest, Node, PodBatch, PodSpec, Workload

Ints = NDArray[np.int64]
SEED = "42"


def rows(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(sys.maxsize)
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return list(csv.DictReader(text.splitlines()))


def reference(shared: Path, name: str, trace: str, **wanted: str) -> dict[str, str]:
    wanted = {"workload": trace, "seed": SEED, **wanted}
    found = rows(shared / "reference" / "fgd" / f"{name}.csv.gz")
    return next(r for r in found if all(r[k] == v for k, v in wanted.items()))


def numbers(text: str) -> Ints:
    return np.array(text.split(), np.int64)


def read_pod(row: dict[str, str]) -> PodSpec:
    count = int(row["num_gpu"])
    models = tuple(filter(None, row.get("gpu_spec", "").split("|")))
    return PodSpec(
        requests=(("cpu", int(row["cpu_milli"])), ("memory", int(row["memory_mib"]) << 20)),
        gpu=GpuRequest(count, min(int(row["gpu_milli"]), 1000), models) if count else None,
    )


def read_node(row: dict[str, str]) -> Node:
    room = {"cpu": int(row["cpu_milli"]), "memory": int(row["memory_mib"]) << 20, "pods": 1001}
    return Node(row["sn"], room, gpus=GpuDevices(int(row["gpu"]), row["model"]))


class BestFit:
    """The simulator's BestFit policy (reference notes, sections 3 and 4); ties: least rank."""

    def __init__(self, nodes: list[Node], rank: Ints) -> None:
        self.cpu = np.array([n.allocatable["cpu"] for n in nodes])
        self.memory = np.array([n.allocatable["memory"] for n in nodes])
        self.model = np.array([n.gpus.model for n in nodes if n.gpus])
        counts = np.array([n.gpus.count for n in nodes if n.gpus])
        self.free = np.where(np.arange(counts.max()) < counts[:, None], 1000, -1)
        self.rank = rank

    def place(self, pod: PodSpec) -> tuple[int, int]:
        gpu = pod.gpu or GpuRequest(0, 0)
        cpu, memory = pod.request("cpu"), pod.request("memory")
        fits = (self.cpu >= cpu) & (self.memory >= memory)
        if gpu.count:
            fits &= (self.free >= gpu.milli).sum(axis=1) >= gpu.count
        if gpu.models:
            fits &= np.isin(self.model, gpu.models)
        feasible = np.flatnonzero(fits)
        if not len(feasible):
            return -1, 0
        score = self.score(feasible, cpu, gpu.milli * gpu.count)
        node = int(feasible[np.lexsort((self.rank[feasible], -score))[0]])
        devices = self.devices(node, gpu)
        self.cpu[node] -= cpu
        self.memory[node] -= memory
        self.free[node, devices] -= gpu.milli
        return node, sum(1 << int(d) for d in devices)

    def score(self, feasible: Ints, cpu: int, milli: int) -> Ints:
        left = np.maximum(self.free[feasible], 0).sum(axis=1) - milli
        raw = 100 * (1 - 0.5 * (self.cpu[feasible] - cpu) / 128000 - 0.5 * left / 8000)
        score = np.trunc(raw).astype(np.int64)
        low, high = score.min(), score.max()
        return np.zeros_like(score) if low == high else (score - low) * 100 // (high - low)

    def devices(self, node: int, gpu: GpuRequest) -> Ints:
        if gpu.milli == 1000:
            return np.flatnonzero(self.free[node] == 1000)[: gpu.count]
        fitting = np.flatnonzero(self.free[node] >= gpu.milli)
        return fitting[np.argsort(self.free[node, fitting], kind="stable")][: gpu.count]


@pytest.mark.parametrize("trace", ["default", "gpuspec10"])
def test_the_published_ratio_of_the_final_state(shared: Path, trace: str) -> None:
    openb = shared / "traces" / "openb"
    original = [read_pod(r) for r in rows(openb / f"openb_pod_list_{trace}.csv")]
    nodes = [read_node(r) for r in rows(openb / "openb_node_list_gpu_node.csv")]
    rank = numbers(reference(shared, "node_rank", trace)["rank_of_node_in_name_order"])
    arrivals = [original[i] for i in numbers(reference(shared, "pod_order", trace)["order"])]
    policy, placement = BestFit(nodes, rank), Placement.empty(len(arrivals))
    for i, pod in enumerate(arrivals):
        placement.node[i], placement.devices[i] = policy.place(pod)
    batch = PodBatch.of((f"default/{i}", p) for i, p in enumerate(arrivals))
    workload = Workload(name=trace, nodes=tuple(nodes), pods=batch)

    assert verify(workload, placement) == []
    cluster = Outcome(workload, placement).cluster
    typical = typical_pods(PodBatch.of((str(i), p) for i, p in enumerate(original)))
    expected = reference(shared, "final_state_from_port", trace, policy="BestFit")
    used = int(cluster.requested[:, cluster.resource("schedlab.io/gpu-milli")].sum())
    assert used == int(expected["used_gpu_milli"])
    assert f"{100 * fgd(cluster, typical):.2f}" == expected["frag_pct_of_idle"]

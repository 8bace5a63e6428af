"""Workloads at the edge of what there can be, and what cannot be."""

from __future__ import annotations

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource

NODE = Node("node", {"cpu": 4000, "memory": 8 * 2**30, "pods": 110})
SMALL = PodSpec(requests=(("cpu", 1000),))
LARGE = PodSpec(requests=(("cpu", 64_000),))


class NoNodes(WorkloadSource):
    """A pod and nowhere to place it."""

    def build(self, seed: int) -> Workload:
        return Workload("no-nodes", (), PodBatch.of([("default/pod", SMALL)]))


class NoPods(WorkloadSource):
    """A node and nothing to place."""

    def build(self, seed: int) -> Workload:
        return Workload("no-pods", (NODE,), PodBatch.of([]))


class TooLarge(WorkloadSource):
    """A pod larger than any node, and one that fits."""

    def build(self, seed: int) -> Workload:
        pods = [("default/large", LARGE), ("default/small", SMALL)]
        return Workload("too-large", (NODE,), PodBatch.of(pods))

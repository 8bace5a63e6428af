"""A workload from two tables: ``nodes.csv`` and ``pods.csv``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from schedlab.api import GpuRequest, Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab.model.objects import HOSTNAME, PODS, GpuDevices
from schedlab_workloads.csv_cells import (
    amounts_of,
    distinct,
    gpu_count,
    names_of,
    number,
    prefixed,
)
from schedlab_workloads.csv_columns import (
    LABEL,
    NEEDED,
    NODE_TABLE,
    POD_TABLE,
    SELECTOR,
    Table,
    refuse_columns,
)
from schedlab_workloads.csv_table import Row, read_rows

Pod = tuple[str, PodSpec, int]

MOST_PRIORITY = 2_000_000_000


class Csv(WorkloadSource):
    """Nodes and pods from the tables ``nodes.csv`` and ``pods.csv`` of a folder.

    Nothing is random: the seed plays no part.

    Parameters
    ----------
    folder
        Where the two files are.
    """

    folder: Path

    def build(self, seed: int) -> Workload:
        """Return the workload, the same for every seed.

        Raises
        ------
        InputError
            If a file is missing, a column or cell holds something unexpected, or two nodes or
            two pods have one name: file, line and column.
        """
        del seed
        node_file, pod_file = self.input_files()
        nodes = _nodes(node_file)
        waiting, running = _pods(pod_file, {node.name: at for at, node in enumerate(nodes)})
        return Workload(
            self.folder.absolute().name,
            nodes,
            PodBatch.of((name, spec) for name, spec, _ in waiting),
            bound=PodBatch.of((name, spec) for name, spec, _ in running),
            bound_node=np.array([row for *_, row in running], np.int32),
            source=str(self.folder),
        )

    def input_files(self) -> tuple[Path, Path]:
        """Return the table of nodes and that of pods; raise InputError if one is missing."""
        nodes, pods = self.folder / NODE_TABLE.file, self.folder / POD_TABLE.file
        for path in (nodes, pods):
            if not path.is_file():
                raise InputError(f"Csv: {self.folder} has no file {path.name}")
        return nodes, pods


def _rows(path: Path, table: Table) -> Iterator[Row]:
    """Yield the rows of a table, unless a column has a name that says nothing there."""
    for at, row in enumerate(read_rows(path, NEEDED)):
        if at == 0:
            refuse_columns(path, row.cells, table)
        yield row


def _nodes(path: Path) -> tuple[Node, ...]:
    seen: dict[str, int] = {}
    return tuple(node for row in _rows(path, NODE_TABLE) for node in _alike(row, seen))


def _alike(row: Row, seen: dict[str, int]) -> Iterator[Node]:
    """Yield the nodes of one row."""
    offered = amounts_of(row) | {PODS: number(row, "pods", 110)}
    labels, gpus = dict(prefixed(row, LABEL)), _devices(row)
    for name in distinct(row, names_of(row), seen):
        yield Node(name, offered, {HOSTNAME: name, **labels}, gpus=gpus)


def _devices(row: Row) -> GpuDevices | None:
    count = gpu_count(row, "gpu_model")
    return GpuDevices(count, row.get("gpu_model")) if count else None


def _pods(path: Path, rows: dict[str, int]) -> tuple[list[Pod], list[Pod]]:
    """Return the pods that wait and those that run, with the row of their node (-1: none)."""
    waiting: list[Pod] = []
    running: list[Pod] = []
    seen: dict[str, int] = {}
    for row in _rows(path, POD_TABLE):
        spec, at = _spec(row), _node_row(row, rows)
        full = [f"{spec.namespace}/{name}" for name in names_of(row)]
        pods = ((name, spec, at) for name in distinct(row, full, seen))
        (waiting if at < 0 else running).extend(pods)
    return waiting, running


def _node_row(row: Row, rows: dict[str, int]) -> int:
    node = row.get("node")
    if node and node not in rows:
        raise row.wrong("node", f"the name of a node in {NODE_TABLE.file}, or nothing")
    return rows[node] if node else -1


def _spec(row: Row) -> PodSpec:
    return PodSpec(
        namespace=row.get("namespace") or "default",
        labels=tuple(prefixed(row, LABEL)),
        requests=tuple(amounts_of(row).items()),
        priority=number(row, "priority", 0, most=MOST_PRIORITY),
        node_selector=tuple(prefixed(row, SELECTOR)),
        gpu=_gpu(row),
    )


def _gpu(row: Row) -> GpuRequest | None:
    count = gpu_count(row, "gpu_milli")
    share = number(row, "gpu_milli", 1000, least=1, most=1000) if count else 0
    return GpuRequest(count, share) if count else None

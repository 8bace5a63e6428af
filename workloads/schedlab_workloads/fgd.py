"""The experiments of *Beware of Fragmentation* (USENIX ATC 2023): openb tuned to a demand ratio.

Pods of one list of the openb trace arrive in a random order on the 1,213 nodes that have
GPUs, and more are drawn from the same list until they ask for ``ratio`` times the GPUs there
are.  Nobody leaves, and no pod is tried twice.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError
from schedlab_workloads.fgd_orders import NODE_RANK, POD_ORDER, node_rank, pod_order
from schedlab_workloads.fgd_tuning import tune
from schedlab_workloads.openb import Openb

FOLDER_VARIABLE = "SCHEDLAB_FGD"
NEIGHBOUR = Path("../shared/reference/fgd")
"""Where orders are looked for without an argument or variable, from the current directory."""


class FgdAtc23(WorkloadSource):
    """A list of the openb trace, shuffled and tuned to a demand ratio, on nodes in rank order.

    Nodes come in the order of their ranks, so that the first row wins a tie as the paper's
    simulator has it.  The list as it was before tuning is the workload's ``history``.

    Parameters
    ----------
    pods
        The list: ``openb_pod_list_<pods>.csv``.
    folder
        The folder of the trace; see ``Openb``.
    orders
        The folder of ``pod_order.csv.gz`` and ``node_rank.csv.gz``; else the environment
        variable SCHEDLAB_FGD, else ``../shared/reference/fgd``.
    arrivals
        ``published`` takes the paper's sequences (tune seeds 42 to 51, ratio 1.3) from there;
        ``tuned`` draws the like from NumPy's generator, for any seed and ratio.
    ratio
        The GPU demand of all arrivals over the GPUs of the cluster.
    """

    pods: str = "default"
    folder: Path | None = None
    orders: Path | None = None
    arrivals: Literal["published", "tuned"] = "published"
    ratio: float = 1.3

    def __post_init__(self) -> None:
        if not self.ratio > 0:
            raise ValueError("ratio must be above 0")
        if self.arrivals == "published" and self.ratio != 1.3:
            raise ValueError('the published arrivals have ratio 1.3; others need arrivals="tuned"')

    def build(self, seed: int) -> Workload:
        """Return the workload of this tune seed.

        Raises
        ------
        InputError
            If a folder, list or seed is missing, or a file holds something unexpected.
        """
        trace = self._trace().build(seed)
        nodes = sorted(trace.nodes, key=lambda node: node.name)
        pods = sorted(trace.pods, key=lambda pod: pod[0])
        order, rank = self._sequences(nodes, pods, seed)
        self._check(order, rank, nodes, pods)
        return Workload(
            f"fgd-{self.pods}",
            tuple(nodes[i] for i in np.argsort(rank).tolist()),
            PodBatch.of(arriving(pods, order)),
            history=trace.pods,
            source=trace.source,
        )

    def input_files(self) -> tuple[Path, ...]:
        """Return the trace's lists, and the orders where they are read."""
        lists = self._trace().input_files()
        if self.arrivals == "tuned":
            return lists
        folder = self._orders()
        return (*lists, folder / POD_ORDER, folder / NODE_RANK)

    def _trace(self) -> Openb:
        return Openb(folder=self.folder, pods=self.pods, nodes="gpu_node")

    def _orders(self) -> Path:
        folder = Path(self.orders or os.environ.get(FOLDER_VARIABLE) or NEIGHBOUR)
        for name in (POD_ORDER, NODE_RANK):
            if not (folder / name).is_file():
                raise InputError(
                    f"FgdAtc23: no {name} in {folder}; give the folder of the published orders "
                    f'as orders or in {FOLDER_VARIABLE}, or set arrivals = "tuned"'
                )
        return folder

    def _sequences(
        self, nodes: list[Node], pods: list[tuple[str, PodSpec]], seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        if self.arrivals == "tuned":
            return tune(nodes, [spec for _, spec in pods], self.ratio, seed)
        folder = self._orders()
        return pod_order(folder, self.pods, seed), node_rank(folder, self.pods, seed)

    def _check(
        self,
        order: NDArray[np.int64],
        rank: NDArray[np.int64],
        nodes: list[Node],
        pods: list[tuple[str, PodSpec]],
    ) -> None:
        """Refuse orders that are of another trace."""
        if len(rank) != len(nodes):
            raise InputError(
                f"FgdAtc23: {len(nodes)} nodes with GPUs, but ranks for {len(rank)}: the orders "
                "belong to another trace"
            )
        if len(order) and not 0 <= order.min() <= order.max() < len(pods):
            raise InputError(
                f"FgdAtc23: {self.pods}: an order names pod {order.max()} of {len(pods)}: the "
                "orders belong to another trace"
            )


def arriving(
    pods: list[tuple[str, PodSpec]], order: NDArray[np.int64]
) -> Iterator[tuple[str, PodSpec]]:
    """Yield the pods in their order of arrival; the k-th copy of one is called ``<name>-k``."""
    seen: Counter[int] = Counter()
    for i in order.tolist():
        name, spec = pods[i]
        yield (f"{name}-{seen[i]}" if seen[i] else name), spec
        seen[i] += 1

"""The openb trace: a production GPU cluster whose pods share devices (Alibaba, 2023).

Source: the public repository alibaba/clusterdata, folder cluster-trace-gpu-v2023/csv; to be
cited as *Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation
Gradient Descent* (USENIX ATC 2023), whose reading of the columns is followed here: pods
arrive one at a time and never leave; quality of service, phases and times play no part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from schedlab.api import GpuRequest, Node, PodBatch, PodSpec, Workload, WorkloadSource
from schedlab.errors import InputError, nearest
from schedlab.model.objects import CPU, HOSTNAME, MEMORY, PODS, GpuDevices
from schedlab_workloads.csv_table import Row, read_rows

FOLDER_VARIABLE = "SCHEDLAB_OPENB"
NEIGHBOUR = Path("../shared/traces/openb")
"""Where the trace is looked for without an argument or variable, from the current directory."""

MIB = 2**20
MILLI_PER_DEVICE = 1000
MOST_DEVICES = 63
PODS_PER_NODE = 1001
"""The simulator of the ATC 2023 paper allows so many; it never binds."""

NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")


class Openb(WorkloadSource):
    """Nodes and pods of the openb trace, pods in the order of the file.

    Nothing is random: the seed plays no part.

    Parameters
    ----------
    folder
        The folder of the CSV files; else the environment variable SCHEDLAB_OPENB, else
        ``../shared/traces/openb``.
    pods, nodes
        The lists to read: ``openb_pod_list_<pods>.csv``, ``openb_node_list_<nodes>.csv``.
    """

    folder: Path | None = None
    pods: str = "default"
    nodes: str = "all_node"

    def build(self, seed: int) -> Workload:
        """Return the workload, the same for every seed.

        Raises
        ------
        InputError
            If the folder or a list is missing, or a row holds something unexpected.
        """
        del seed
        nodes, pods = self.input_files()
        return Workload(
            f"openb-{self.pods}", read_nodes(nodes), read_pods(pods), source=str(nodes.parent)
        )

    def input_files(self) -> tuple[Path, Path]:
        """Return the node list and the pod list; raise InputError if one is missing."""
        folder = self._folder()
        return _list(folder, "node", self.nodes), _list(folder, "pod", self.pods)

    def _folder(self) -> Path:
        folder = Path(self.folder or os.environ.get(FOLDER_VARIABLE) or NEIGHBOUR)
        if not folder.is_dir():
            raise InputError(
                f"Openb: no folder {folder}; download cluster-trace-gpu-v2023/csv of "
                "https://github.com/alibaba/clusterdata and give its path as "
                f"folder or in {FOLDER_VARIABLE}"
            )
        return folder


def read_nodes(path: Path) -> tuple[Node, ...]:
    """Read a node list (sn, cpu_milli, memory_mib, gpu, model)."""
    return tuple(_node(row) for row in _distinct(read_rows(path, NODE_COLUMNS), "sn"))


def read_pods(path: Path) -> PodBatch:
    """Read a pod list (name, cpu_milli, memory_mib, num_gpu, gpu_milli, perhaps gpu_spec)."""
    rows = _distinct(read_rows(path, POD_COLUMNS), "name")
    return PodBatch.of((f"default/{row.text('name')}", _spec(row)) for row in rows)


def _list(folder: Path, kind: str, name: str) -> Path:
    prefix = f"openb_{kind}_list_"
    known = {p.stem.removeprefix(prefix): p for p in folder.glob(f"{prefix}*.csv")}
    if not known:
        raise InputError(
            f"Openb: {folder} holds no {prefix}*.csv; expected what cluster-trace-gpu-v2023/csv "
            "of https://github.com/alibaba/clusterdata holds"
        )
    if name not in known:
        raise InputError(f"Openb: {folder}: {nearest(f'{kind} list', name, known)}")
    return known[name]


def _distinct(rows: Iterator[Row], column: str) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for row in rows:
        name = row.text(column)
        if seen.setdefault(name, row.line) != row.line:
            raise row.wrong(column, f"a name of its own (line {seen[name]} has it too)")
        yield row


def _node(row: Row) -> Node:
    name, devices = row.text("sn"), row.whole("gpu", most=MOST_DEVICES)
    amounts = {
        CPU: row.whole("cpu_milli"),
        MEMORY: row.whole("memory_mib") * MIB,
        PODS: PODS_PER_NODE,
    }
    gpus = GpuDevices(devices, row.text("model")) if devices else None
    return Node(name, amounts, {HOSTNAME: name}, gpus=gpus)


def _spec(row: Row) -> PodSpec:
    requests = ((CPU, row.whole("cpu_milli")), (MEMORY, row.whole("memory_mib") * MIB))
    return PodSpec(requests=requests, gpu=_gpu(row))


def _gpu(row: Row) -> GpuRequest | None:
    devices = row.whole("num_gpu", most=MOST_DEVICES)
    if not devices:
        row.whole("gpu_milli", most=0)
        return None
    milli = row.whole("gpu_milli", least=1, most=MILLI_PER_DEVICE)
    return GpuRequest(devices, milli, _models(row))


def _models(row: Row) -> tuple[str, ...]:
    """Return the allowed models as they are written, repeats and all.

    The ATC 2023 simulator tells kinds of pods apart by that text; some lists have none.
    """
    return tuple(m for m in row.get("gpu_spec").split("|") if m)

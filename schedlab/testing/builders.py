"""Small nodes, pods and clusters in a line each, for tests.

cluster_of([node("a", cpu=4), node("b", cpu="500m", zone="z1")], {"a": [pod(cpu=1)]})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schedlab.api import Cluster, Node, PodSpec
from schedlab.errors import InputError, nearest
from schedlab.model.objects import CPU, HOSTNAME, MEMORY, PODS, ZONE, GpuDevices, GpuRequest
from schedlab.model.quantity import milli, value

Quantity = str | int | float


def node(
    name: str = "n0",
    *,
    cpu: Quantity = 4,
    memory: Quantity = "16Gi",
    pods: int = 110,
    zone: str = "",
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, Quantity] | None = None,
    gpus: GpuDevices | int | None = None,
    **fields: Any,
) -> Node:
    """Return a node, labelled with its hostname and zone; quantities as Kubernetes writes them.

    ``resources`` are extended ones, ``gpus`` a number of devices or :class:`GpuDevices`;
    ``fields`` are any others of :class:`Node` (``taints``, ``unschedulable``, ``images``).
    """
    places = {HOSTNAME: name} | ({ZONE: zone} if zone else {})
    amounts = {CPU: milli(cpu), MEMORY: value(memory), PODS: pods}
    return Node(
        name=name,
        allocatable=amounts | {r: value(a) for r, a in (resources or {}).items()},
        labels=places | dict(labels or {}),
        gpus=GpuDevices(gpus) if isinstance(gpus, int) else gpus,
        **fields,
    )


def pod(
    *,
    cpu: Quantity | None = None,
    memory: Quantity | None = None,
    labels: Mapping[str, str] | None = None,
    resources: Mapping[str, Quantity] | None = None,
    gpu: GpuRequest | int | None = None,
    **fields: Any,
) -> PodSpec:
    """Return a pod's spec; quantities as Kubernetes writes them, None where it asks for none.

    ``resources`` are extended ones, ``gpu`` a number of whole devices or a
    :class:`GpuRequest`; ``fields`` are any others of :class:`PodSpec` (``tolerations``,
    ``spread``, ``priority``).
    """
    requests = {r: value(a) for r, a in (resources or {}).items()}
    if cpu is not None:
        requests[CPU] = milli(cpu)
    if memory is not None:
        requests[MEMORY] = value(memory)
    return PodSpec(
        labels=tuple((labels or {}).items()),
        requests=tuple(requests.items()),
        gpu=GpuRequest(gpu) if isinstance(gpu, int) else gpu,
        **fields,
    )


def cluster_of(
    nodes: Sequence[Node], placed: Mapping[str, Sequence[PodSpec]] | None = None, **rest: Any
) -> Cluster:
    """Return a cluster with these pods on the nodes named; ``rest`` as for :class:`Cluster`.

    Raises
    ------
    InputError
        If ``placed`` names a node that is not there.
    """
    rows = {n.name: row for row, n in enumerate(nodes)}
    pods = [(name, spec) for name, specs in (placed or {}).items() for spec in specs]
    cluster = Cluster(nodes, [spec for _, spec in pods], **rest)
    for name, spec in pods:
        if name not in rows:
            raise InputError(nearest("node", name, rows))
        put(cluster, spec, rows[name])
    return cluster


def put(cluster: Cluster, spec: PodSpec, row: int) -> None:
    """Place one pod on a row, on the lowest GPU devices that fit."""
    cluster.place(cluster.signature(spec), row, cluster.first_devices(spec, row))

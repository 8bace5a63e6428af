"""Rules about what the pods already on the node have left: resources, devices, ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from schedlab.metrics.verify.rule import Rule, Scene, Turn
from schedlab.model.objects import PODS, GpuRequest, HostPort

DEVICE = 1000
"""Thousandths of one GPU device."""

DEFAULT_PODS = 110
"""The kubelet's maxPods, for nodes that state no ``pods``."""

ANY_ADDRESS = "0.0.0.0"


class Capacity(Rule):
    """Requests against allocatable, resource by resource, and the number of pods.

    A resource of which the pod asks for nothing is not checked, even where the node is
    overcommitted in it (plugins/noderesources/fit.go).
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._used: list[Counter[str]] = [Counter() for _ in scene.nodes]

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield each resource that does not suffice."""
        used, allocatable = self._used[turn.row], turn.node.allocatable
        allowed = allocatable.get(PODS, DEFAULT_PODS)
        if used[PODS] >= allowed:
            yield f"pods: {used[PODS]} of {allowed} are there already"
        for name, amount in turn.spec.requests:
            free = allocatable.get(name, 0) - used[name]
            if amount > 0 and free < amount:
                yield f"{name}: asks for {amount}, free are {free}"

    def place(self, turn: Turn) -> None:
        """Add the pod's requests to its node's."""
        self._used[turn.row].update({PODS: 1, **dict(turn.spec.requests)})

    def evict(self, turn: Turn) -> None:
        """Take the pod's requests off its node's."""
        self._used[turn.row].subtract({PODS: 1, **dict(turn.spec.requests)})


class Devices(Rule):
    """GPU devices: as many as asked for, of an allowed model, each with room for the share.

    A workload does not say which devices its bound pods hold: they are given the lowest
    ones with room.
    """

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._free = [[DEVICE] * (n.gpus.count if n.gpus else 0) for n in scene.nodes]

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield what is wrong with the devices taken."""
        taken = device_numbers(turn.devices)
        if turn.spec.gpu is None:
            if taken:
                yield f"takes devices {taken} and asks for none"
            return
        yield from self._count_faults(turn, turn.spec.gpu, taken)
        yield from self._room_faults(turn, turn.spec.gpu, taken)

    def _count_faults(self, turn: Turn, gpu: GpuRequest, taken: list[int]) -> Iterator[str]:
        if len(taken) != gpu.count:
            yield f"asks for {gpu.count} devices and takes {len(taken)}: {taken}"
        model = turn.node.gpus.model if turn.node.gpus else None
        if gpu.models and model not in gpu.models:
            yield f"asks for model {' or '.join(gpu.models)}, the node has {model or 'none'}"

    def _room_faults(self, turn: Turn, gpu: GpuRequest, taken: list[int]) -> Iterator[str]:
        free = self._free[turn.row]
        for device in taken:
            if device >= len(free):
                yield f"takes device {device}, the node has {len(free)}"
            elif free[device] < gpu.milli:
                yield f"asks for {gpu.milli}/1000 of device {device}, free are {free[device]}"

    def place(self, turn: Turn) -> None:
        """Take the share from each device."""
        if turn.spec.gpu is not None:
            self._take(turn.row, device_numbers(turn.devices), turn.spec.gpu)

    def evict(self, turn: Turn) -> None:
        """Give the share back to each device."""
        if turn.spec.gpu is not None:
            self._take(turn.row, device_numbers(turn.devices), turn.spec.gpu, -1)

    def bind(self, turn: Turn) -> None:
        """Take the share from the lowest devices with room."""
        gpu = turn.spec.gpu
        if gpu is not None:
            roomy = [d for d, free in enumerate(self._free[turn.row]) if free >= gpu.milli]
            self._take(turn.row, roomy[: gpu.count], gpu)

    def _take(self, row: int, devices: list[int], gpu: GpuRequest, times: int = 1) -> None:
        free = self._free[row]
        for device in devices:
            if device < len(free):
                free[device] -= times * gpu.milli


class HostPorts(Rule):
    """Host ports that are taken on the node (framework/types.go, HostPortInfo)."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._taken: list[list[HostPort]] = [[] for _ in scene.nodes]

    def faults(self, turn: Turn) -> Iterator[str]:
        """Yield each port that another pod of the node holds."""
        for port in turn.spec.host_ports:
            if any(conflicts(port, other) for other in self._taken[turn.row]):
                yield f"port {port.host_ip}:{port.port}/{port.protocol} is taken"

    def place(self, turn: Turn) -> None:
        """Take the pod's ports."""
        self._taken[turn.row].extend(turn.spec.host_ports)

    def evict(self, turn: Turn) -> None:
        """Give the pod's ports back."""
        for port in turn.spec.host_ports:
            self._taken[turn.row].remove(port)


def device_numbers(mask: int) -> list[int]:
    """Return the positions of the bits of a mask (0 or more), lowest first."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def conflicts(one: HostPort, other: HostPort) -> bool:
    """Say whether two ports cannot be held on one node; 0.0.0.0 stands for every address."""
    if (one.port, one.protocol) != (other.port, other.protocol):
        return False
    return one.host_ip == other.host_ip or ANY_ADDRESS in (one.host_ip, other.host_ip)

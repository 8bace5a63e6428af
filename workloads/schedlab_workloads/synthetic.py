"""Seeded synthetic workloads: node pools and pod classes described in TOML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from schedlab.api import Workload, WorkloadSource
from schedlab.errors import InputError, nearest
from schedlab.model.objects import Service
from schedlab.registry import installed
from schedlab_workloads.synthetic_arrivals import draw_arrivals
from schedlab_workloads.synthetic_config import MOST_NODES, MOST_PODS, SyntheticConfig, load_config
from schedlab_workloads.synthetic_fill import draw_running
from schedlab_workloads.synthetic_sets import ReplicaSets, batch


class Synthetic(WorkloadSource):
    """A cluster and pods drawn from a TOML description (docs/workloads.md).

    The same seed gives the same workload; every pod class, the order of arrival and every
    pool's fill have a random stream of their own.

    Parameters
    ----------
    preset, file
        The name of an installed description, or the path of one; exactly one of them.
    nodes, pods
        Scale the pools to so many nodes (at least one each), the classes to so many pods.
    """

    preset: str | None = None
    file: Path | None = None
    nodes: int | None = None
    pods: int | None = None

    def __post_init__(self) -> None:
        if (self.preset is None) == (self.file is None):
            raise InputError("expected either preset or file")
        _require_size("nodes", self.nodes, 1, MOST_NODES)
        _require_size("pods", self.pods, 0, MOST_PODS)

    @property
    def name(self) -> str:
        """The preset's name, or the file's without its suffix."""
        return self.preset or self.path.stem

    @property
    def path(self) -> Path:
        """The description; raise InputError if there is no such preset."""
        if self.file is not None:
            return Path(self.file)
        known = installed().presets
        if self.preset not in known:
            raise InputError(nearest("preset", str(self.preset), known))
        return known[self.preset]

    def input_files(self) -> tuple[Path, ...]:
        """Return the description, whose contents decide the workload."""
        return (self.path,)

    def config(self) -> SyntheticConfig:
        """Read the description and scale it; raise InputError if it is wrong."""
        config = load_config(self.path)
        if self.nodes is not None:
            config = config.with_nodes(self.nodes)
        with _errors_in(self.path):
            return config if self.pods is None else config.with_pods(self.pods)

    def build(self, seed: int) -> Workload:
        """Return the workload of this seed (at least 0).

        Raises
        ------
        InputError
            If the description is missing or wrong, or cannot be scaled or filled as asked.
        """
        config = self.config()
        waiting, signature = draw_arrivals(config, seed)
        with _errors_in(self.path):
            running, bound_signature, bound_node = draw_running(config, seed)
        return Workload(
            name=self.name,
            nodes=tuple(node for pool in config.pools for node in pool.nodes()),
            pods=batch(waiting, signature),
            bound=batch(running, bound_signature),
            bound_node=bound_node,
            namespaces=_namespaces(config),
            services=_services([*waiting, *running]),
            source=str(self.file or f"preset {self.preset}"),
        )


@contextmanager
def _errors_in(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _require_size(what: str, size: int | None, least: int, most: int) -> None:
    if size is not None and not least <= size <= most:
        raise InputError(f"{what}: expected {least} to {most}, got {size}")


def _namespaces(config: SyntheticConfig) -> dict[str, dict[str, str]]:
    return {c.namespace: {"kubernetes.io/metadata.name": c.namespace} for c in config.classes}


def _services(groups: Sequence[ReplicaSets]) -> tuple[Service, ...]:
    return tuple(service for group in groups for service in group.services)

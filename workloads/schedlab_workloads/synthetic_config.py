"""A synthetic workload's TOML as a whole: pools, classes, how many, in which order."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from schedlab.errors import InputError, explain_validation, nearest
from schedlab_workloads.synthetic_base import Strict, fault, require_distinct
from schedlab_workloads.synthetic_classes import PodClass
from schedlab_workloads.synthetic_pools import Pool

Arrival = Literal["shuffled", "by-replica-set", "by-class"]

MOST_NODES = MOST_PODS = 10_000_000


class SyntheticConfig(Strict):
    """Node pools and pod classes.

    Either ``pods`` states how many pods arrive and every class its share of them, or
    every class states its count.
    """

    description: str = ""
    arrival: Arrival = "shuffled"
    pods: int | None = Field(default=None, ge=0, le=MOST_PODS)
    pools: list[Pool] = Field(min_length=1)
    classes: list[PodClass] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        require_distinct("pools", [p.name for p in self.pools])
        require_distinct("classes", [c.name for c in self.classes])
        for i, pod_class in enumerate(self.classes):
            self._require_one_measure(i, pod_class)
        if self.pods and not any(c.share for c in self.classes):
            fault(("classes", 0, "share"), "expected a share above 0 in some class", 0)
        for i, pool in enumerate(self.pools):
            self._require_fillable(i, pool)
        return self

    def _require_one_measure(self, i: int, pod_class: PodClass) -> None:
        wanted, other = ("count", "share") if self.pods is None else ("share", "count")
        because = f"since the top level states {'no ' if self.pods is None else ''}pods"
        if getattr(pod_class, wanted) is None:
            fault(("classes", i, wanted), f"expected a {wanted}, {because}", None)
        given = getattr(pod_class, other)
        if given is not None:
            fault(("classes", i, other), f"expected a {wanted} instead, {because}", given)

    def _require_fillable(self, i: int, pool: Pool) -> None:
        if pool.fill is None:
            return
        at = ("pools", i, "fill", "class")
        known = {c.name: c for c in self.classes}
        if pool.fill.of not in known:
            fault(at, nearest("class", pool.fill.of, known), pool.fill.of)
        if known[pool.fill.of].gpu is not None:
            fault(at, "expected a class that asks for no gpu devices", pool.fill.of)

    def with_nodes(self, nodes: int) -> Self:
        """Return the same pools in proportion, with ``nodes`` nodes and at least one each."""
        counts = keep_each(apportion(nodes, [p.count for p in self.pools])).tolist()
        pools = [p.model_copy(update={"count": c}) for p, c in zip(self.pools, counts, strict=True)]
        return self.model_copy(update={"pools": pools})

    def with_pods(self, pods: int) -> Self:
        """Return the same classes in proportion, with ``pods`` pods in all.

        Raises
        ------
        InputError
            If no class has a pod to scale.
        """
        weights = [c.count if self.pods is None else c.share for c in self.classes]
        if pods and not any(weights):
            raise InputError(f"cannot scale to {pods} pods: every class has none")
        classes = [
            c.model_copy(update={"share": w, "count": None})
            for c, w in zip(self.classes, weights, strict=True)
        ]
        return self.model_copy(update={"pods": pods, "classes": classes})

    def class_sizes(self) -> list[int]:
        """Return the number of pods of each class."""
        if self.pods is None:
            return [c.count or 0 for c in self.classes]
        if self.pods == 0:
            return [0] * len(self.classes)
        sizes: list[int] = apportion(self.pods, [c.share or 0 for c in self.classes]).tolist()
        return sizes


def apportion(total: int, weights: Sequence[float]) -> NDArray[np.int64]:
    """Split ``total`` into whole parts by weight (largest remainders, ties to the first)."""
    share = np.asarray(weights, np.float64)
    exact = total * (share / share.sum())
    parts = np.floor(exact).astype(np.int64)
    missing = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:missing]] += 1
    return parts


def keep_each(parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the parts with every empty one raised to 1 at the cost of the largest."""
    kept = np.maximum(parts, 1)
    for _ in range(int(kept.sum() - parts.sum())):
        largest = np.argmax(kept)
        kept[largest] = max(kept[largest] - 1, 1)
    return kept


def load_config(path: Path) -> SyntheticConfig:
    """Read and validate a workload's TOML.

    Raises
    ------
    InputError
        If the file cannot be read, is not TOML, or holds something unexpected.
    """
    try:
        return SyntheticConfig.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot read the workload: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        raise InputError(explain_validation(error, str(path), SyntheticConfig)) from error

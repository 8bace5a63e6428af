"""Node labels and taints as integer codes: a selector is evaluated once per distinct value."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from schedlab.model.objects import NAME_FIELD, Node, Requirement, Taint, matches_requirement

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True)
class Column:
    """One label key over all nodes: ``codes[i]`` indexes ``values``, -1 where absent."""

    codes: Codes
    values: tuple[str, ...]

    @property
    def present(self) -> Mask:
        """Which nodes carry the key at all."""
        return self.codes >= 0

    @cached_property
    def code_of(self) -> Mapping[str, int]:
        """The code of each value."""
        return {value: code for code, value in enumerate(self.values)}

    def among(self, values: Iterable[str]) -> Mask:
        """Return which nodes carry one of ``values``, shape (n,)."""
        known = [self.code_of[v] for v in values if v in self.code_of]
        return self.codes == known[0] if len(known) == 1 else np.isin(self.codes, known)


class LabelTable:
    """The labels and taints of a fixed sequence of nodes, encoded by key on first use."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._columns: dict[str, Column] = {}
        self._matches: dict[Requirement, Mask] = {}
        self._taints: tuple[Codes, tuple[tuple[Taint, ...], ...]] | None = None
        self.unschedulable = np.array([n.unschedulable for n in nodes], np.bool_)
        self.gpu_model = _encode([n.gpus.model if n.gpus else None for n in nodes])

    def column(self, key: str) -> Column:
        """Return the codes of label ``key``; ``metadata.name`` is the node's name."""
        if key not in self._columns:
            self._columns[key] = _encode(self._values(key))
        return self._columns[key]

    def match(self, requirement: Requirement) -> Mask:
        """Return which nodes satisfy one requirement, shape (N,)."""
        if requirement not in self._matches:
            self._matches[requirement] = self._evaluate(requirement)
        return self._matches[requirement]

    @property
    def taint_sets(self) -> tuple[Codes, tuple[tuple[Taint, ...], ...]]:
        """The distinct taint tuples and every node's index into them."""
        if self._taints is None:
            codes, sets = intern([n.taints for n in self._nodes])
            self._taints = codes, tuple(sets)
        return self._taints

    def _values(self, key: str) -> list[str | None]:
        if key == NAME_FIELD:
            return [n.name for n in self._nodes]
        return [n.labels.get(key) for n in self._nodes]

    def _evaluate(self, requirement: Requirement) -> Mask:
        column = self.column(requirement.key)
        if requirement.operator in ("In", "NotIn"):
            inside = column.among(requirement.values)
            return inside if requirement.operator == "In" else ~inside
        return lookup(
            column,
            lambda v: matches_requirement(requirement, {} if v is None else {requirement.key: v}),
        )


def lookup(column: Column, says: Callable[[str | None], bool]) -> Mask:
    """Evaluate ``says`` once per distinct value (None: absent) and spread it over the nodes."""
    table = np.array([*map(says, column.values), says(None)], np.bool_)
    return table[column.codes]


def intern(items: Sequence[T]) -> tuple[Codes, list[T]]:
    """Return each item's index into the distinct items, and those in order of first sight."""
    index: dict[T, int] = {}
    codes = np.fromiter((index.setdefault(x, len(index)) for x in items), np.int32, len(items))
    return codes, list(index)


def _encode(values: list[str | None]) -> Column:
    index: dict[str, int] = {}
    found = [-1 if v is None else index.setdefault(v, len(index)) for v in values]
    codes = np.asarray(found, np.int32)
    codes.flags.writeable = False
    return Column(codes, tuple(index))

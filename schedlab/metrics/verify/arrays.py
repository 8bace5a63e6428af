"""Faults of a placement as data: wrong shapes and types, rows out of range, pods decided twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from schedlab.api import Placement

COLUMNS = {"node": np.int32, "devices": np.int64, "sequence": np.int64, "failure": np.int32}


def form_faults(placement: Placement, pods: int) -> Iterator[str]:
    """Yield the columns that are not arrays of the right type and shape."""
    for name, dtype in COLUMNS.items():
        yield from _form_fault(name, getattr(placement, name), dtype, pods)
    if placement.latency_ns is not None:
        yield from _form_fault("latency_ns", placement.latency_ns, np.int64, pods)
    if not isinstance(placement.failures, list):
        yield f"failures is a {type(placement.failures).__name__}, expected a list"


def _form_fault(name: str, column: object, dtype: type, pods: int) -> Iterator[str]:
    expected = f"expected an array of {dtype.__name__} with shape ({pods},)"
    if not isinstance(column, np.ndarray):
        yield f"{name} is a {type(column).__name__}, {expected}"
    elif column.dtype != dtype or column.shape != (pods,):
        yield f"{name} is an array of {column.dtype} with shape {column.shape}, {expected}"


def sequence_faults(sequence: NDArray[np.int64]) -> Iterator[tuple[int | None, str]]:
    """Yield (pod or None, what is wrong) for entries that keep it from being a permutation."""
    pods = len(sequence)
    inside = (sequence >= 0) & (sequence < pods)
    for entry in sequence[~inside].tolist():
        yield None, f"sequence names pod {entry}, there are {pods}"
    times = np.bincount(sequence[inside], minlength=pods)
    for pod in np.flatnonzero(times > 1).tolist():
        yield pod, f"is decided {times[pod]} times in sequence"
    for pod in np.flatnonzero(times == 0).tolist():
        yield pod, "is missing from sequence"


def value_faults(placement: Placement, nodes: int) -> Iterator[tuple[int | None, str]]:
    """Yield (pod, what is wrong) for values out of range or at odds with each other."""
    node, devices, failure = placement.node, placement.devices, placement.failure
    known = len(placement.failures)
    wrong = {
        f"node is a row outside -1 to {nodes - 1}": (node < -1) | (node >= nodes),
        "devices is negative, expected a bit mask": devices < 0,
        "takes devices and is not placed": (node < 0) & (devices > 0),
        f"failure is outside -1 to {known - 1}": (failure < -1) | (failure >= known),
        "is placed and has a failure": (node >= 0) & (failure >= 0),
    }
    if placement.latency_ns is not None:
        wrong["latency_ns is negative"] = placement.latency_ns < 0
    for detail, pods in wrong.items():
        for pod in np.flatnonzero(pods).tolist():
            yield pod, detail

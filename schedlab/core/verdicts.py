"""Asking plugins, checking what they answer, and encoding who rejected a node and why.

A node's *code* is ``PASS``, or ``index of the first rejecting filter << SHIFT | reason
bits``: the first filter to reject a node is then the minimum over the filters' codes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from schedlab.api import (
    IGNORED,
    DevicePlugin,
    Failure,
    FilterPlugin,
    NodeView,
    Plugin,
    PodsView,
    PodView,
    Reason,
    ScorePlugin,
    Scores,
    Verdict,
)
from schedlab.core.log import NotLocalError
from schedlab.errors import InputError
from schedlab.places import place_of_method

Codes = NDArray[np.int64]

SHIFT = 40
PASS = np.iinfo(np.int64).max
_BITS = (1 << SHIFT) - 1
_VERDICT_TYPES = (np.dtype(np.bool_), np.dtype(np.int64))


class PluginError(InputError):
    """A plugin broke its contract; ``place`` is where it is written, "" if unknown."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message + f" ({place})" * bool(place))
        self.place = place


def filter_codes(plugin: FilterPlugin, index: int, pod: PodView, nodes: NodeView) -> Codes:
    """Return the code of each node of the view by one filter, shape (n,)."""
    return coded(_verdict(plugin, pod, nodes), index)


def first_codes(asked: Iterable[tuple[int, FilterPlugin]], pod: PodView, nodes: NodeView) -> Codes:
    """Return the code of each node of the view by the first of the indexed filters to reject it."""
    codes = np.full(len(nodes), PASS)
    for index, plugin in asked:
        codes = np.minimum(codes, filter_codes(plugin, index, pod, nodes))
    return codes


def coded(verdict: Verdict, index: int) -> Codes:
    """Return a verdict as codes of the filter at ``index``."""
    bits = ~verdict if verdict.dtype == np.bool_ else verdict
    return np.where(bits == 0, PASS, bits.astype(np.int64) | index << SHIFT)


def fits(plugin: FilterPlugin, pod: PodView, nodes: NodeView) -> NDArray[np.bool_]:
    """Return which nodes of the view one filter accepts, shape (n,)."""
    accepted = plugin.fits(pod, nodes)
    if accepted is None:
        return accepts(_verdict(plugin, pod, nodes))
    if (
        accepted.__class__ is not np.ndarray
        or accepted.dtype != np.bool_
        or accepted.shape != (len(nodes),)
    ):
        raise _wrong(plugin, "fits", accepted, len(nodes), "bool")
    return accepted


def accepts(verdict: Verdict) -> NDArray[np.bool_]:
    """Return which nodes a verdict accepts, shape (n,)."""
    if verdict.dtype == np.bool_:
        return verdict  # type: ignore[return-value]
    return verdict == 0


def _verdict(plugin: FilterPlugin, pod: PodView, nodes: NodeView) -> Verdict:
    return checked(plugin.filter(pod, nodes), plugin, "filter", len(nodes))


def checked(verdict: Verdict, plugin: FilterPlugin, method: str, nodes: int) -> Verdict:
    """Return a plugin's verdict on so many nodes; raise PluginError if it cannot be one."""
    if (
        verdict.__class__ is not np.ndarray
        or verdict.shape != (nodes,)
        or verdict.dtype not in _VERDICT_TYPES
    ):
        raise _wrong(plugin, method, verdict, nodes, "bool, or int64 reason bits")
    return verdict


def raw_scores(plugin: ScorePlugin, pod: PodView, nodes: NodeView) -> Scores:
    """Return a plugin's scores before normalisation, shape (n,)."""
    return checked_int64(plugin.score(pod, nodes), plugin, "score", len(nodes))


def device_masks(plugin: DevicePlugin, pod: PodView, nodes: NodeView) -> NDArray[np.int64]:
    """Return the devices that a plugin takes on each node, as bit masks, shape (n,)."""
    return checked_int64(plugin.choose(pod, nodes), plugin, "choose", len(nodes))


def checked_int64(
    answer: NDArray[np.int64], plugin: Plugin, method: str, nodes: int
) -> NDArray[np.int64]:
    """Return a plugin's integers for so many nodes; raise PluginError if they cannot be any."""
    if answer.__class__ is not np.ndarray or answer.dtype != np.int64 or answer.shape != (nodes,):
        raise _wrong(plugin, method, answer, nodes, "int64")
    return answer


def ask_each(
    filters: Sequence[FilterPlugin],
    scores: Sequence[tuple[ScorePlugin, int]],
    pods: PodsView,
    nodes: NodeView,
) -> tuple[Scores, NDArray[np.bool_]]:
    """Return Σ weight x score of each pod on the node beside it, and which nodes are rejected.

    Raises
    ------
    NotLocalError
        If one of the plugins cannot be asked about pairs.
    """
    total, rejected = np.zeros(len(nodes), np.int64), np.zeros(len(nodes), np.bool_)
    for score, weight in scores:
        raw = score.score_each(pods, nodes)
        if raw is None:
            raise NotLocalError
        checked_int64(raw, score, "score_each", len(nodes))
        total += raw if weight == 1 else weight * raw
    for plugin in filters:
        verdict = plugin.filter_each(pods, nodes)
        if verdict is None:
            raise NotLocalError
        rejected |= ~accepts(checked(verdict, plugin, "filter_each", len(nodes)))
    return total, rejected


def extremes(raw: Scores) -> tuple[int, int]:
    """Return the least and the greatest score of the nodes that take part (0, 0 if none does)."""
    low = int(raw.min()) if len(raw) else IGNORED
    if low == IGNORED:
        raw = raw[raw != IGNORED]
        low = int(raw.min()) if len(raw) else 0
    return low, int(raw.max()) if len(raw) else 0


def normalized(plugin: ScorePlugin, raw: Scores, low: int, high: int) -> Scores:
    """Return final scores of some nodes, given the extremes over all feasible ones."""
    if not plugin.normalizes:
        return raw
    if not len(raw) or raw.min() != IGNORED:
        return plugin.normalize(raw, low, high)
    ignored = raw == IGNORED
    return np.where(ignored, 0, plugin.normalize(np.where(ignored, low, raw), low, high))


def tally(codes: Codes) -> dict[int, int]:
    """Return how many nodes have each code but PASS."""
    found, times = np.unique(codes[codes != PASS], return_counts=True)
    return dict(zip(found.tolist(), times.tolist(), strict=True))


def count_failures(
    tally: Mapping[int, int], filters: Sequence[FilterPlugin], meaning: Callable[[int], Meaning]
) -> tuple[Failure, ...]:
    """Return how many nodes each filter rejected first, by reason, in filter order.

    ``meaning`` says what a code stands for: :meth:`Meanings.of`.
    """
    counted: dict[tuple[int, Reason], int] = {}
    for code, nodes in sorted(tally.items()):
        for key in meaning(code):
            counted[key] = counted.get(key, 0) + nodes
    return tuple(
        Failure(filters[index].name, reason.text, nodes, reason.resolvable)
        for (index, reason), nodes in counted.items()
    )


Meaning = tuple[tuple[int, Reason], ...]
"""The filter behind a code, by its place in the profile, and its reasons."""


class Meanings:
    """What codes stand for, for one pod; filters are asked for their reasons once."""

    def __init__(self, filters: Sequence[FilterPlugin], pod: PodView) -> None:
        self._filters = filters
        self._pod = pod
        self._reasons: dict[int, tuple[Reason, ...]] = {}
        self._known: dict[int, Meaning] = {}

    def of(self, code: int) -> Meaning:
        """Return what a code stands for."""
        if code not in self._known:
            index = code >> SHIFT
            if index not in self._reasons:
                self._reasons[index] = self._filters[index].reasons(self._pod)
            self._known[code] = tuple((index, r) for r in _among(self._reasons[index], code))
        return self._known[code]


def reasons_of(code: int, plugin: FilterPlugin, pod: PodView) -> tuple[Reason, ...]:
    """Return the reasons behind one rejected node's code."""
    return _among(plugin.reasons(pod), code)


def _among(reasons: Sequence[Reason], code: int) -> tuple[Reason, ...]:
    bits = code & _BITS
    return tuple(r for i, r in enumerate(reasons) if bits >> i & 1)


def _wrong(plugin: Plugin, method: str, got: object, nodes: int, expected: str) -> PluginError:
    return PluginError(
        f"{plugin.name}.{method} returned {_describe(got)}; expected a NumPy array of shape "
        f"({nodes},), one entry for each node of the view, of dtype {expected}"
        f"{_advice(got, method)}",
        place_of_method(type(plugin), method),
    )


def _describe(got: object) -> str:
    if not isinstance(got, np.ndarray):
        return f"{type(got).__name__} {got!r:.60}"
    holds_nan = got.dtype.kind == "f" and bool(np.isnan(got).any())
    return f"an array of shape {got.shape}, dtype {got.dtype}" + (", with NaN" * holds_nan)


def _advice(got: object, method: str) -> str:
    if method == "choose":
        return ": a bit for each device that the pod takes"
    if isinstance(got, np.ndarray) and got.dtype.kind == "f":
        return (
            ". Scores are integers, so that ties do not depend on the machine: scale and convert, "
            "for example np.rint(100 * x).astype(np.int64)"
        )
    return ""

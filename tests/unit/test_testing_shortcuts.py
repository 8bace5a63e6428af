"""The contract kit finds shortcuts of CLUSTER plugins that do not lead to the plain answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from schedlab.api import (
    CountsByDomain,
    FilterPlugin,
    FollowsLeast,
    Locality,
    NodeView,
    Part,
    PodSpec,
    PodView,
    ScorePlugin,
    Scores,
    Stays,
    Verdict,
    WhatIf,
)
from schedlab.model.objects import ZONE
from schedlab.testing import check, checks_for
from schedlab.testing.check import examine
from schedlab.testing.suites import exam_for


def failed(plugin: Any) -> dict[str, str]:
    """Return the messages of the checks that a plugin fails, by name."""
    return {f.check: f.message for f in check(plugin) if f.bad}


def one(spec: PodSpec) -> int:
    return 1


def more_than_three(counts: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, Any]:
    return (counts > 3).astype(np.int64)


@dataclass(frozen=True)
class Above:
    bar: int

    def __call__(self, counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return (counts > self.bar).astype(np.int64)


class RoomInPart(FilterPlugin):
    """Wants cpu left; told in short, it forgets what the pod asks for."""

    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.free[:, 0] > pod.requests[0]

    def fits(self, pod: PodView, nodes: NodeView) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return nodes.free[:, 0] > 0


class RoomAlike(RoomInPart):
    """The same, told alike."""

    def fits(self, pod: PodView, nodes: NodeView) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return nodes.free[:, 0] > pod.requests[0]


def test_which_nodes_fit_must_be_told_as_filter_tells_it() -> None:
    assert "RoomInPart.fits says" in failed(RoomInPart())["fits"]
    assert failed(RoomAlike()) == {}


class CountsApart(FilterPlugin):
    """At most so many pods in a zone; what is assumed of pods is forgotten."""

    locality = Locality.CLUSTER

    def _counts(self, nodes: NodeView) -> CountsByDomain:
        label = nodes.whole.label(ZONE)
        size = len(label.values) + 1
        sums = nodes.shared("pods", lambda: nodes.sums_by_domain(label.codes, size, one))
        return CountsByDomain(label.codes, sums, more_than_three, without=0)

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return self._counts(nodes).at(nodes)

    def verdict_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[Part] | None:
        return (self._counts(nodes),)


class HalfOfTheZone(ScorePlugin):
    """Prefers zones with few pods."""

    locality = Locality.CLUSTER

    def _counts(self, nodes: NodeView) -> CountsByDomain:
        return replace(CountsApart()._counts(nodes), answer=np.negative)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return self._counts(nodes).at(nodes)

    def score_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[Part] | None:
        return (self._counts(nodes),)


@pytest.mark.parametrize("plugin", [CountsApart(), HalfOfTheZone()], ids=lambda p: p.name)
def test_honest_shortcuts_pass(plugin: Any) -> None:
    assert failed(plugin) == {}


class WhatIfUnheard(CountsApart):
    def filter_what_if(self, pod: PodView, nodes: WhatIf) -> Verdict | None:
        return self.filter(pod, nodes)


class OtherDomains(CountsApart):
    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return 1 - super().filter(pod, nodes)


class SilentAtFirst(CountsApart):
    """Has nothing to say by domain until there are pods."""

    def verdict_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[Part] | None:
        counts = self._counts(nodes)
        return (counts,) if counts.values.any() else ()


class Moody:
    """Answers by what it was made for, and claims to be like any other."""

    def __init__(self, bar: int) -> None:
        self.bar = bar

    def __call__(self, counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return (counts > self.bar).astype(np.int64)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moody)

    __hash__ = None  # type: ignore[assignment]


class ByTheTotal(CountsApart):
    """Its parts depend on more than the counts that they name."""

    def _counts(self, nodes: NodeView) -> CountsByDomain:
        bar = int(nodes.whole.pod_count.sum()) // 3
        return replace(super()._counts(nodes), answer=Moody(bar))


class StaysNot(CountsApart):
    """Its bar rises with the pods, which it denies."""

    def _counts(self, nodes: NodeView) -> CountsByDomain:
        bar = int(nodes.whole.pod_count.sum()) // 3
        return replace(super()._counts(nodes), answer=Above(bar), follows=Stays())


class FollowsNoLeast(CountsApart):
    """Its answer follows from the greatest sum, not from the least."""

    def _counts(self, nodes: NodeView) -> CountsByDomain:
        counts = super()._counts(nodes)
        sums = counts.sums.current()
        domains = nodes.shared("all zones", lambda: np.arange(len(sums) - 1))
        if not len(domains):
            return counts
        follows = FollowsLeast(domains, Above(1))
        return replace(counts, answer=Above(1 + int(sums[:-1].max())), follows=follows)


class NowAndThen(CountsApart):
    def verdict_by_domain(self, pod: PodView, nodes: NodeView) -> Sequence[Part] | None:
        counts = self._counts(nodes)
        return (counts,) if counts.values.any() else None


class RestsAlways(CountsApart):
    def skips_cycle(self, pod: PodView, nodes: NodeView) -> bool:
        return True


class OtherScores(HalfOfTheZone):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return super().score(pod, nodes) + nodes.pod_count


class RanksNever(HalfOfTheZone):
    def ranks(self, pod: PodView, nodes: NodeView) -> bool:
        return False


PLANTED = [
    (WhatIfUnheard(), "what-if", "assumed away"),
    (OtherDomains(), "by-domain", "verdict_by_domain makes"),
    (SilentAtFirst(), "by-domain", "verdict_by_domain makes"),
    (ByTheTotal(), "by-domain", "verdict_by_domain makes"),
    (NowAndThen(), "by-domain", "now and then"),
    (StaysNot(), "by-domain", "where Stays foresaw"),
    (FollowsNoLeast(), "by-domain", "where FollowsLeast foresaw"),
    (RestsAlways(), "cycle", "skips_cycle is True"),
    (RanksNever(), "cycle", "ranks is False"),
    (OtherScores(), "by-domain", "score_by_domain makes"),
]


@pytest.mark.parametrize(
    ("plugin", "name", "message"), PLANTED, ids=[f"{n}-{p.name}" for p, n, _ in PLANTED]
)
def test_planted_fault_is_named(plugin: Any, name: str, message: str) -> None:
    named = [c for c in checks_for(plugin) if c.name == name]
    (finding,) = examine(plugin, named, exam_for(plugin))
    assert finding.bad, f"{name} passes"
    assert message in finding.message

"""Where a profile's time goes, by extension point and plugin.

A timed plugin is an instance of a subclass that measures each call, so that a profile which
is not timed pays nothing.
"""

from __future__ import annotations

import time
from abc import ABCMeta
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar

from schedlab import api
from schedlab.core.profile import Profile

P = TypeVar("P", bound=api.Plugin)

POINTS = {
    "skips_filter": "PreFilter",
    "prefilter": "PreFilter",
    "skips_cycle": "PreFilter",
    "filter": "Filter",
    "fits": "Filter",
    "filter_each": "Filter",
    "verdict_by_domain": "Filter",
    "post_filter": "PostFilter",
    "filter_what_if": "PostFilter",
    "skips_score": "PreScore",
    "score": "Score",
    "score_each": "Score",
    "score_by_domain": "Score",
    "normalize": "NormalizeScore",
    "choose": "Devices",
}
"""Kubernetes' name for the extension point at which a method is called."""


@dataclass
class Clock:
    """Nanoseconds and calls by (extension point, plugin); a call inside a call is part of it."""

    nanoseconds: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    running: bool = False

    def measured(self, key: tuple[str, str], method: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``method``, adding the time of its calls under ``key``."""

        @wraps(method)
        def call(*args: Any) -> Any:
            if self.running:
                return method(*args)
            self.running = True
            started = time.perf_counter_ns()
            try:
                return method(*args)
            finally:
                self.nanoseconds[key] += time.perf_counter_ns() - started
                self.calls[key] += 1
                self.running = False

        return call

    def table(self) -> list[dict[str, str | float]]:
        """Return one row a plugin and extension point, the most expensive first."""
        return [
            {"point": point, "plugin": plugin, "ms": ns / 1e6, "calls": self.calls[point, plugin]}
            for (point, plugin), ns in self.nanoseconds.most_common()
        ]


def timed(profile: Profile, clock: Clock) -> Profile:
    """Return the same profile with every plugin's calls measured by ``clock``."""
    made: dict[int, api.Plugin] = {}

    def twin(plugin: P) -> P:
        if id(plugin) not in made:
            made[id(plugin)] = _measured(plugin, clock)
        return made[id(plugin)]  # type: ignore[return-value]

    heard = profile.prefilters
    return replace(
        profile,
        filters=tuple(twin(f) for f in profile.filters),
        prefilters=None if heard is None else tuple(twin(f) for f in heard),
        scores=tuple((twin(s), weight) for s, weight in profile.scores),
        devices=twin(profile.devices) if profile.devices else None,
        post_filter=twin(profile.post_filter) if profile.post_filter else None,
    )


def _measured(plugin: P, clock: Clock) -> P:
    cls = type(plugin)
    methods = {
        method: clock.measured((point, plugin.name), getattr(cls, method))
        for method, point in POINTS.items()
        if _defines(cls, method)
    }
    measured: Any = ABCMeta(cls.__name__, (cls,), methods)
    twin: P = object.__new__(measured)
    twin.__dict__.update(vars(plugin))
    return twin


def _defines(cls: type, method: str) -> bool:
    """Say whether a class has a method of its own, beyond the contract's default."""
    own = getattr(cls, method, None)
    return own is not None and own.__module__ != api.__name__

"""The checks that plugins are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schedlab.api import (
    DevicePlugin,
    FilterPlugin,
    Locality,
    Plugin,
    PostFilterPlugin,
    ScorePlugin,
)
from schedlab.testing.check import Check
from schedlab.testing.checks.arguments import check_arguments, check_pickle
from schedlab.testing.checks.cost import check_cost
from schedlab.testing.checks.devices import check_devices
from schedlab.testing.checks.evictions import check_evictions
from schedlab.testing.checks.filters import check_monotone, check_prefilter, check_reasons
from schedlab.testing.checks.fits import check_fits
from schedlab.testing.checks.form import (
    check_aliasing,
    check_empty,
    check_finite,
    check_inputs,
    check_shape,
)
from schedlab.testing.checks.hypothetical import check_hypothetical
from schedlab.testing.checks.locality import check_fresh, check_locality, check_reads
from schedlab.testing.checks.pairs import check_pairs
from schedlab.testing.checks.paths import check_paths
from schedlab.testing.checks.rows import check_deterministic, check_permutation, check_rows
from schedlab.testing.checks.scores import check_normalize
from schedlab.testing.checks.shortcuts import (
    check_by_domain,
    check_cycle,
    check_what_if,
    overrides,
)
from schedlab.testing.checks.skips import check_skips

LOCALITY, SHORTCUT, FORM, MEANING, ARGUMENTS, TIMING = (
    "locality",
    "shortcut",
    "form",
    "meaning",
    "arguments",
    "timing",
)


def is_a(kind: type) -> Callable[[Any], bool]:
    return lambda subject: isinstance(subject, kind)


def _answers(plugin: Plugin) -> bool:
    return isinstance(plugin, FilterPlugin | ScorePlugin | DevicePlugin)


def _local(plugin: Plugin) -> bool:
    """Say whether the engine may ask about some rows only."""
    return _ranks_or_filters(plugin) and plugin.locality is not Locality.CLUSTER


def _ranks_or_filters(plugin: Plugin) -> bool:
    return isinstance(plugin, FilterPlugin | ScorePlugin)


def _node_filter(plugin: Plugin) -> bool:
    return isinstance(plugin, FilterPlugin) and plugin.locality is Locality.NODE


def _node_local(plugin: Plugin) -> bool:
    return _ranks_or_filters(plugin) and plugin.locality is Locality.NODE


def _answers_by_domain(plugin: Plugin) -> bool:
    return any(overrides(plugin, method) for method in ("verdict_by_domain", "score_by_domain"))


def _filters_by_load(plugin: Plugin) -> bool:
    return _node_filter(plugin) or overrides(plugin, "filter_what_if")


def _tells_fits(plugin: Plugin) -> bool:
    return overrides(plugin, "fits")


def _judges_pairs(plugin: Plugin) -> bool:
    return any(overrides(plugin, method) for method in ("filter_each", "score_each"))


def _says_so_by_cycle(plugin: Plugin) -> bool:
    return any(overrides(plugin, method) for method in ("skips_cycle", "ranks"))


def named(run: Callable[[Any, Any], str | None], applies: Callable[[Any], bool], tag: str) -> Check:
    """Make a check of a function: its name and its docstring are the check's."""
    name = run.__name__.removeprefix("check_").replace("_", "-")
    return Check(name, (run.__doc__ or "").splitlines()[0], run, applies, frozenset({tag}))


PLUGIN_CHECKS = (
    named(check_shape, _answers, FORM),
    named(check_empty, _answers, FORM),
    named(check_inputs, _answers, FORM),
    named(check_aliasing, _answers, FORM),
    named(check_deterministic, _answers, LOCALITY),
    named(check_permutation, _answers, LOCALITY),
    named(check_rows, _local, LOCALITY),
    named(check_reads, _local, LOCALITY),
    named(check_locality, _local, LOCALITY),
    named(check_fresh, _answers, LOCALITY),
    named(check_hypothetical, _node_local, LOCALITY),
    named(check_skips, _ranks_or_filters, MEANING),
    named(check_reasons, is_a(FilterPlugin), MEANING),
    named(check_by_domain, _answers_by_domain, SHORTCUT),
    named(check_fits, _tells_fits, SHORTCUT),
    named(check_pairs, _judges_pairs, SHORTCUT),
    named(check_what_if, _filters_by_load, SHORTCUT),
    named(check_cycle, _says_so_by_cycle, SHORTCUT),
    named(check_prefilter, is_a(FilterPlugin), MEANING),
    named(check_monotone, _node_filter, MEANING),
    named(check_finite, is_a(ScorePlugin), MEANING),
    named(check_normalize, lambda p: isinstance(p, ScorePlugin) and p.normalizes, MEANING),
    named(check_devices, is_a(DevicePlugin), MEANING),
    named(check_evictions, is_a(PostFilterPlugin), MEANING),
    named(check_arguments, is_a(Plugin), ARGUMENTS),
    named(check_pickle, is_a(Plugin), ARGUMENTS),
    named(check_paths, _answers, LOCALITY),
    named(check_cost, _answers, TIMING),
)

VETTED = tuple(
    c for c in PLUGIN_CHECKS if c.tags & {LOCALITY, SHORTCUT} and c.run is not check_paths
)
"""What a plugin must pass before it becomes part of a profile."""

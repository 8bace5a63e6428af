"""Checks of the shortcuts that plugins may offer: they must lead to the plain answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from schedlab.api import (
    ByDomain,
    Cluster,
    FilterPlugin,
    Locality,
    Part,
    Plugin,
    PodView,
    ScorePlugin,
    first_verdict,
    sum_by_domain,
)
from schedlab.core.ahead.hypothetical import only_local_answers
from schedlab.core.answers import Answers
from schedlab.core.log import NotLocalError
from schedlab.core.preemption.what_if import WhatIf
from schedlab.core.verdicts import extremes, normalized
from schedlab.testing.ask import Exam, Ints, Question, questions
from schedlab.testing.builders import put
from schedlab.testing.check import Broken
from schedlab.testing.checks.foresight import unforeseen
from schedlab.testing.random_objects import Draw

METHODS = {"filter": "verdict_by_domain", "score": "score_by_domain"}
STEPS = 5
PODS_EACH = 2


def overrides(plugin: Plugin, method: str) -> bool:
    """Say whether a plugin has a shortcut of its own."""
    base = FilterPlugin if hasattr(FilterPlugin, method) else ScorePlugin
    return isinstance(plugin, base) and getattr(type(plugin), method) is not getattr(base, method)


def check_by_domain(plugin: Plugin, exam: Exam) -> None:
    """Answers by domain are those of filter() and score(), also as pods come and go."""
    draw = Draw(exam.generator())
    for question in questions(plugin, exam):
        shortcut = METHODS.get(question.method, "")
        if shortcut and overrides(plugin, shortcut):
            _follow(question, shortcut, draw)


def _follow(question: Question, shortcut: str, draw: Draw) -> None:
    """Compare answers while pods are placed; the engine updates what it was told."""
    cluster = question.scene.cluster()
    answers, silent, answered = Answers(cluster), False, set()
    before: Any = ()
    for _ in range(STEPS):
        rows = _some_shown(question, cluster, draw)
        parts = _parts(question, shortcut, cluster, rows)
        answered.add(parts is not None)
        if len(answered) > 1:
            raise Broken(
                f"{question.plugin.name}.{shortcut} returned None now and then {question.where}",
                "return None always, or never, for one pod spec",
            )
        if parts is not None and len(rows):
            if not silent:
                answers.moved(parts)
            _compare(question, shortcut, cluster, rows, answers)
            silent = silent or not parts
            _compare_foreseen(question, shortcut, cluster, rows, before, parts)
        before, specs = parts or (), len(cluster.specs)
        for _ in range(PODS_EACH):
            put(cluster, draw.one(question.scene.specs), draw.below(len(cluster)))
        before = before if len(cluster.specs) == specs else ()


def _some_shown(question: Question, cluster: Cluster, draw: Draw) -> Ints:
    """Return the rows that the plugin may be shown: for scores any part of the feasible ones."""
    rows = question.shown(cluster)
    if question.method == "filter" or not len(rows):
        return rows
    return np.sort(draw.generator.permutation(rows)[: 1 + draw.below(len(rows))])


def _parts(question: Question, shortcut: str, cluster: Cluster, rows: Ints) -> Any:
    view = cluster.view() if question.method == "filter" else cluster.view(rows)
    return getattr(question.plugin, shortcut)(_pod(question, cluster), view)


def _pod(question: Question, cluster: Cluster) -> PodView:
    return cluster.pod(cluster.signature(question.spec))


def _compare(
    question: Question, shortcut: str, cluster: Cluster, rows: Ints, answers: Answers
) -> None:
    view, plain = cluster.view(rows), question.answer(rows, cluster)
    known: list[Part] = [ByDomain(a.codes, a.values) for a in answers.parts]
    combine = first_verdict if question.method == "filter" else sum_by_domain
    told = combine(known, view)
    if not np.array_equal(told, plain):
        raise Broken(
            f"{question.plugin.name}.{shortcut} makes {told.tolist()} of rows {rows.tolist()}, "
            f"{question.title} says {plain.tolist()} {question.where}",
            "the parts must add up to the plain answer; an empty tuple means nothing to say until "
            "new specs come; a part from counts may depend on these counts alone; or return None",
        )


def _compare_foreseen(
    question: Question, shortcut: str, cluster: Cluster, rows: Ints, before: Any, parts: Any
) -> None:
    view = cluster.view() if question.method == "filter" else cluster.view(rows)
    told = unforeseen(before, parts, view)
    if told:
        raise Broken(
            f"{question.plugin.name}.{shortcut} answers {told} {question.where}",
            "CountsByDomain.follows must say what the answer follows from while pods are placed; "
            "None where it cannot be said",
        )


def check_what_if(plugin: FilterPlugin, exam: Exam) -> None:
    """The verdict on nodes with other pods assumed is that on nodes with those pods really."""
    draw = Draw(exam.generator())
    for question in questions(plugin, exam):
        if question.method == "filter" and plugin.locality is not Locality.SPEC:
            _check_assumptions(question, draw)


def _check_assumptions(question: Question, draw: Draw) -> None:
    cluster = question.scene.cluster()
    rows = np.arange(len(cluster), dtype=np.int64)
    nodes = WhatIf.of_running(cluster, rows, cluster.running.ranked(rows))
    kept = draw.generator.random(nodes.really.shape) < 0.5
    for present in (np.zeros_like(nodes.really), nodes.really & kept, nodes.really):
        nodes.assume(present)
        assumed = _assumed(question, cluster, nodes)
        if assumed is None:
            return
        really = [_really(question, cluster, nodes, row) for row in rows.tolist()]
        if assumed.tolist() != really:
            raise Broken(
                f"{question.plugin.name} says {assumed.tolist()} of nodes with some pods assumed "
                f"away, and {really} of nodes without these pods (0: fits) {question.where}",
                "NODE: read the view's own columns and sum_placed(); CLUSTER: add "
                "nodes.difference(weights) to every table that is read, or return None",
            )


def _assumed(question: Question, cluster: Cluster, nodes: WhatIf) -> Ints | None:
    """Return the reason bits of nodes as they are assumed, None if the plugin cannot tell."""
    plugin, pod = question.plugin, _pod(question, cluster)
    assert isinstance(plugin, FilterPlugin)
    if plugin.locality is Locality.CLUSTER:
        verdict = plugin.filter_what_if(pod, nodes)
        return None if verdict is None else _bits(verdict)
    try:
        with only_local_answers(cluster):
            return _bits(plugin.filter(pod, nodes))
    except NotLocalError:
        return None


def _bits(verdict: Any) -> Ints:
    return (~verdict).astype(np.int64) if verdict.dtype == np.bool_ else verdict


def _really(question: Question, cluster: Cluster, nodes: WhatIf, row: int) -> int:
    """Return the reason bits of one node whose pods are for a moment really as assumed."""
    with cluster.running.unaware():
        nodes.apply(row, 1)
        bits = int(question.answer(np.array([row]), cluster)[0])
        nodes.apply(row, -1)
    return bits


def check_cycle(plugin: Plugin, exam: Exam) -> None:
    """Where it says that it objects to no node now, or ranks none, it does not."""
    for question in questions(plugin, exam):
        cluster = question.scene.cluster()
        pod = _pod(question, cluster)
        if question.method == "filter":
            _check_rest(question, cluster, pod)
        elif question.method == "score":
            _check_rank(question, cluster, pod)


def _check_rest(question: Question, cluster: Cluster, pod: PodView) -> None:
    plugin = question.plugin
    assert isinstance(plugin, FilterPlugin)
    if not plugin.skips_cycle(pod, cluster.view()):
        return
    fewer = question.scene.holding(question.scene.placed[::2]).cluster()
    for there in (cluster, fewer):
        if question.answer(None, there).any():
            raise Broken(
                f"{plugin.name}.skips_cycle is True, but filter() rejects nodes "
                f"{'' if there is cluster else 'with fewer pods '}{question.where}",
                "say so only where filter() accepts every node, now and with fewer pods",
            )


def _check_rank(question: Question, cluster: Cluster, pod: PodView) -> None:
    plugin, rows = question.plugin, question.shown(cluster)
    assert isinstance(plugin, ScorePlugin)
    if not len(rows) or plugin.ranks(pod, cluster.view(rows)):
        return
    raw = question.answer(rows, cluster)
    if normalized(plugin, raw, *extremes(raw)).any():
        raise Broken(
            f"{plugin.name}.ranks is False, but final scores are not 0 {question.where}",
            "say so only where every final score is 0",
        )

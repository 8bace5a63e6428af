"""Checks of what a plugin returns and of what it must not touch."""

from __future__ import annotations

import numpy as np

from schedlab.api import IGNORED, Locality, Plugin
from schedlab.core.verdicts import PluginError
from schedlab.testing.ask import Exam, Ints, Question, Rows, ask, questions
from schedlab.testing.check import Broken

SEEMS_LARGE = 1 << 48
"""Scores beyond this could overflow int64 once weighted and summed."""


def check_shape(plugin: Plugin, exam: Exam) -> str:
    """Every view is answered with an array of its length and of the right type."""
    asked = False
    for question in questions(plugin, exam):
        asked = True
        for rows in legal_views(question):
            try:
                question.answer(rows)
            except PluginError as error:
                raise Broken(f"{error} {question.where}", "") from error
    return "" if asked else "skips every random pod: nothing was asked, here and below"


def check_empty(plugin: Plugin, exam: Exam) -> None:
    """No nodes, one node and a view of no rows are answered."""
    for question in questions(plugin, exam):
        looks_around = plugin.locality is Locality.CLUSTER
        if question.method == "filter" or (question.method == "score" and not looks_around):
            none = question.scene.holding(()).permuted([]).cluster()
            _require_length(question, question.answer(None, none), 0)
        one = question.scene.holding(()).permuted([0]).cluster()
        rows = question.shown(one)
        if len(rows):
            _require_length(question, question.answer(rows, one), 1)
        if plugin.locality is not Locality.CLUSTER and question.method != "choose":
            _require_length(question, question.answer(np.zeros(0, np.int64)), 0)


def _require_length(question: Question, answer: Ints, length: int) -> None:
    if len(answer) != length:
        raise Broken(
            f"{question.title} returned {len(answer)} entries for {length} nodes {question.where}",
            "return one entry for each node of the view",
        )


def check_inputs(plugin: Plugin, exam: Exam) -> None:
    """Neither the cluster, the pod nor the view is written to."""
    for question in questions(plugin, exam):
        for rows in legal_views(question):
            _check_untouched(question, rows)


def _check_untouched(question: Question, rows: Rows) -> None:
    cluster, pod, nodes = question.cluster, question.pod, question.cluster.view(rows)
    columns = ("allocatable", "allowed_pods", "requested", "nonzero_requested", "pod_count")
    before = {c: getattr(nodes, c).copy() for c in columns}
    state = [a.copy() for a in (cluster.dynamic, cluster.static, cluster.device_free)]
    try:
        ask(question.plugin, question.method, pod, nodes)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        _written(question, "a read-only array")
    for column, value in before.items():
        if not np.array_equal(getattr(nodes, column), value):
            _written(question, f"nodes.{column}")
    after = (cluster.dynamic, cluster.static, cluster.device_free)
    if not all(np.array_equal(x, y) for x, y in zip(state, after, strict=True)):
        _written(question, "the cluster's own columns")


def _written(question: Question, what: str) -> None:
    raise Broken(
        f"{question.title} writes to {what} {question.where}",
        "work on a new array: x = x + 1 in place of x += 1, or x.copy()",
    )


def check_aliasing(plugin: Plugin, exam: Exam) -> None:
    """What was returned stays as it was when the cluster changes."""
    for question in questions(plugin, exam):
        cluster = question.scene.cluster()
        answers = [question.answer(rows, cluster) for rows in legal_views(question)]
        kept = [answer.copy() for answer in answers]
        for row in range(len(cluster)):
            cluster.place(cluster.signature(question.spec), row)
        if len(question.shown(cluster)):
            question.answer(question.shown(cluster), cluster)
        if not all(np.array_equal(a, k) for a, k in zip(answers, kept, strict=True)):
            raise Broken(
                f"an array that {question.title} returned changed when pods were placed later "
                f"{question.where}",
                "return an array of its own: x.copy(), or +x",
            )


def legal_views(question: Question) -> list[Rows]:
    """Return selections of rows that the engine may ask this plugin about."""
    shown = question.shown()
    views: list[Rows] = [shown] if len(shown) else []
    if question.plugin.locality is not Locality.CLUSTER and question.method != "choose":
        views += [None, slice(1, None), slice(0, 1), shown[::-1], shown[:1].repeat(3)]
    elif question.method == "filter":
        views += [None]
    return views


def check_finite(plugin: Plugin, exam: Exam) -> None:
    """Scores are small enough to be weighted and summed, and IGNORED only where it may be."""
    for question in questions(plugin, exam):
        if question.method != "score" or not len(question.shown()):
            continue
        raw = question.answer(question.shown())
        _check_ignored(question, raw)
        large = raw[(raw != IGNORED) & (np.abs(raw) > SEEMS_LARGE)]
        if len(large):
            raise Broken(
                f"{question.title} returned {large[0]} {question.where}",
                "scores are weighted and summed in int64: scale them to within 2**48",
            )


def _check_ignored(question: Question, raw: Ints) -> None:
    if not question.plugin.normalizes and (raw == IGNORED).any():  # type: ignore[attr-defined]
        raise Broken(
            f"{question.title} returned IGNORED without normalising {question.where}",
            "IGNORED leaves a node out of normalize(): override that, or return a low score",
        )

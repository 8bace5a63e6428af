"""Checks that answers belong to nodes, not to positions in a view or moments in time."""

from __future__ import annotations

import numpy as np

from schedlab.api import Plugin
from schedlab.testing.ask import Exam, Question, differing, questions
from schedlab.testing.check import Broken
from schedlab.testing.checks.form import legal_views


def check_deterministic(plugin: Plugin, exam: Exam) -> None:
    """The same question has the same answer, whatever was asked in between."""
    first = [(q, q.by_node()) for q in questions(plugin, exam)]
    for question, answer in reversed(first):
        for again in (question.by_node(), question.by_node(question.scene.cluster())):
            if again != answer:
                raise Broken(
                    f"{question.title} answered differently when asked again {question.where}: "
                    f"{differing(answer, again)}",
                    "keep no state of your own, use no clock and no unseeded random numbers; what "
                    "depends on the pod's and the nodes' specs alone belongs in pod.memo(self, …)",
                )


def check_permutation(plugin: Plugin, exam: Exam) -> None:
    """With the cluster's nodes in another order, each node keeps its answer."""
    generator = exam.generator()
    for question in questions(plugin, exam):
        order = generator.permutation(len(question.scene.nodes)).tolist()
        before, after = (
            question.by_node(),
            question.by_node(question.scene.permuted(order).cluster()),
        )
        if before != after:
            raise Broken(
                f"{question.title} depends on the order of the nodes {question.where}: "
                f"{differing(before, after)}",
                "never use a row's position (arange, argsort without a key of the node's own)",
            )


def check_rows(plugin: Plugin, exam: Exam) -> None:
    """In a view of some rows, reordered or repeated, each node has the answer it has among all."""
    for question in questions(plugin, exam):
        everything = question.answer(None)
        for rows in legal_views(question):
            some = question.answer(rows)
            expected = everything if rows is None else everything[rows]
            if not np.array_equal(some, expected):
                raise Broken(_mixed(question, rows, expected, some), _mend_mixing(plugin))


def _mixed(question: Question, rows: object, expected: object, some: object) -> str:
    return (
        f"{question.title} mixes the rows of its view {question.where}: rows {rows} get {some} "
        f"in a view of their own, and {expected} in a view of all nodes"
    )


def _mend_mixing(plugin: Plugin) -> str:
    return (
        f"locality {plugin.locality.name} means that a node's answer does not depend on the other "
        "rows of the view: reduce over axis 1 only (no max, mean, argsort or shape over the "
        "rows); scale over the feasible nodes in normalize(); or declare Locality.CLUSTER"
    )

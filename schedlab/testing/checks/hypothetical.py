"""The check of hypothetical rows: "this node with k more of these pods", as runs ask."""

from __future__ import annotations

import numpy as np

from schedlab.api import Plugin
from schedlab.core.ahead.hypothetical import HypotheticalView, only_local_answers
from schedlab.core.log import NotLocalError
from schedlab.testing.ask import Exam, Ints, Question, ask, questions
from schedlab.testing.check import Broken

DEPTH = 3


def check_hypothetical(plugin: Plugin, exam: Exam) -> str:
    """A node with k more pods in thought is answered as the node with k more in fact."""
    refused = False
    for question in questions(plugin, exam):
        if question.spec.gpu is None:
            refused |= _check_against_fact(question)
    return "cannot answer in thought: equal pods are placed one by one" if refused else ""


def _check_against_fact(question: Question) -> bool:
    """Compare every row at every depth; return whether the plugin cannot answer in thought."""
    cluster = question.scene.cluster()
    question.answer(None, cluster)
    size = len(cluster)
    rows, more = np.arange(size).repeat(DEPTH + 1), np.tile(np.arange(DEPTH + 1), size)
    signature = cluster.signature(question.spec)
    view = HypotheticalView(cluster, rows, signature, more)
    try:
        with only_local_answers(cluster):
            thought = ask(question.plugin, question.method, cluster.pod(signature), view)
    except NotLocalError:
        return True
    fact = _facts(question)
    if not np.array_equal(thought.reshape(size, DEPTH + 1), fact):
        raise Broken(
            f"{question.title} answers otherwise for pods in thought than for pods in fact "
            f"{question.where}: {thought.reshape(size, DEPTH + 1).tolist()} is not "
            f"{fact.tolist()} (a row a node, with 0 to {DEPTH} more pods)",
            "read what is placed from the view alone (requested, pod_count, sum_placed(key, "
            "weigh)), never from a table of your own or from earlier calls",
        )
    return False


def _facts(question: Question) -> Ints:
    """Return the answers with pods really placed, shape (N, DEPTH + 1)."""
    cluster = question.scene.cluster()
    signature = cluster.signature(question.spec)
    columns = [question.answer(None, cluster).copy()]
    for _ in range(DEPTH):
        for row in range(len(cluster)):
            cluster.place(signature, row)
        columns.append(question.answer(None, cluster).copy())
    return np.stack(columns, axis=1)

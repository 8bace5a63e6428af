"""Comparing a vectorised plugin with a plain function of one pod and one node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from schedlab.api import Node, Plugin, PodSpec
from schedlab.testing.ask import Exam, Question, questions
from schedlab.testing.check import Broken, Check

Filter = Callable[[PodSpec, Node, list[PodSpec]], bool]
Score = Callable[[PodSpec, Node, list[PodSpec]], int]


@dataclass(frozen=True)
class ScalarReference:
    """The plugin's meaning in plain Python, for one pod and one node.

    Each is called as ``f(pod, node, placed)``, where ``placed`` are the specs of the pods
    on that node; ``filter`` says whether the pod fits, ``score`` is the raw score.
    """

    filter: Filter | None = None
    score: Score | None = None

    def check(self) -> Check:
        """Return the check that compares a plugin with this."""

        def run(plugin: Plugin, exam: Exam) -> None:
            for question in questions(plugin, exam):
                self._compare(question)

        return Check(
            "reference", "the vectorised answer is that of the scalar one", run, tags=_TAGS
        )

    def _compare(self, question: Question) -> None:
        told = getattr(self, question.method, None)
        rows = question.shown()
        if told is None or not len(rows):
            return
        for row, answer in zip(rows.tolist(), question.answer(rows).tolist(), strict=True):
            node = question.scene.nodes[row]
            expected = told(question.spec, node, [s for s, r in question.scene.placed if r == row])
            got = answer == 0 if question.method == "filter" else answer
            if got != expected:
                raise Broken(
                    f"{question.title} answers {got} for {node}, the scalar reference {expected} "
                    f"{question.where}",
                    "one of the two is wrong",
                )


_TAGS = frozenset({"reference"})

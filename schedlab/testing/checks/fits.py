"""The check of ``fits``: which nodes a filter accepts, told apart from why."""

from __future__ import annotations

import numpy as np

from schedlab.api import FilterPlugin, Plugin
from schedlab.core.verdicts import fits
from schedlab.testing.ask import Exam, Question, questions
from schedlab.testing.check import Broken


def check_fits(plugin: Plugin, exam: Exam) -> None:
    """Which nodes fit is told alike by fits() and by filter()."""
    for question in questions(plugin, exam):
        if question.method == "filter":
            _compare(question)


def _compare(question: Question) -> None:
    plugin, rows = question.plugin, question.shown()
    assert isinstance(plugin, FilterPlugin)
    # Every other row, too: the engine asks about those that changed.
    for shown in (rows, rows[::2]):
        told = fits(plugin, question.pod, question.cluster.view(shown))
        meant = question.answer(shown) == 0
        if not np.array_equal(told, meant):
            raise Broken(
                f"{plugin.name}.fits says {told.tolist()} where filter() accepts "
                f"{meant.tolist()} {question.where}",
                "compute both from one function, or leave out fits()",
            )

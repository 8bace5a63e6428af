"""Checks of filters: reasons, and that pods only take room."""

from __future__ import annotations

from schedlab.api import FilterPlugin
from schedlab.testing.ask import Exam, differing, questions
from schedlab.testing.builders import put
from schedlab.testing.check import Broken


def check_reasons(plugin: FilterPlugin, exam: Exam) -> None:
    """Every reason bit that is set has a reason with a text."""
    for question in questions(plugin, exam):
        if question.method != "filter":
            continue
        texts = [r.text for r in plugin.reasons(question.pod)]
        for bits in set(question.answer(None).tolist()):
            unnamed = [i for i in range(64) if bits >> i & 1 and not any(texts[i : i + 1])]
            if unnamed:
                raise Broken(
                    f"{question.title} set bit {unnamed[0]}, for which reasons() has no text: "
                    f"{texts} {question.where}",
                    "return one Reason with a text for each bit, bit 0 first; False is bit 0",
                )


def check_monotone(plugin: FilterPlugin, exam: Exam) -> None:
    """More pods on a node never make a pod fit that did not."""
    for question in questions(plugin, exam):
        if question.method != "filter":
            continue
        cluster, before = question.scene.cluster(), question.by_node()
        for spec in question.scene.specs:
            for row in range(len(cluster)):
                put(cluster, spec, row)
            after = question.by_node(cluster)
            opened = {n: a for n, a in after.items() if a == 0 and before[n] != 0}
            if opened:
                raise Broken(
                    f"{question.title} accepts nodes that it rejected with fewer pods "
                    f"{question.where}: {differing({n: before[n] for n in opened}, opened)}",
                    "a NODE filter guards room; if pods attract pods here, declare this check an "
                    "expected failure",
                )
            before = after


def check_prefilter(plugin: FilterPlugin, exam: Exam) -> None:
    """filter() rejects every node that prefilter() rules out."""
    for question in questions(plugin, exam):
        if question.method != "filter":
            continue
        known = plugin.prefilter(question.pod, question.cluster.view())
        if known is None:
            continue
        accepted = {n for n, bits in question.by_node().items() if bits == 0}
        allowed = accepted if known.nodes is None else accepted & known.nodes
        if accepted - allowed or (known.reasons and accepted):
            raise Broken(
                f"{question.title} accepts {sorted(accepted)}, but prefilter() returned {known} "
                f"{question.where}",
                "prefilter() only says how a rejection is reported: have filter() reject the same",
            )

"""The check of normalisation."""

from __future__ import annotations

import numpy as np

from schedlab.api import IGNORED, MAX_NODE_SCORE, ScorePlugin
from schedlab.core.verdicts import extremes
from schedlab.testing.ask import Exam, Ints, Question, questions
from schedlab.testing.check import Broken


def check_normalize(plugin: ScorePlugin, exam: Exam) -> None:
    """normalize() is elementwise given the extremes, within 0..100, and leaves its input alone."""
    generator = exam.generator()
    for question in questions(plugin, exam):
        rows = question.shown()
        if question.method == "score" and len(rows):
            raw = question.answer(rows)
            _check_normalized(question, raw[raw != IGNORED], generator)
    _normalized_once(plugin, np.zeros(0, np.int64), 0, 0, "of no nodes")


def _check_normalized(question: Question, raw: Ints, generator: np.random.Generator) -> None:
    plugin = question.plugin
    assert isinstance(plugin, ScorePlugin)
    low, high = extremes(raw)
    between = generator.integers(low, high, size=9, endpoint=True, dtype=np.int64)
    raw = np.concatenate([raw, between]) if len(raw) else raw
    final = _normalized_once(plugin, raw, low, high, question.where)
    for at in (slice(None, None, 2), slice(0, 1), slice(None, None, -1)):
        if not np.array_equal(_normalized_once(plugin, raw[at], low, high, ""), final[at]):
            raise Broken(
                f"{plugin.name}.normalize depends on which nodes it is given, {question.where}",
                "use low and high, the extremes over the feasible nodes, in place of raw.min() "
                "and raw.max()",
            )
    if len(final) and not (final.min() >= 0 and final.max() <= MAX_NODE_SCORE):
        raise Broken(
            f"{plugin.name}.normalize returned {final.min()} to {final.max()} for raw scores "
            f"within [{low}, {high}], {question.where}",
            f"final scores lie in 0..{MAX_NODE_SCORE}, so that weights mean what they say",
        )


def _normalized_once(plugin: ScorePlugin, raw: Ints, low: int, high: int, where: str) -> Ints:
    frozen = raw.copy()
    frozen.flags.writeable = False
    try:
        final = plugin.normalize(frozen, low, high)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        what = f"{plugin.name}.normalize writes to the raw scores {where}"
        raise Broken(what, "return a new array") from error
    if not isinstance(final, np.ndarray) or final.shape != raw.shape or final.dtype != np.int64:
        kind = f"{type(final).__name__} {getattr(final, 'dtype', '')} {getattr(final, 'shape', '')}"
        raise Broken(
            f"{plugin.name}.normalize returned {kind} for {raw.shape} raw scores {where}",
            "return int64 scores, one for each raw score: divide with //, or round and convert",
        )
    return final

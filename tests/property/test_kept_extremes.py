"""What the incremental path keeps of the feasible nodes is what counting anew would find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster, Locality, NodeView, PodView, ScorePlugin, Scores
from schedlab.core import clusterwide
from schedlab.core.clusterwide import FeasibleView
from schedlab.core.normalized import NormalizedScore
from schedlab.core.verdicts import extremes
from schedlab.model.objects import Node

NODES = 6

rows = st.lists(st.integers(0, NODES - 1), max_size=3, unique=True).map(
    lambda drawn: np.array(drawn, np.int64)
)
raws = st.lists(st.integers(-3, 3), min_size=NODES, max_size=NODES).map(
    lambda drawn: np.array(drawn, np.int64)
)
masks = st.lists(st.booleans(), min_size=NODES, max_size=NODES).map(
    lambda drawn: np.array(drawn, np.bool_)
)


class Moving(ScorePlugin):
    """A score that changes with what is placed on a node."""

    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count


@settings(max_examples=300, deadline=None)
@given(raw=raws, feasible=masks, steps=st.lists(st.tuples(rows, raws, rows), max_size=6))
def test_extremes_that_stand_are_those_of_the_feasible_nodes(
    raw: Scores, feasible: np.ndarray, steps: list[tuple[np.ndarray, Scores, np.ndarray]]
) -> None:
    kept = NormalizedScore(Moving(), 1, raw.copy())
    kept.settle(feasible)
    for changed, fresh, flipped in steps:
        kept.put(changed, fresh[changed])
        feasible[flipped] = ~feasible[flipped]
        if not kept.stands(flipped):
            kept.settle(feasible)
        if feasible.any():
            assert (kept.low, kept.high) == extremes(kept.raw[feasible])


@pytest.mark.parametrize("many", [1, clusterwide.MANY])
@settings(max_examples=200, deadline=None)
@given(
    codes=st.lists(st.integers(-1, 2), min_size=NODES, max_size=NODES),
    feasible=masks,
    steps=st.lists(rows, max_size=6),
)
def test_domains_of_the_feasible_nodes_are_counted_as_by_any_view(
    many: int, codes: list[int], feasible: np.ndarray, steps: list[np.ndarray]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusterwide, "MANY", many)
        _flip_and_count(codes, feasible, steps)


def _flip_and_count(codes: list[int], feasible: np.ndarray, steps: list[np.ndarray]) -> None:
    cluster = Cluster([Node(f"n{i}", {}) for i in range(NODES)])
    domains = np.array(codes, np.int64)
    kept = FeasibleView(cluster, feasible.copy())
    for flipped in (np.zeros(0, np.int64), *steps):
        kept.flip(flipped)
        feasible[flipped] = ~feasible[flipped]
        plain = cluster.view(np.flatnonzero(feasible))
        assert kept.domain_count(domains, 3) == plain.domain_count(domains, 3)
        assert len(kept) == len(plain)
        assert kept.at(domains).tolist() == plain.at(domains).tolist()

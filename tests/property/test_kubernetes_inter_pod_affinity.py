"""InterPodAffinity against a slow transcription of its rules that looks at every placed pod."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab.api import Cluster, first_verdict, sum_by_domain
from schedlab.model.objects import (
    HOSTNAME,
    ZONE,
    Node,
    PodAffinityTerm,
    PodSpec,
    WeightedPodAffinityTerm,
)
from schedlab_algorithms.kubernetes.inter_pod_affinity import InterPodAffinity

from .clusters import APPS, NAMESPACES, affinity_terms, weighted_terms

AFFINITY, ANTI_AFFINITY, EXISTING_ANTI_AFFINITY = 1, 2, 4

Pair = tuple[str, str]
Placed = list[tuple[PodSpec, Node]]

few_terms = st.lists(affinity_terms, max_size=2).map(tuple)
few_weighted = st.lists(weighted_terms, max_size=2).map(tuple)
pods = st.builds(
    PodSpec,
    namespace=st.sampled_from([*NAMESPACES, "unknown"]),
    labels=st.sampled_from(APPS).map(lambda app: (("app", app),)),
    required_affinity=few_terms,
    required_anti_affinity=few_terms,
    preferred_affinity=few_weighted,
    preferred_anti_affinity=few_weighted,
    terminating=st.booleans(),
)
label_sets = st.fixed_dictionaries(
    {},
    optional={
        HOSTNAME: st.sampled_from(["h0", "h1", "h2", "h3"]),
        ZONE: st.sampled_from(["z0", "z1", ""]),
        "disk": st.just("ssd"),
    },
)
clusters = st.lists(label_sets, min_size=1, max_size=5).map(
    lambda labels: [Node(f"n{i}", {}, own) for i, own in enumerate(labels)]
)


class Oracle:
    """The rules for one incoming pod, pod by pod and node by node."""

    def __init__(self, pod: PodSpec, placed: Placed) -> None:
        self.pod = pod
        self.placed = placed

    def verdict(self, node: Node) -> int:
        if not self._near_enough(node):
            return AFFINITY
        if self._counts_of_own_anti_affinity() & _pairs(node):
            return ANTI_AFFINITY
        if self._counts_of_existing_anti_affinity() & _pairs(node):
            return EXISTING_ANTI_AFFINITY
        return 0

    def score(self, node: Node, hard_weight: int) -> int:
        worth: Counter[Pair] = Counter()
        for pair, weight in self._bonds(hard_weight):
            worth[pair] += weight
        return sum(worth[pair] for pair in _pairs(node))

    def ranks(self, hard_weight: int) -> bool:
        return any(True for _ in self._bonds(hard_weight))

    def _near_enough(self, node: Node) -> bool:
        terms = self.pod.required_affinity
        if any(t.topology_key not in node.labels for t in terms):
            return False
        counts = {
            (t.topology_key, there.labels[t.topology_key])
            for other, there in self.placed
            if all(wants(self.pod, t, other) for t in terms)
            for t in terms
            if t.topology_key in there.labels
        }
        if not counts and all(wants(self.pod, t, self.pod) for t in terms):
            return True
        return all((t.topology_key, node.labels[t.topology_key]) in counts for t in terms)

    def _counts_of_own_anti_affinity(self) -> set[Pair]:
        return {
            (t.topology_key, there.labels[t.topology_key])
            for other, there in self.placed
            for t in self.pod.required_anti_affinity
            if t.topology_key in there.labels and wants(self.pod, t, other)
        }

    def _counts_of_existing_anti_affinity(self) -> set[Pair]:
        return {
            (t.topology_key, there.labels[t.topology_key])
            for other, there in self.placed
            for t in other.required_anti_affinity
            if t.topology_key in there.labels and is_wanted(other, t, self.pod)
        }

    def _bonds(self, hard_weight: int) -> Iterator[tuple[Pair, int]]:
        for other, there in self.placed:
            for term, weight in self._terms_that_hold(other, hard_weight):
                if term.topology_key in there.labels:
                    yield (term.topology_key, there.labels[term.topology_key]), weight

    def _terms_that_hold(
        self, other: PodSpec, hard_weight: int
    ) -> Iterator[tuple[PodAffinityTerm, int]]:
        for sign, own, its in (
            (1, self.pod.preferred_affinity, other.preferred_affinity),
            (-1, self.pod.preferred_anti_affinity, other.preferred_anti_affinity),
        ):
            yield from ((w.term, sign * w.weight) for w in own if wants(self.pod, w.term, other))
            yield from (
                (w.term, sign * w.weight) for w in its if is_wanted(other, w.term, self.pod)
            )
        if hard_weight > 0:
            for term in other.required_affinity:
                if is_wanted(other, term, self.pod):
                    yield term, hard_weight


def wants(pod: PodSpec, term: PodAffinityTerm, other: PodSpec) -> bool:
    """Say whether the incoming pod's term means a placed pod: selectors over known namespaces."""
    names = set(term.namespaces)
    if not term.namespaces and term.namespace_selector is None:
        names.add(pod.namespace)
    if term.namespace_selector is not None:
        names |= {n for n, labels in NAMESPACES.items() if term.namespace_selector.matches(labels)}
        if not term.namespace_selector.requirements:
            names.add(other.namespace)
    return other.namespace in names and _selected(term, other)


def is_wanted(owner: PodSpec, term: PodAffinityTerm, pod: PodSpec) -> bool:
    """Say whether a placed pod's term means the incoming pod, by its namespace's labels."""
    labels: Mapping[str, str] = NAMESPACES.get(pod.namespace, {})
    if term.namespace_selector is not None and term.namespace_selector.matches(labels):
        return _selected(term, pod)
    own = (
        not term.namespaces and term.namespace_selector is None and owner.namespace == pod.namespace
    )
    return (own or pod.namespace in term.namespaces) and _selected(term, pod)


def _selected(term: PodAffinityTerm, pod: PodSpec) -> bool:
    return term.selector is not None and term.selector.matches(dict(pod.labels))


def _pairs(node: Node) -> set[Pair]:
    return set(node.labels.items())


@settings(max_examples=300, deadline=None)
@given(
    nodes=clusters,
    kinds=st.lists(pods, min_size=1, max_size=4),
    where=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=6),
    leaves=st.integers(0, 5),
    hard_weight=st.sampled_from([0, 1, 7]),
)
def test_as_the_slow_rules_say(
    nodes: list[Node],
    kinds: list[PodSpec],
    where: list[tuple[int, int]],
    leaves: int,
    hard_weight: int,
) -> None:
    """Some pods are placed, one by one with questions in between, and some leave again."""
    cluster = Cluster(nodes, namespaces=NAMESPACES)
    plugin = InterPodAffinity(hard_pod_affinity_weight=hard_weight)
    placed: list[tuple[PodSpec, int]] = []
    for kind, row in where:
        placed.append((kinds[kind % len(kinds)], row % len(nodes)))
        cluster.place(cluster.signature(placed[-1][0]), placed[-1][1])
        compare(plugin, cluster, kinds[0], placed)
    for _ in range(min(leaves, len(placed))):
        spec, row = placed.pop(0)
        cluster.remove(cluster.signature(spec), row)
    for pod in kinds:
        compare(plugin, cluster, pod, placed)


def compare(
    plugin: InterPodAffinity, cluster: Cluster, spec: PodSpec, placed: list[tuple[PodSpec, int]]
) -> None:
    pod, view = cluster.pod(cluster.signature(spec)), cluster.view()
    oracle = Oracle(spec, [(other, cluster.nodes[row]) for other, row in placed])
    verdicts = [oracle.verdict(node) for node in cluster.nodes]
    scores = [oracle.score(node, plugin.hard_pod_affinity_weight) for node in cluster.nodes]
    assert plugin.filter(pod, view).tolist() == verdicts
    assert plugin.score(pod, view).tolist() == scores
    assert plugin.ranks(pod, view) == oracle.ranks(plugin.hard_pod_affinity_weight)
    one = cluster.view(np.array([len(cluster) - 1, 0]))
    assert plugin.filter(pod, one).tolist() == [verdicts[-1], verdicts[0]]
    assert first_verdict(plugin.verdict_by_domain(pod, view), one).tolist() == [
        verdicts[-1],
        verdicts[0],
    ]
    assert sum_by_domain(plugin.score_by_domain(pod, view), view).tolist() == scores


@pytest.mark.parametrize(
    ("raw", "expected"),
    [([0, 29, 100], [0, 28, 100]), ([-5, -5], [0, 0]), ([-10, 0, 10], [0, 50, 100])],
)
def test_normalises_in_floating_point_as_go_does(raw: list[int], expected: list[int]) -> None:
    """100 * (29 / 100) is 28.999999999999996 in IEEE arithmetic, and is truncated."""
    scores = np.array(raw, np.int64)
    final = InterPodAffinity().normalize(scores, min(raw), max(raw))
    assert final.tolist() == expected


def test_ignores_preferences_of_placed_pods_only_for_pods_without_their_own() -> None:
    cluster = Cluster([Node("n0", {})])
    plugin = InterPodAffinity(ignore_preferred_terms_of_existing_pods=True)
    own = PodSpec(preferred_affinity=(WeightedPodAffinityTerm(1, PodAffinityTerm(ZONE)),))
    assert plugin.skips_score(cluster.pod(cluster.signature(PodSpec())))
    assert not plugin.skips_score(cluster.pod(cluster.signature(own)))
    assert not InterPodAffinity().skips_score(cluster.pod(cluster.signature(PodSpec())))

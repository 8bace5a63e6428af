"""The contract kit finds every fault that is planted, by the check that is named for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from schedlab.api import (
    IGNORED,
    Budget,
    Cluster,
    DevicePlugin,
    FilterPlugin,
    Locality,
    Node,
    NodeView,
    Placement,
    PodBatch,
    PodSpec,
    PodView,
    PostFilterPlugin,
    PostFilterResult,
    PreFilter,
    Reason,
    Scheduler,
    ScorePlugin,
    Scores,
    Verdict,
    Workload,
    WorkloadSource,
)
from schedlab.core.preemption.handle import Handle
from schedlab.errors import InputError
from schedlab.testing import ScalarReference, check, checks_for
from schedlab.testing.check import examine
from schedlab.testing.suites import exam_for


def failed(subject: Any, **options: Any) -> dict[str, str]:
    """Return the messages of the checks that a subject fails, by name."""
    return {f.check: f.message for f in check(subject, **options) if f.bad}


# -- honest ones ---------------------------------------------------------------------


class FewestPods(ScorePlugin):
    locality = Locality.NODE

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return -nodes.pod_count


class RoomForPods(FilterPlugin):
    locality = Locality.NODE

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.pod_count < nodes.allowed_pods


class LargestZoneShare(ScorePlugin):
    """Looks around: how many of the nodes shown are in the node's zone."""

    locality = Locality.CLUSTER

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        codes = nodes.label("topology.kubernetes.io/zone").codes
        return np.bincount(codes + 1)[codes + 1].astype(np.int64)


class FirstRoom(Scheduler):
    """Takes the first node that every filter accepts."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        from schedlab import engine

        placement, profile = Placement.empty(len(pods)), engine.profile("kubernetes")
        for pod, (_, spec) in enumerate(pods):
            signature = cluster.signature(spec)
            rows = engine.feasible(profile, cluster, signature)
            if len(rows):
                row = int(rows[0])
                devices = cluster.first_devices(spec, row)
                cluster.place(signature, row, devices)
                placement.node[pod], placement.devices[pod] = row, devices
        return placement


class OneNode(WorkloadSource):
    def build(self, seed: int) -> Workload:
        cpu = int(np.random.default_rng(seed).integers(1000, 9000))
        pods = PodBatch.of([("default/p", PodSpec())])
        return Workload("one", (Node("n", {"cpu": cpu, "pods": 9}),), pods)


@pytest.mark.parametrize(
    "subject",
    [FewestPods(), RoomForPods(), LargestZoneShare(), FirstRoom(), OneNode()],
    ids=lambda s: s.name,
)
def test_honest_subjects_pass(subject: Any) -> None:
    assert failed(subject) == {}


# -- score plugins with one fault ------------------------------------------------------


class FloatScores(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count / 2  # type: ignore[return-value]


class OneScoreForAll(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return np.zeros(1, np.int64)


class BreaksOnEmpty(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        nodes.allocatable.max(axis=0)
        return -nodes.pod_count


class WritesToCopy(FewestPods):
    """Arrays of chosen rows are copies, which other plugins see too."""

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        counts = nodes.pod_count
        if counts.flags.writeable:
            counts += 1
        return -counts


class WritesToView(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        counts = nodes.pod_count
        counts *= -1
        return counts


class ReturnsState(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count


class ReturnsOneBuffer(FewestPods):
    buffer = np.zeros(100, np.int64)

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        out = self.buffer[: len(nodes)]
        out[:] = nodes.pod_count
        return out


class CountsItsCalls(FewestPods):
    calls = [0]

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        self.calls[0] += 1
        return nodes.pod_count + self.calls[0]


class ByPosition(FewestPods):
    locality = Locality.CLUSTER

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return np.arange(len(nodes), dtype=np.int64)


class MixesRows(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count - nodes.pod_count.max(initial=0)


class SpecReadsLoad(FewestPods):
    locality = Locality.SPEC


class NodeReadsOthers(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count - nodes.whole.pod_count.max(initial=0)


class Churns(FewestPods):
    """Every placement changes every node's score."""

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.requested[:, 0] * (1 + nodes.whole.pod_count.sum()) % 97


class ReadsBehindTheView(FewestPods):
    """Goes around the guarded columns to the cluster itself."""

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count + nodes._cluster.pod_count.sum()


class RemembersLoad(FewestPods):
    """Keeps in a memo what changes with the load."""

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.at(pod.memo(self, "load", lambda: nodes.whole.pod_count.copy()))


class FoldsWithoutSign(ScorePlugin):
    """Counts removed pods as placed ones."""

    locality = Locality.CLUSTER

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        rows, _, _ = nodes.changes(0)
        return nodes.at(np.bincount(rows, minlength=len(nodes.whole)).astype(np.int64))


class IgnoresThoughts(FewestPods):
    """Reads a table that pods in thought are not in."""

    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.at(nodes._cluster.pod_count.copy())


class WildScores(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return nodes.pod_count << 55


class IgnoresUnnormalized(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        return np.where(nodes.pod_count > 0, IGNORED, 0)


class NormalizesByRows(FewestPods):
    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        return np.zeros_like(raw) if not len(raw) else 100 * (raw == raw.max())


class NormalizesBeyond(FewestPods):
    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        return raw - low + 101


class NormalizesToFloat(FewestPods):
    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        return raw * 0.5  # type: ignore[return-value]


class NormalizesInPlace(FewestPods):
    def normalize(self, raw: Scores, low: int, high: int) -> Scores:
        raw[:] = 0
        return raw


class SkipsByMood(FewestPods):
    moods = [0]

    def skips_score(self, pod: PodView) -> bool:
        self.moods[0] += 1
        return self.moods[0] % 2 == 0


class SkipsByNumber(FewestPods):
    def skips_score(self, pod: PodView) -> bool:
        return len(pod.asked)  # type: ignore[return-value]


class HoldsFunction(FewestPods):
    key: Any = lambda x: x


class SetsFieldItself(FewestPods):
    weight: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", self.weight + 1)


class AcceptsAnything(FewestPods):
    __pydantic_config__ = {"extra": "ignore"}

    weight: int = 1


class Quadratic(FewestPods):
    def score(self, pod: PodView, nodes: NodeView) -> Scores:
        # Far beyond what is judged, on any machine: a sort of all rows for each row.
        counts = nodes.pod_count
        return -np.array([(np.sort(counts + c) - np.sort(counts)).max() for c in counts], np.int64)


# -- filter and device plugins with one fault ----------------------------------------------


class UnnamedBit(RoomForPods):
    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return (nodes.pod_count >= nodes.allowed_pods).astype(np.int64) << 1


class MuteReason(RoomForPods):
    def reasons(self, pod: PodView) -> tuple[Reason, ...]:
        return (Reason(""),)


class LikesCompany(RoomForPods):
    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.pod_count > 1


class PrefiltersMore(RoomForPods):
    def prefilter(self, pod: PodView, nodes: NodeView) -> PreFilter | None:
        return PreFilter(nodes=frozenset())


class NodeWhatIfUnheard(RoomForPods):
    """Reads what is really there, and not what the view assumes."""

    def filter(self, pod: PodView, nodes: NodeView) -> Verdict:
        return nodes.at(nodes._cluster.pod_count.copy()) < 3


class FirstDevices(DevicePlugin):
    """Takes the first devices, with or without room."""

    locality = Locality.NODE

    def choose(self, pod: PodView, nodes: NodeView) -> np.ndarray[Any, np.dtype[np.int64]]:
        assert pod.spec.gpu is not None
        return np.full(len(nodes), (1 << pod.spec.gpu.count) - 1, np.int64)


class ListsDevices(DevicePlugin):
    """Takes the first devices with room, and tells them as a list."""

    locality = Locality.NODE

    def choose(self, pod: PodView, nodes: NodeView) -> np.ndarray[Any, np.dtype[np.int64]]:
        assert pod.spec.gpu is not None
        count, milli = pod.spec.gpu.count, pod.spec.gpu.milli
        able = (np.flatnonzero(free >= milli)[:count] for free in nodes.device_free)
        return [int((1 << devices).sum()) for devices in able]  # type: ignore[return-value]


# -- PostFilter plugins with one fault ----------------------------------------------------


class EvictsEverybody(PostFilterPlugin):
    """Clears a node, whoever runs there."""

    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        return PostFilterResult(0, tuple(handle.running.on(0).tolist()))


class EvictsOneForNothing(PostFilterPlugin):
    """Takes the least important pod of the first node, whether that helps or not."""

    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        ranked = handle.running.ranked(np.array([0]))[0]
        return PostFilterResult(0, (int(ranked[-1]),))


class EvictsStrangers(PostFilterPlugin):
    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        return PostFilterResult(0, tuple(handle.running.on(1).tolist()))


class EvictsItself(PostFilterPlugin):
    """Does the engine's work."""

    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        handle.running.evict(int(handle.running.on(0)[0]))
        return PostFilterResult()


class EvictsInTurn(PostFilterPlugin):
    """Takes another node at each call."""

    calls = [0]

    def post_filter(self, pod: PodView, handle: Handle) -> PostFilterResult:
        self.calls[0] += 1
        row = self.calls[0] % handle.nodes
        return PostFilterResult(row, tuple(handle.running.on(row).tolist()))


# -- schedulers and workload sources with one fault ----------------------------------------


class Overfills(FirstRoom):
    """Puts everything on the first node."""

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        placement = Placement.empty(len(pods))
        for pod, (_, spec) in enumerate(pods if len(cluster) else ()):
            cluster.place(cluster.signature(spec), 0)
            placement.node[pod] = 0
        return placement


class ForgetsToPlace(FirstRoom):
    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        placement = super().schedule(cluster, pods, budget)
        placement.node[placement.node >= 0] = -1
        return placement


class EveryOtherTime(FirstRoom):
    """Places nothing at every other call."""

    calls = [0]

    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        self.calls[0] += 1
        if self.calls[0] % 2:
            return Placement.empty(len(pods))
        return super().schedule(cluster, pods, budget)


class ChokesOnNothing(FirstRoom):
    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        assert pods.signature.max() >= 0
        return super().schedule(cluster, pods, budget)


class ReturnsNone(FirstRoom):
    def schedule(self, cluster: Cluster, pods: PodBatch, budget: Budget) -> Placement:
        return None  # type: ignore[return-value]


class OwnSeed(OneNode):
    seeds = [0]

    def build(self, seed: int) -> Workload:
        self.seeds[0] += 1
        return super().build(self.seeds[0])


class TwinNodes(OneNode):
    def build(self, seed: int) -> Workload:
        workload = super().build(seed)
        return Workload("twins", workload.nodes * 2, workload.pods)


class BoundNowhere(OneNode):
    def build(self, seed: int) -> Workload:
        made = super().build(seed)
        bound = PodBatch.of([("default/bound", PodSpec())])
        return Workload("lost", made.nodes, made.pods, bound, np.array([5], np.int32))


PLANTED = [
    (FloatScores(), "shape", "int64"),
    (OneScoreForAll(), "shape", "shape (1,)"),
    (BreaksOnEmpty(), "empty", "zero-size"),
    (WritesToCopy(), "inputs", "nodes.pod_count"),
    (WritesToView(), "inputs", "writes to"),
    (ReturnsState(), "aliasing", "changed when pods were placed"),
    (ReturnsOneBuffer(), "aliasing", "changed when pods were placed"),
    (CountsItsCalls(), "deterministic", "asked again"),
    (ByPosition(), "permutation", "order of the nodes"),
    (MixesRows(), "rows", "mixes the rows"),
    (SpecReadsLoad(), "locality", "pods were placed or removed"),
    (SpecReadsLoad(), "reads", "nodes.pod_count"),
    (NodeReadsOthers(), "locality", "only pods on other nodes changed"),
    (NodeReadsOthers(), "reads", "nodes.whole.pod_count"),
    (ReadsBehindTheView(), "locality", "only pods on other nodes changed"),
    (RemembersLoad(), "fresh", "out of date"),
    (FoldsWithoutSign(), "fresh", "out of date"),
    (IgnoresThoughts(), "hypothetical", "in thought"),
    (WildScores(), "finite", "36028797018963968"),
    (IgnoresUnnormalized(), "finite", "IGNORED"),
    (NormalizesByRows(), "normalize", "which nodes it is given"),
    (NormalizesBeyond(), "normalize", "returned 101"),
    (NormalizesToFloat(), "normalize", "float64"),
    (NormalizesInPlace(), "normalize", "writes to the raw scores"),
    (SkipsByMood(), "skips", "then"),
    (SkipsByNumber(), "skips", "returned"),
    (HoldsFunction(), "pickle", "pickled"),
    (SetsFieldItself(), "arguments", "weight"),
    (AcceptsAnything(), "arguments", "unknown argument"),
    (Quadratic(), "cost", "grows like"),
    (UnnamedBit(), "reasons", "bit 1"),
    (MuteReason(), "reasons", "Reason"),
    (LikesCompany(), "monotone", "fewer pods"),
    (PrefiltersMore(), "prefilter", "prefilter() returned"),
    (NodeWhatIfUnheard(), "what-if", "assumed away"),
    (FirstDevices(), "devices", "chose devices"),
    (ListsDevices(), "shape", "choose returned list"),
    (ListsDevices(), "paths", "choose returned list"),
    (EvictsEverybody(), "evictions", "at least the pod's priority"),
    (EvictsOneForNothing(), "evictions", "does not fit there then"),
    (EvictsStrangers(), "evictions", "not on row 0"),
    (EvictsItself(), "evictions", "changes the cluster"),
    (EvictsInTurn(), "evictions", "when asked again"),
    (Overfills(), "verified", "capacity"),
    (Overfills(), "gates", "scheduling gate"),
    (ForgetsToPlace(), "conservation", "differ"),
    (EveryOtherTime(), "repeatable", "second time"),
    (ChokesOnNothing(), "empty-batch", "raised"),
    (ReturnsNone(), "verified", "NoneType"),
    (OwnSeed(), "seeded", "differs from call to call"),
    (TwinNodes(), "whole", "several nodes"),
    (BoundNowhere(), "whole", "bound_node"),
    (Churns(), "paths", "does not keep what it promises"),
]


@pytest.mark.parametrize(
    ("plugin", "name", "message"), PLANTED, ids=[f"{n}-{p.name}" for p, n, _ in PLANTED]
)
def test_planted_fault_is_named(plugin: Any, name: str, message: str) -> None:
    named = [c for c in checks_for(plugin) if c.name == name]
    (finding,) = examine(plugin, named, exam_for(plugin))
    assert finding.bad, f"{name} passes"
    assert message in finding.message


# -- what else the kit promises ------------------------------------------------------------


def test_a_scalar_reference_is_compared() -> None:
    right = ScalarReference(score=lambda pod, node, placed: -len(placed))
    wrong = ScalarReference(score=lambda pod, node, placed: len(placed))
    assert failed(FewestPods(), reference=right) == {}
    assert "scalar reference" in failed(FewestPods(), reference=wrong)["reference"]


def test_declared_failures_are_expected_and_must_fail() -> None:
    declared = {"monotone": "pods attract each other here"}
    findings = {f.check: f for f in check(LikesCompany(), expected_failures=declared)}
    assert findings["monotone"].status == "expected"
    assert not findings["monotone"].bad
    unexpected = {f.check: f for f in check(RoomForPods(), expected_failures=declared)}
    assert unexpected["monotone"].status == "unexpected"
    assert unexpected["monotone"].bad


def test_declaring_an_unknown_check_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'monotone'"):
        check(RoomForPods(), expected_failures={"monoton": ""})


def test_other_seeds_make_other_scenes_and_messages_name_them() -> None:
    assert "of seed 7" in failed(MixesRows(), seed=7)["rows"]

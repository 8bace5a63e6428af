"""Whatever a description says, its workload keeps to it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schedlab_workloads.synthetic_arrivals import draw_arrivals
from schedlab_workloads.synthetic_config import SyntheticConfig
from schedlab_workloads.synthetic_fill import draw_running
from schedlab_workloads.synthetic_sets import batch

cpu_amounts = st.integers(0, 4000)


@st.composite
def distributions(draw: st.DrawFn, low: int = 0, high: int = 4000, suffix: str = "m") -> Any:
    """Return a distribution of whole amounts from ``low`` to ``high``."""
    first, last = sorted(draw(st.tuples(*[st.integers(low, high)] * 2)))
    kind = draw(st.sampled_from(["constant", "choice", "uniform", "lognormal"]))
    ends = [f"{first}{suffix}", f"{last}{suffix}"]
    step = f"{draw(st.integers(1, 700))}{suffix}"
    if kind == "constant":
        return ends[0]
    if kind == "choice":
        return {"choice": ends, "weights": draw(st.sampled_from([None, [1, 0], [0.2, 3]]))}
    if kind == "uniform":
        return {"uniform": ends, "step": step}
    shape = {"median": f"{draw(st.integers(1, high))}{suffix}", "sigma": draw(st.floats(0, 2))}
    return {"lognormal": shape, "min": ends[0], "max": ends[1], "step": step}


@st.composite
def pod_classes(draw: st.DrawFn, i: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": f"class-{i}",
        "namespace": draw(st.sampled_from(["default", "other"])),
        "count": draw(st.integers(0, 30)),
        "replicas": draw(distributions(1, 9, "")),
        "requests": {"cpu": draw(distributions())},
        "priority": draw(st.sampled_from([0, -5, {"choice": [1, 2], "weights": [1, 2]}])),
    }
    if draw(st.booleans()):
        ratio = {"per_cpu": draw(distributions(0, 9, "Gi")), "min": "1Mi", "max": "8Gi"}
        made["requests"]["memory"] = {**ratio, "step": "1Mi"}
    if draw(st.booleans()):
        made["gpu"] = {
            "count": draw(distributions(1, 4, "")),
            "milli": draw(distributions(1, 1000, "")),
        }
    return made


@st.composite
def configs(draw: st.DrawFn) -> SyntheticConfig:
    classes = [draw(pod_classes(i)) for i in range(draw(st.integers(1, 3)))]
    # the class that fills always fits: 100m into a tenth of at least 1 cpu
    filler = {"name": "filler", "count": 0, "requests": {"cpu": "100m", "memory": "1Mi"}}
    pools = [
        {
            "name": f"pool-{i}",
            "count": draw(st.integers(1, 12)),
            "allocatable": {"cpu": draw(st.integers(1, 64)), "memory": "64Gi"},
            "zones": draw(st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True)),
            "fill": draw(st.sampled_from([None, {"class": "filler", "share": 0.1, "sets": 3}])),
        }
        for i in range(draw(st.integers(1, 3)))
    ]
    arrival = draw(st.sampled_from(["shuffled", "by-replica-set", "by-class"]))
    whole = {"arrival": arrival, "pools": pools, "classes": [*classes, filler]}
    return SyntheticConfig.model_validate(whole)


@settings(max_examples=60, deadline=None)
@given(config=configs(), seed=st.integers(0, 2**63))
def test_pods_are_conserved(config: SyntheticConfig, seed: int) -> None:
    groups, signature = draw_arrivals(config, seed)
    pods = batch(groups, signature)
    assert pods.signature.dtype == np.int32
    assert len(set(pods.names)) == len(pods) == sum(c.count or 0 for c in config.classes)
    assert len(set(pods.specs)) == len(pods.specs)
    assert set(pods.signature.tolist()) == set(range(len(pods.specs)))
    apps = Counter(dict(spec.labels)["app"].rsplit("-", 1)[0] for _, spec in pods)
    assert apps == {c.name: c.count for c in config.classes if c.count}


@settings(max_examples=60, deadline=None)
@given(config=configs(), seed=st.integers(0, 2**63))
def test_every_spec_keeps_to_its_class(config: SyntheticConfig, seed: int) -> None:
    for group in draw_arrivals(config, seed)[0]:
        for spec in group.specs:
            assert spec.namespace == group.pod_class.namespace
            assert spec.priority in group.pod_class.priority.choice
            assert 0 <= spec.request("cpu") <= 4000
            assert {r for r, _ in spec.requests} >= set(group.pod_class.requests)
            if "memory" in group.pod_class.requests:
                assert 2**20 <= spec.request("memory") <= 8 * 2**30
            if group.pod_class.gpu is None:
                assert spec.gpu is None
            else:
                assert spec.gpu is not None
                assert 1 <= spec.gpu.count <= 4
                assert 1 <= spec.gpu.milli <= 1000


@settings(max_examples=60, deadline=None)
@given(config=configs(), seed=st.integers(0, 2**63))
def test_replica_sets_are_of_sizes_that_their_class_allows(
    config: SyntheticConfig, seed: int
) -> None:
    groups, signature = draw_arrivals(config, seed)
    sizes = iter(np.bincount(signature, minlength=sum(len(g.specs) for g in groups)).tolist())
    for group in groups:
        drawn = [next(sizes) for _ in group.specs]
        ends = [int(q) for q in group.pod_class.replicas.ends]
        assert all(min(ends) <= size <= max(ends) for size in drawn[:-1])
        assert all(1 <= size <= max(ends) for size in drawn[-1:])


@settings(max_examples=60, deadline=None)
@given(config=configs(), seed=st.integers(0, 2**63))
def test_a_fill_stays_within_its_share_and_leaves_no_room_in_it(
    config: SyntheticConfig, seed: int
) -> None:
    _, owner, row = draw_running(config, seed)
    assert len(owner) == len(row)
    on_row = Counter(row.tolist())
    first = 0
    for pool in config.pools:
        cpu = int(pool.allocatable["cpu"])
        # 100m each into a tenth of the cpu, at most a tenth of 110 pods
        expected = min(cpu, 11) if pool.fill else 0
        assert {on_row[r] for r in range(first, first + pool.count)} == {expected}
        first += pool.count


@settings(max_examples=60, deadline=None)
@given(config=configs())
def test_nodes_are_spread_evenly_over_zones(config: SyntheticConfig) -> None:
    nodes = [node for pool in config.pools for node in pool.nodes()]
    assert len({n.name for n in nodes}) == len(nodes) == sum(p.count for p in config.pools)
    for pool in config.pools:
        zones = Counter(n.labels.get("topology.kubernetes.io/zone") for n in pool.nodes())
        assert set(zones) <= set(pool.zones or [None])
        if len(zones) == len(pool.zones):
            assert max(zones.values()) - min(zones.values()) <= 1

"""Synthetic workloads: what is asked for is there, the same for the same seed."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from schedlab.api import Workload
from schedlab.core.cluster import Cluster
from schedlab.model.objects import HOSTNAME, ZONE, GpuDevices, GpuRequest, LabelSelector
from schedlab.registry import installed
from schedlab_workloads.synthetic import Synthetic
from schedlab_workloads.synthetic_arrivals import arrange
from schedlab_workloads.synthetic_config import apportion, keep_each
from schedlab_workloads.synthetic_names import PodNames

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "workloads.md"

# nodes, pods: as the documentation's table says
PRESETS = {
    "mixed": (500, 5000),
    "small": (20, 150),
    "scale-5000": (5000, 20000),
    "spread": (120, 1500),
    "gpu-share": (100, 820),
}


def alike(one: Workload, other: Workload) -> bool:
    return (
        one.nodes == other.nodes
        and list(one.pods) == list(other.pods)
        and list(one.bound) == list(other.bound)
        and one.bound_node.tolist() == other.bound_node.tolist()
        and one.services == other.services
    )


def app_of(workload: Workload) -> list[str]:
    return [dict(spec.labels)["app"] for _, spec in workload.pods]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    """Return the workload of the documentation's example."""
    after = DOCUMENT.read_text().split("<!-- the tests build this example -->", 1)[1]
    text = re.search(r"```toml\n(.*?)```", after, re.DOTALL)
    assert text is not None
    path = tmp_path_factory.mktemp("example") / "shop.toml"
    path.write_text(text[1])
    return Synthetic(file=path).build(0)


# -- presets --------------------------------------------------------------------


def test_every_packaged_preset_is_tried_and_documented() -> None:
    here = {n for n, p in installed().presets.items() if "schedlab_workloads" in p.parts}
    assert {n for n in here if installed().preset(n).source == "Synthetic"} == set(PRESETS)
    for name, (nodes, pods) in PRESETS.items():
        assert f"| `{name}` | {nodes:,} | {pods:,} |" in DOCUMENT.read_text()


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_has_the_stated_size_and_a_description(preset: str) -> None:
    source = Synthetic(preset=preset)
    workload = source.build(0)
    assert (len(workload.nodes), len(workload.pods)) == PRESETS[preset]
    assert source.config().description
    assert source.path.read_text().startswith("# ")
    assert source.input_files() == (source.path,)


@pytest.mark.parametrize("preset", PRESETS)
def test_some_node_could_hold_each_pod_of_a_preset(preset: str) -> None:
    workload = Synthetic(preset=preset).build(1)
    cluster = Cluster(workload.nodes, workload.pods.specs)
    shapes = np.unique(cluster.allocatable, axis=0)
    for signature in range(len(workload.pods.specs)):
        assert (cluster.pod(signature).requests <= shapes).all(axis=1).any()


def test_mixed_just_overfills_its_untainted_nodes() -> None:
    """What decides the comparison: about 103 % of the cpu, less of the memory."""
    demand = {"cpu": [], "memory": []}  # type: dict[str, list[float]]
    for seed in range(4):
        workload = Synthetic(preset="mixed").build(seed)
        plain = np.array([not s.tolerations for s in workload.pods.specs])
        for resource, shares in demand.items():
            asked = workload.pods.column(resource)[plain[workload.pods.signature]].sum()
            offered = sum(n.allocatable[resource] for n in workload.nodes if not n.taints)
            shares.append(asked / offered)
    assert all(0.98 < share < 1.1 for share in demand["cpu"])
    assert all(0.75 < share < 0.95 for share in demand["memory"])


def test_scale_5000_has_200_signatures_that_all_fit() -> None:
    workload = Synthetic(preset="scale-5000").build(0)
    assert Counter(Counter(workload.pods.signature.tolist()).values()) == {100: 200}
    for resource in ("cpu", "memory"):
        offered = sum(n.allocatable[resource] for n in workload.nodes)
        assert workload.pods.column(resource).sum() < 0.5 * offered


# -- seeds ----------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["small", "spread", "gpu-share"])
def test_a_seed_decides_everything(preset: str) -> None:
    first, again, other = (Synthetic(preset=preset).build(seed) for seed in (3, 3, 4))
    assert alike(first, again)
    assert not alike(first, other)
    assert first.pods.column("cpu").tolist() != other.pods.column("cpu").tolist()


def test_a_change_to_one_class_leaves_the_others_alone(tmp_path: Path) -> None:
    text = Synthetic(preset="small").path.read_text()
    path = tmp_path / "changed.toml"
    path.write_text(text.replace('choice = ["250m", "500m", 1]', 'choice = ["2", "3", "4"]'))
    changed, base = Synthetic(file=path).build(0), Synthetic(preset="small").build(0)
    for one, other in zip(base.pods.specs, changed.pods.specs, strict=True):
        is_web = dict(one.labels)["app"].startswith("web-")
        assert (one == other) is not is_web


def test_equal_classes_draw_independently(tmp_path: Path) -> None:
    pool = '[[pools]]\nname = "a"\ncount = 1\nallocatable = {cpu = 1, memory = 1}\n'
    twin = 'count = 30\nrequests = {cpu = {uniform = [0, 1000], step = "1m"}}\n'
    path = tmp_path / "twins.toml"
    path.write_text(f'{pool}[[classes]]\nname = "x"\n{twin}[[classes]]\nname = "y"\n{twin}')
    specs = Synthetic(file=path).build(0).pods.specs
    x, y = ([s.request("cpu") for s in half] for half in (specs[:30], specs[30:]))
    assert x != y


# -- sizes ----------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["small", "spread"])
@pytest.mark.parametrize(("nodes", "pods"), [(4, 0), (7, 13), (1000, 2000)])
def test_sizes_can_be_overridden(preset: str, nodes: int, pods: int) -> None:
    workload = Synthetic(preset=preset, nodes=nodes, pods=pods).build(0)
    assert (len(workload.nodes), len(workload.pods)) == (nodes, pods)
    assert len({n.name for n in workload.nodes}) == nodes


def test_every_pool_keeps_a_node() -> None:
    workload = Synthetic(preset="spread", nodes=1).build(0)
    assert [n.name for n in workload.nodes] == ["large-0", "busy-0", "edge-0"]


def test_scaled_pools_keep_their_proportions() -> None:
    workload = Synthetic(preset="mixed", nodes=50).build(0)
    pools = Counter(n.name.rsplit("-", 1)[0] for n in workload.nodes)
    assert pools == {"general": 30, "compute": 10, "memory": 6, "gpu": 4}


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1], [5, 5]),
        (10, [1, 1, 1], [4, 3, 3]),
        (100, [0.5, 0, 0.25], [67, 0, 33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [1, 2], [0, 0]),
        # seats by largest remainders, the Wikipedia example with the Hare quota
        (10, [47000, 16000, 15800, 12000, 6100, 3100], [5, 2, 1, 1, 1, 0]),
    ],
)
def test_apportion_is_by_largest_remainders(
    total: int, weights: list[float], parts: list[int]
) -> None:
    assert apportion(total, weights).tolist() == parts


@pytest.mark.parametrize(
    ("parts", "kept"), [([5, 0, 0], [3, 1, 1]), ([1, 0], [1, 1]), ([2, 3], [2, 3])]
)
def test_keep_each_takes_from_the_largest(parts: list[int], kept: list[int]) -> None:
    assert keep_each(np.array(parts)).tolist() == kept


def test_count_and_pods_are_two_ways_to_say_the_same(tmp_path: Path) -> None:
    pool = '[[pools]]\nname = "a"\ncount = 1\nallocatable = {cpu = 1, memory = 1}\n'
    shares = '[[classes]]\nname = "x"\nshare = 3\n[[classes]]\nname = "y"\nshare = 1\n'
    counts = '[[classes]]\nname = "x"\ncount = 6\n[[classes]]\nname = "y"\ncount = 2\n'
    one, other = tmp_path / "one.toml", tmp_path / "other.toml"
    one.write_text("pods = 8\n" + pool + shares)
    other.write_text(pool + counts)
    assert alike(Synthetic(file=one).build(0), Synthetic(file=other).build(0))
    assert len(Synthetic(file=other, pods=16).build(0).pods) == 16


# -- names and order ------------------------------------------------------------


def test_names_are_unique_and_made_on_demand() -> None:
    names = PodNames.counting(["d/a", "d/b"], np.array([1, 0, 1, 1], np.int32))
    assert list(names) == ["d/b-0", "d/a-0", "d/b-1", "d/b-2"]
    assert names[-1] == "d/b-2"
    assert list(names[1:3]) == ["d/a-0", "d/b-1"]
    assert len(names) == 4
    with pytest.raises(IndexError):
        names[4]


def test_every_name_of_a_preset_is_a_pod_of_its_own() -> None:
    workload = Synthetic(preset="spread").build(0)
    names = [*workload.pods.names, *workload.bound.names]
    assert len(set(names)) == len(names)
    for name, spec in workload.pods:
        namespace, pod = name.split("/")
        assert namespace == spec.namespace
        assert re.fullmatch(rf"{dict(spec.labels)['app']}-\d+", pod)


def test_arrival_orders() -> None:
    sizes, rng = np.array([2, 3, 1]), np.random.default_rng(0)
    assert arrange(sizes, "by-class", rng).tolist() == [0, 0, 1, 1, 1, 2]
    runs, shuffled = (
        {tuple(arrange(sizes, order, rng).tolist()) for _ in range(200)}
        for order in ("by-replica-set", "shuffled")
    )
    blocks = ((0, 0), (1, 1, 1), (2,))
    assert runs == {sum(order, ()) for order in itertools.permutations(blocks)}
    assert shuffled > runs
    assert {Counter(order)[1] for order in shuffled} == {3}


# -- the documentation's example, key by key --------------------------------------


def test_example_pools(example: Workload) -> None:
    general, gpu = example.nodes[1], example.nodes[-1]
    assert (len(example.nodes), general.name, gpu.name) == (44, "general-01", "gpu-3")
    assert general.allocatable == {
        "cpu": 16_000,
        "memory": 64 * 2**30,
        "pods": 110,
        "ephemeral-storage": 200 * 2**30,
    }
    zone = {ZONE: "zone-b", HOSTNAME: "general-01"}
    assert general.labels == {"disk": "hdd", "generation": "3", **zone}
    assert gpu.gpus == GpuDevices(8, "A100")
    assert gpu.allocatable["example.com/nic"] == 2
    assert [(t.key, t.value, t.effect) for t in gpu.taints] == [("gpu", "yes", "NoSchedule")]


def test_example_shares(example: Workload) -> None:
    classes = Counter(app.rsplit("-", 1)[0] for app in app_of(example))
    assert classes == {"web": 240, "nightly": 120, "train": 40}


def test_example_web(example: Workload) -> None:
    (name, spec), *_ = (p for p in example.pods if p[1].namespace == "shop")
    app = dict(spec.labels)["app"]
    assert name.startswith(f"shop/{app}-")
    assert dict(spec.labels)["tier"] == "frontend"
    assert spec.priority in (1000, 2000)
    zone, host = spec.spread
    assert (zone.topology_key, zone.max_skew, zone.is_hard) == (ZONE, 1, True)
    assert zone.selector == LabelSelector.of({"app": app})
    assert (host.topology_key, host.max_skew, host.is_hard) == (HOSTNAME, 2, False)
    assert host.selector == LabelSelector.of({"tier": "frontend"})
    (term,) = spec.preferred_node_terms
    assert (term.weight, term.preference.match_expressions[0].values) == (50, ("hdd",))
    per_core = spec.request("memory") * 1000 / spec.request("cpu") / 2**30
    assert per_core in (2, 4)


def test_example_nightly_and_train(example: Workload) -> None:
    by_namespace = {spec.namespace: spec for spec in example.pods.specs}
    nightly, train = by_namespace["jobs"], by_namespace["ml"]
    assert nightly.node_selector == (("disk", "hdd"),)
    assert nightly.required_node_terms is not None
    (expression,) = nightly.required_node_terms[0].match_expressions
    assert (expression.key, expression.operator, expression.values) == ("generation", "Gt", ("2",))
    assert nightly.request("ephemeral-storage") == 10 * 2**30
    assert isinstance(train.gpu, GpuRequest)
    assert (train.gpu.count, train.gpu.models) == (1, ("A100",))
    assert (train.priority, train.request("cpu"), train.request("memory")) == (500, 4000, 2**35)
    assert train.tolerations[0].tolerates(example.nodes[-1].taints[0])


def test_example_fill_and_services(example: Workload) -> None:
    assert set(example.bound_node.tolist()) == set(range(40))
    assert {dict(s.labels)["app"] for s in example.bound.specs} == {
        f"agent.general-{i}" for i in range(4)
    }
    # 10 % of 16 cpu, 64 GiB and 110 pods: 16 by cpu, 51 by memory, 11 by pods
    assert Counter(Counter(example.bound_node.tolist()).values()) == {11: 40}
    web = sorted({app for app in app_of(example) if app.startswith("web-")})
    assert [(s.namespace, s.name) for s in example.services] == [("shop", app) for app in web]
    assert set(example.namespaces) == {"shop", "jobs", "ml", "default"}


def test_the_cluster_is_built_with_its_fill(example: Workload) -> None:
    cluster = Cluster.of(example)
    assert cluster.pod_count.tolist() == [11] * 40 + [0] * 4
    assert cluster.requested[:40, cluster.resource("cpu")].tolist() == [1100] * 40

"""Pod objects: everything that scheduling reads, with what the API server fills in."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from schedlab.errors import InputError
from schedlab.model.manifests import PriorityClass, pod_from_manifest
from schedlab.model.objects import (
    GpuRequest,
    HostPort,
    LabelSelector,
    NodeSelectorTerm,
    PodAffinityTerm,
    PodSpec,
    PreferredSchedulingTerm,
    Requirement,
    Toleration,
    TopologySpreadConstraint,
    WeightedPodAffinityTerm,
)

CONTAINERS = "containers: [{name: c, image: nginx}]"


def parsed(spec: str = "", metadata: str = "", **kwargs: Any) -> PodSpec:
    """Parse a pod of one container from the YAML of its spec and metadata."""
    return pod_from_manifest(manifest(spec, metadata), **kwargs)[1]


def manifest(spec: str, metadata: str) -> dict[str, Any]:
    stated = {**yaml.safe_load(CONTAINERS), **(yaml.safe_load(spec) or {})}
    return {"metadata": {"name": "p", **(yaml.safe_load(metadata) or {})}, "spec": stated}


def test_name_and_node_are_returned_beside_the_spec() -> None:
    name, spec, node = pod_from_manifest(manifest("nodeName: n1", "namespace: shop"))
    assert (name, node) == ("shop/p", "n1")
    assert (spec.namespace, spec.node_name) == ("shop", "")
    name, spec, node = pod_from_manifest(manifest("", 'namespace: ""'))
    assert (name, node, spec.namespace) == ("default/p", "", "default")


def test_equal_specs_are_one_signature() -> None:
    one = parsed("nodeSelector: {a: x, b: y}", "labels: {a: x, b: y}")
    other = parsed("nodeSelector: {b: y, a: x}", "labels: {b: y, a: x}")
    assert one == other
    assert hash(one) == hash(other)


def test_node_affinity() -> None:
    pod = parsed(
        """
        nodeSelector: {disk: ssd}
        affinity:
          nodeAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
              nodeSelectorTerms:
              - matchExpressions: [{key: cores, operator: Gt, values: ["4"]}]
                matchFields: [{key: metadata.name, operator: NotIn, values: [n1]}]
              - {}
            preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 7
              preference: {matchExpressions: [{key: gpu, operator: Exists}]}
        """
    )
    cores = Requirement("cores", "Gt", ("4",))
    name = Requirement("metadata.name", "NotIn", ("n1",))
    gpu = NodeSelectorTerm((Requirement("gpu", "Exists"),))
    assert pod.node_selector == (("disk", "ssd"),)
    assert pod.required_node_terms == (NodeSelectorTerm((cores,), (name,)), NodeSelectorTerm())
    assert pod.preferred_node_terms == (PreferredSchedulingTerm(7, gpu),)
    assert parsed().required_node_terms is None


def test_pod_affinity_has_its_label_keys_merged() -> None:
    pod = parsed(
        """
        affinity:
          podAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: zone
              labelSelector: {matchLabels: {app: web}}
              matchLabelKeys: [version, absent]
              mismatchLabelKeys: [tenant]
              namespaces: [b, a, b]
              namespaceSelector: {}
          podAntiAffinity:
            preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 3
              podAffinityTerm: {topologyKey: host, matchLabelKeys: [version]}
        """,
        "labels: {version: v2, tenant: t1}",
    )
    selector = LabelSelector(
        (
            Requirement("app", "In", ("web",)),
            Requirement("version", "In", ("v2",)),
            Requirement("tenant", "NotIn", ("t1",)),
        )
    )
    near = PodAffinityTerm("zone", selector, ("a", "b"), LabelSelector())
    assert pod.required_affinity == (near,)
    # Without a selector there is nothing to merge into: it still matches no pod.
    assert pod.preferred_anti_affinity == (WeightedPodAffinityTerm(3, PodAffinityTerm("host")),)


def test_a_dump_with_merged_label_keys_stays_as_it_is() -> None:
    term = """
        affinity:
          podAntiAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: zone
              labelSelector: {matchExpressions: [{key: version, operator: In, values: [v2]}]}
              matchLabelKeys: [version]
        """
    [apart] = parsed(term, "labels: {version: v2}").required_anti_affinity
    assert apart.selector == LabelSelector((Requirement("version", "In", ("v2",)),))


def test_topology_spread() -> None:
    pod = parsed(
        """
        topologySpreadConstraints:
        - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}
        - maxSkew: 2
          topologyKey: host
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {}
          minDomains: 3
          nodeAffinityPolicy: Ignore
          nodeTaintsPolicy: Honor
          matchLabelKeys: [pod-template-hash]
        """
    )
    assert pod.spread == (
        TopologySpreadConstraint(1, "zone"),
        TopologySpreadConstraint(
            2,
            "host",
            "ScheduleAnyway",
            LabelSelector(),
            3,
            "Ignore",
            "Honor",
            ("pod-template-hash",),
        ),
    )


def test_tolerations() -> None:
    pod = parsed(
        """
        tolerations:
        - {key: a, value: b, effect: NoSchedule}
        - {operator: Exists}
        - {key: c, operator: Exists, effect: NoExecute, tolerationSeconds: 300}
        """
    )
    assert pod.tolerations == (
        Toleration("a", "Equal", "b", "NoSchedule"),
        Toleration("", "Exists"),
        Toleration("c", "Exists", "", "NoExecute"),
    )


PORTS = """
        containers:
        - {name: c, ports: [{containerPort: 80}, {containerPort: 81, hostPort: 8081}]}
        initContainers:
        - {name: once, ports: [{containerPort: 1, hostPort: 1}]}
        - name: sidecar
          restartPolicy: Always
          ports: [{containerPort: 53, hostPort: 53, protocol: UDP, hostIP: 10.0.0.1}]
        """


def test_host_ports_are_those_of_containers_and_sidecars() -> None:
    expected = {HostPort(8081), HostPort(53, "UDP", "10.0.0.1")}
    assert set(parsed(PORTS).host_ports) == expected


def test_on_the_host_network_every_port_is_a_host_port() -> None:
    pod = parsed(f"{PORTS}hostNetwork: true")
    assert set(pod.host_ports) == {HostPort(80), HostPort(8081), HostPort(53, "UDP", "10.0.0.1")}


@pytest.mark.parametrize(
    ("name", "normalized"),
    [
        ("nginx", "nginx:latest"),
        ("nginx:1.27", "nginx:1.27"),
        ("localhost:5000/nginx", "localhost:5000/nginx:latest"),
        ("localhost:5000/nginx:v1", "localhost:5000/nginx:v1"),
        ("nginx@sha256:0f49", "nginx@sha256:0f49"),
    ],
)
def test_images_are_named_as_nodes_name_them(name: str, normalized: str) -> None:
    pod = parsed(
        f"""
        initContainers: [{{name: i, image: busybox}}]
        containers: [{{name: c, image: {name}}}, {{name: d, image: {name}}}]
        """
    )
    assert pod.images == ("busybox:latest", normalized, normalized)


def test_gates_and_termination() -> None:
    pod = parsed("schedulingGates: [{name: a}, {name: b}]", "deletionTimestamp: '2026-01-01'")
    assert pod.scheduling_gates == ("a", "b")
    assert pod.terminating
    assert not parsed().terminating


CLASSES = {
    "online": PriorityClass(1000, "Never"),
    "usual": PriorityClass(7, is_default=True),
    "other": PriorityClass(8, is_default=True),
}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", (7, "PreemptLowerPriority")),
        ("priority: 3", (3, "PreemptLowerPriority")),
        ("priorityClassName: online", (1000, "Never")),
        (
            "{priorityClassName: online, preemptionPolicy: PreemptLowerPriority}",
            (1000, "PreemptLowerPriority"),
        ),
        ("{priority: -5, priorityClassName: gone}", (-5, "PreemptLowerPriority")),
    ],
)
def test_priority(spec: str, expected: tuple[int, str]) -> None:
    pod = parsed(spec, classes=CLASSES)
    assert (pod.priority, pod.preemption_policy) == expected


def test_system_priorities_are_known_and_unknown_ones_refused() -> None:
    assert parsed("priorityClassName: system-node-critical").priority == 2_000_001_000
    with pytest.raises(
        InputError,
        match=r"spec\.priorityClassName: unknown PriorityClass 'onlin'; did you mean 'online'\?",
    ):
        parsed("priorityClassName: onlin", classes=CLASSES)


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"gpu-milli": "500"}, GpuRequest(1, 500)),
        ({"gpu-count": "2"}, GpuRequest(2, 1000)),
        (
            {"gpu-count": "1", "gpu-milli": "300", "gpu-card-model": "V100|T4|V100"},
            GpuRequest(1, 300, ("T4", "V100")),
        ),
        ({"gpu-milli": "0", "gpu-count": "0"}, None),
        ({"gpu-card-model": "T4"}, None),
    ],
)
def test_alibaba_gpu_annotations(annotations: dict[str, str], expected: GpuRequest | None) -> None:
    stated = {f"alibabacloud.com/{k}": v for k, v in annotations.items()}
    pod = parsed("", yaml.safe_dump({"annotations": stated}))
    assert pod.gpu == expected


AFFINITY = "affinity: {{{}: {{requiredDuringSchedulingIgnoredDuringExecution: {}}}}}"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("containers: []", r"^Pod p: spec\.containers: expected at least one container, got \[\]"),
        (
            "containers: [{resources: {requests: {cpu: -1}}}]",
            r"^Pod p: spec\.containers\[0\]\.resources\.requests\.cpu: -1 is negative",
        ),
        (
            "containers: [{resources: {requests: {cpu: lots}}}]",
            r"spec\.containers\[0\]\.resources\.requests\.cpu: 'lots' is not a quantity",
        ),
        (
            "containers: [{}, {ports: [{containerPort: 1, hostPort: 70000}]}]",
            r"spec\.containers\[1\]\.ports\[0\]\.hostPort: expected an integer from 0 to 65535",
        ),
        ("tolerations: {}", r"^Pod p: spec\.tolerations: expected a list, got \{\}"),
        ("tolerations: [{key: a, operator: Gt}]", r"operator: expected one of Equal, Exists"),
        ("tolerations: [{value: a}]", r"tolerations\[0\]\.operator: missing, expected Exists"),
        ("nodeSelector: {a: true}", r"spec\.nodeSelector\.a: expected text \(put it in quotes\)"),
        ("nodeSelector: {1: a}", r"spec\.nodeSelector: key 1: expected text \(put it in quotes\)"),
        (
            "topologySpreadConstraints: [{maxSkew: 0, topologyKey: a}]",
            r"spec\.topologySpreadConstraints\[0\]\.maxSkew: expected an integer from 1",
        ),
        (AFFINITY.format("podAffinity", "[{}]"), r"\[0\]\.topologyKey: missing, expected text"),
        (
            AFFINITY.format("nodeAffinity", "{nodeSelectorTerms: []}"),
            r"nodeSelectorTerms: expected at least one term",
        ),
        (
            AFFINITY.format(
                "nodeAffinity",
                "{nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In}]}]}",
            ),
            r"nodeSelectorTerms\[0\]\.matchExpressions\[0\]\.values: missing, expected at least",
        ),
        (
            AFFINITY.format(
                "nodeAffinity",
                "{nodeSelectorTerms: [{matchFields: [{key: a, operator: In, values: [b]}]}]}",
            ),
            r"matchFields\[0\]\.key: expected one of metadata\.name, got 'a'",
        ),
        ("priority: high", r"^Pod p: spec\.priority: expected an integer from -2147483648"),
    ],
)
def test_malformed_pods_say_where(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parsed(spec)


def test_malformed_gpu_annotations_say_where() -> None:
    with pytest.raises(InputError, match=r"gpu-milli: expected a whole number from 0 to 1000"):
        parsed("", "annotations: {alibabacloud.com/gpu-milli: '1500'}")

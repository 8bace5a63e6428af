"""Effective requests: against a slow oracle, the KEPs' rules, and what the API server fills in."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedlab.errors import InputError
from schedlab.model.manifests import pod_from_manifest
from schedlab.model.objects import PodSpec

MIB = 1 << 20


def container(name: str = "c", **resources: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "image": "busybox", "resources": resources}


def sidecar(name: str = "s", **resources: dict[str, str]) -> dict[str, Any]:
    return {**container(name, **resources), "restartPolicy": "Always"}


def parsed(spec: dict[str, Any], status: dict[str, Any] | None = None) -> PodSpec:
    manifest = {"metadata": {"name": "p"}, "spec": spec, "status": status or {}}
    return pod_from_manifest(manifest)[1]


# -- the oracle: play the pod's life, moment by moment, in decimal arithmetic ----------

UNITS = {"m": Decimal("1e-3"), "": Decimal(1), "Ki": Decimal(1024), "Mi": Decimal(1024**2)}
NAMES = ("cpu", "memory", "example.com/fpga")


def number(text: str) -> Decimal:
    digits = text.rstrip("mKi" + "M")
    return Decimal(digits) * UNITS[text[len(digits) :]]


def moments(spec: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the containers that run together, at each moment of the pod's life."""
    sidecars: list[dict[str, Any]] = []
    for init in spec["initContainers"]:
        yield [*sidecars, init]
        if init.get("restartPolicy") == "Always":
            sidecars.append(init)
    yield [*sidecars, *spec["containers"]]


def peak(spec: dict[str, Any], resource: str, unstated: Decimal) -> int:
    def asked(one: dict[str, Any]) -> Decimal:
        resources = one["resources"]
        stated = {**resources.get("limits", {}), **resources.get("requests", {})}
        return number(stated[resource]) if resource in stated else unstated

    overhead = number(spec["overhead"].get(resource, "0"))
    most = max(sum(map(asked, running)) for running in moments(spec)) + overhead
    scaled = most * 1000 if resource == "cpu" else most
    return int(scaled.to_integral_value(ROUND_CEILING))


quantity = st.builds(
    lambda n, d, s: f"{n}{d}{s}",
    st.integers(0, 5000),
    st.sampled_from(["", ".5", ".125"]),
    st.sampled_from(["", "Ki", "Mi"]),
) | st.builds("{}m".format, st.integers(0, 5000))
resource_list = st.dictionaries(st.sampled_from(NAMES), quantity)
resources = st.fixed_dictionaries({}, optional={"requests": resource_list, "limits": resource_list})
containers = st.fixed_dictionaries({"resources": resources})
inits = st.fixed_dictionaries(
    {"resources": resources}, optional={"restartPolicy": st.just("Always")}
)
specs = st.fixed_dictionaries(
    {
        "containers": st.lists(containers, min_size=1, max_size=3),
        "initContainers": st.lists(inits, max_size=4),
        "overhead": resource_list,
    }
)


@given(specs)
def test_requests_are_the_peak_of_the_pods_life(spec: dict[str, Any]) -> None:
    pod = parsed(spec)
    assert {r: pod.request(r) for r in NAMES} == {r: peak(spec, r, Decimal(0)) for r in NAMES}
    defaults = {"cpu": Decimal("0.1"), "memory": Decimal(200 * MIB)}
    expected = tuple(peak(spec, r, default) for r, default in defaults.items())
    assert pod.nonzero == expected
    assert pod.nonzero_placed == expected


# -- known answers ---------------------------------------------------------------------


def test_sidecars_hold_what_they_have_while_later_init_containers_run() -> None:
    """KEP-753, 'Resources calculation for scheduling and pod admission'."""
    pod = parsed(
        {
            "initContainers": [
                container("first", requests={"cpu": "900m"}),
                sidecar("proxy", requests={"cpu": "300m"}),
                container("second", requests={"cpu": "700m"}),
            ],
            "containers": [container(requests={"cpu": "500m"})],
        }
    )
    assert pod.request("cpu") == 1000


def test_amounts_are_added_before_they_are_rounded_up() -> None:
    half = container(requests={"memory": "500m"})
    assert parsed({"containers": [half, half]}).request("memory") == 1
    # The API server rounds every single amount up to thousandths first.
    little = container(requests={"memory": "0.1m"})
    assert parsed({"containers": [little] * 1001}).request("memory") == 2


def test_an_explicit_zero_is_not_replaced_by_the_default() -> None:
    pod = parsed({"containers": [container(requests={"cpu": "0", "memory": "0"})]})
    assert pod.nonzero == (0, 0)
    assert pod.requests == ()


def test_the_default_is_put_for_every_container() -> None:
    pod = parsed({"containers": [container(), container("d", requests={"cpu": "1"})]})
    assert pod.nonzero == (1100, 400 * MIB)
    assert pod.requests == (("cpu", 1000),)


def test_a_limit_without_a_request_is_a_request() -> None:
    pod = parsed({"containers": [container(limits={"cpu": "2", "nvidia.com/gpu": "1"})]})
    assert dict(pod.requests) == {"cpu": 2000, "nvidia.com/gpu": 1}


# KEP-2837 (pod-level resources), "Proposed validation & defaulting rules".
@pytest.mark.parametrize(
    ("pod_level", "stated", "expected"),
    [
        ({"requests": {"cpu": "3"}}, {"requests": {"cpu": "1"}}, {"cpu": 3000}),
        ({"limits": {"cpu": "3"}}, {"requests": {"cpu": "1"}}, {"cpu": 1000}),
        ({"limits": {"cpu": "3"}}, {}, {"cpu": 3000}),
        (
            {"limits": {"cpu": "3"}},
            {"requests": {"memory": "1Mi"}},
            {"cpu": 3000, "memory": MIB},
        ),
        (
            {"requests": {"cpu": "1"}},
            {"limits": {"hugepages-2Mi": "4Mi"}},
            {"cpu": 1000, "hugepages-2Mi": 4 * MIB},
        ),
        ({"limits": {"cpu": "1"}}, {"limits": {"nvidia.com/gpu": "2"}}, None),
    ],
)
def test_pod_level_requests(
    pod_level: dict[str, Any], stated: dict[str, Any], expected: dict[str, int] | None
) -> None:
    pod = parsed({"resources": pod_level, "containers": [container(**stated)]})
    assert dict(pod.requests) == (expected or {"cpu": 1000, "nvidia.com/gpu": 2})


def test_partial_pod_level_requests_count_differently_before_and_after_placement() -> None:
    spec = {"resources": {"requests": {"cpu": "1"}}, "containers": [container(), container("d")]}
    pod = parsed(spec)
    assert pod.nonzero == (200, 400 * MIB)  # the Fit scorer knows no pod-level requests
    assert pod.nonzero_placed == (1000, 400 * MIB)
    # Where some container states memory, the whole pod does not lack it.
    spec["containers"] = [container(), container("d", requests={"memory": "1Mi"})]
    pod = parsed(spec)
    assert pod.nonzero == (200, 201 * MIB)
    assert pod.nonzero_placed == (1000, MIB)


@pytest.mark.parametrize(
    ("reason", "expected"), [("Deferred", 2000), ("Infeasible", 1500), (None, 2000)]
)
def test_a_pod_being_resized_counts_for_the_larger(reason: str | None, expected: int) -> None:
    held = {
        "name": "c",
        "allocatedResources": {"cpu": "1500m"},
        "resources": {"requests": {"cpu": "500m"}},
    }
    conditions = [{"type": "PodResizePending", "status": "True", "reason": reason}]
    status = {"containerStatuses": [held], "conditions": conditions if reason else []}
    spec = {"containers": [container("c", requests={"cpu": "2"})]}
    assert parsed(spec, status).request("cpu") == expected


def test_unknown_resources_are_refused() -> None:
    with pytest.raises(
        InputError,
        match=r"Pod p: spec\.containers\[0\]\.resources\.limits\.gpu: unknown resource",
    ):
        parsed({"containers": [container(limits={"gpu": "1"})]})


def test_a_sum_beyond_64_bits_is_refused() -> None:
    huge = container(requests={"memory": "7E"})
    with pytest.raises(InputError, match=r"Pod p: spec: memory: 14000000000000000000 is too large"):
        parsed({"containers": [huge, huge]})

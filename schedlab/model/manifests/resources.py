"""What a pod requests in effect: containers, init containers, sidecars, pod level, overhead.

Amounts are thousandths of the resource's unit until the very end, as the API server keeps
them; only the totals are rounded up, as the scheduler does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from schedlab.errors import InputError
from schedlab.model.manifests.fields import Field
from schedlab.model.manifests.scheduling import is_sidecar
from schedlab.model.objects import CPU, DEFAULT_NONZERO, EPHEMERAL_STORAGE, MEMORY, Amounts
from schedlab.model.quantity import as_int64, whole

Quantities = Mapping[str, int]
_Reader = Callable[[Field], Quantities]

HUGE_PAGES = "hugepages-"
NONZERO = {CPU: DEFAULT_NONZERO[CPU], MEMORY: 1000 * DEFAULT_NONZERO[MEMORY]}


@dataclass(frozen=True, slots=True)
class Requests:
    """A pod's requests, and (cpu, memory) as scoring sees them before and after placement."""

    amounts: Amounts
    nonzero: tuple[int, int]
    nonzero_placed: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Containers:
    """What each container asks for; ``init`` pairs it with whether it is a sidecar."""

    regular: Sequence[Quantities]
    init: Sequence[tuple[bool, Quantities]]

    def aggregate(self, defaults: Quantities | None = None) -> Quantities:
        """Return the most that is in use at once, ``defaults`` standing in for what is unstated.

        Sidecars run beside every init container after them and beside the regular ones
        (KEP-753; component-helpers/resource/helpers.go, AggregateContainerRequests).
        """
        base = defaults or {}
        total = plus(*({**base, **c} for c in self.regular))
        running: Quantities = {}
        peak: Quantities = {}
        for sidecar, stated in self.init:
            amounts = {**base, **stated}
            stage = plus(running, amounts)
            peak = maximum(peak, stage)
            if sidecar:
                running, total = stage, plus(total, amounts)
        return maximum(total, peak)


def pod_requests(pod: Field) -> Requests:
    """Return the effective requests of a pod (``resource.PodRequests``).

    ``nonzero`` puts 100m cpu and 200Mi memory for every container that states none, and
    knows no pod-level requests: the scorer of NodeResourcesFit skips them (Fit's own
    ``enablePodLevelResources`` hides that of the scorer it embeds).  ``nonzero_placed``
    is what NodeInfo counts: with pod-level requests, and defaults only for what the whole
    pod leaves unstated (scheduler/framework/types.go, CalculateResource).
    """
    pod_level = _pod_level(pod["spec"])
    overhead = pod["spec"]["overhead"].quantities()
    containers = _as_resized(pod)

    requests = plus({**containers.aggregate(), **pod_level}, overhead)
    nonzero = plus(containers.aggregate(NONZERO), overhead)
    unstated = {r: d for r, d in NONZERO.items() if not pod_level or r not in requests}
    placed = plus({**containers.aggregate(unstated), **pod_level}, overhead)
    return Requests(
        tuple((r, a) for r, a in amounts(requests, pod["spec"]).items() if a),
        _cpu_and_memory(nonzero, pod["spec"]),
        _cpu_and_memory(placed, pod["spec"]),
    )


def amounts(quantities: Quantities, place: Field) -> dict[str, int]:
    """Return thousandths as the scheduler's integers: cpu in milli-cores, the rest whole."""
    rounded = {r: a if r == CPU else whole(a) for r, a in quantities.items()}
    for resource, amount in rounded.items():
        try:
            as_int64(amount, amount)
        except InputError as error:
            raise place.error(f"{resource}: {error}") from None
    return rounded


def plus(*parts: Quantities) -> Quantities:
    """Return the sum by resource."""
    total: dict[str, int] = {}
    for part in parts:
        for resource, amount in part.items():
            total[resource] = total.get(resource, 0) + amount
    return total


def maximum(one: Quantities, other: Quantities) -> Quantities:
    """Return the larger by resource."""
    return {r: max(one.get(r, 0), other.get(r, 0)) for r in {**one, **other}}


def _cpu_and_memory(quantities: Quantities, place: Field) -> tuple[int, int]:
    by_name = amounts({r: quantities.get(r, 0) for r in NONZERO}, place)
    return by_name[CPU], by_name[MEMORY]


# -- what the API server fills in --------------------------------------------------


def _pod_level(spec: Field) -> Quantities:
    """Return the pod-level requests after defaulting (pkg/apis/core/v1/defaults.go).

    The defaulting of huge page limits changes nothing: a container's request is its limit.
    """
    resources = spec["resources"]
    requests, limits = resources["requests"].quantities(), resources["limits"].quantities()
    if limits:
        used = _each(spec, _stated_requests).aggregate()
        overcommitted = {r: a for r, a in used.items() if r in NONZERO}
        requests = {**limits, **overcommitted, **requests}
    return {r: a for r, a in requests.items() if r in NONZERO or _is_huge(r)}


def _is_huge(resource: str) -> bool:
    return resource.startswith(HUGE_PAGES)


def _each(spec: Field, read: _Reader) -> Containers:
    init = [(is_sidecar(c), read(c)) for c in spec["initContainers"].items()]
    return Containers([read(c) for c in spec["containers"].items()], init)


def _stated_requests(container: Field) -> Quantities:
    """Return a container's requests; a limit without a request is one too."""
    resources = container["resources"]
    return {**_known(resources["limits"]), **_known(resources["requests"])}


def _known(field: Field) -> Quantities:
    quantities = field.quantities()
    for resource in quantities:
        standard = resource in (CPU, MEMORY, EPHEMERAL_STORAGE) or _is_huge(resource)
        if not standard and "/" not in resource:
            raise field[resource].error(
                "unknown resource, expected cpu, memory, ephemeral-storage, hugepages-<size> "
                "or an extended resource such as nvidia.com/gpu"
            )
    return quantities


# -- pods resized in place ---------------------------------------------------------


def _as_resized(pod: Field) -> Containers:
    """Return what containers ask for, or still hold while a resize is under way (KEP-1287)."""
    held = _held(pod)
    infeasible = bool(held) and _resize_is_infeasible(pod["status"])

    def read(container: Field) -> Quantities:
        holds = held.get(container["name"].value)
        if holds is None:
            return _stated_requests(container)
        return holds if infeasible else maximum(_stated_requests(container), holds)

    return _each(pod["spec"], read)


def _held(pod: Field) -> dict[str, Quantities]:
    """Return by name what running containers and sidecars hold, as the kubelet reports it."""
    status = pod["status"]
    sidecars = {c["name"].value for c in pod["spec"]["initContainers"].items() if is_sidecar(c)}
    of_sidecars = (
        s for s in status["initContainerStatuses"].items() if s["name"].value in sidecars
    )
    return {
        s["name"].text(): maximum(
            s["resources"]["requests"].quantities(), s["allocatedResources"].quantities()
        )
        for s in (*status["containerStatuses"].items(), *of_sidecars)
        if s["resources"].present
    }


def _resize_is_infeasible(status: Field) -> bool:
    pending = (c for c in status["conditions"].items() if c["type"].value == "PodResizePending")
    return next((c["reason"].value == "Infeasible" for c in pending), False)

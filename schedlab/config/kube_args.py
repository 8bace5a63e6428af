"""The arguments of Kubernetes' plugins (pluginConfig) as those of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schedlab.config.kube_models import KubeModel, Listed, Percentage, validated
from schedlab.errors import InputError
from schedlab.model.manifests.affinity import preferred_node_terms, required_node_terms
from schedlab.model.manifests.fields import Field as ManifestField
from schedlab.model.manifests.scheduling import spread_constraint

Args = dict[str, Any]


def _one_if_zero(value: object) -> object:
    return 1 if value in (0, None) and not isinstance(value, bool) else value


ResourceWeight = Annotated[int, Field(ge=1, le=100, strict=True), BeforeValidator(_one_if_zero)]


class ArgsModel(KubeModel):
    """Base: arguments may state their own apiVersion and kind."""

    api_version: Literal["kubescheduler.config.k8s.io/v1"] | None = None
    kind: str | None = None


class Resource(KubeModel):
    """A resource's weight; none or 0 stands for 1."""

    name: str = Field(min_length=1)
    weight: ResourceWeight = 1


class ShapePoint(KubeModel):
    """A point of the function from utilization (percent) to score (0 to 10)."""

    utilization: Percentage
    score: Annotated[int, Field(ge=0, le=10, strict=True)]


class RequestedToCapacityRatio(KubeModel):
    """The function of that strategy."""

    shape: tuple[ShapePoint, ...] = Field(min_length=1)


class ScoringStrategy(KubeModel):
    """How NodeResourcesFit ranks nodes; no resources stand for cpu and memory."""

    type: Literal["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"]
    resources: Listed[Resource] = ()
    requested_to_capacity_ratio: RequestedToCapacityRatio | None = None

    @model_validator(mode="after")
    def _has_its_shape(self) -> ScoringStrategy:
        needed = self.type == "RequestedToCapacityRatio"
        if needed and self.requested_to_capacity_ratio is None:
            raise ValueError("RequestedToCapacityRatio needs requestedToCapacityRatio.shape")
        if not needed and self.requested_to_capacity_ratio is not None:
            raise ValueError(f"requestedToCapacityRatio does not go with type {self.type}")
        return self


class NodeResourcesFitArgs(ArgsModel):
    """NodeResourcesFitArgs."""

    ignored_resources: Listed[str] = ()
    ignored_resource_groups: Listed[str] = ()
    scoring_strategy: ScoringStrategy | None = None


class UnitResource(KubeModel):
    """A resource of NodeResourcesBalancedAllocation, where all weigh alike."""

    name: str = Field(min_length=1)
    weight: Annotated[int, Field(ge=1, le=1, strict=True), BeforeValidator(_one_if_zero)] = 1


class NodeResourcesBalancedAllocationArgs(ArgsModel):
    """NodeResourcesBalancedAllocationArgs."""

    resources: Listed[UnitResource] = ()

    @model_validator(mode="after")
    def _named_once(self) -> NodeResourcesBalancedAllocationArgs:
        names = [r.name for r in self.resources]
        if len(set(names)) < len(names):
            raise ValueError("a resource is named twice")
        return self


class NodeAffinityArgs(ArgsModel):
    """NodeAffinityArgs; ``addedAffinity`` is a NodeAffinity, read as in a pod."""

    added_affinity: dict[str, Any] | None = None


class PodTopologySpreadArgs(ArgsModel):
    """PodTopologySpreadArgs; the constraints are read as in a pod."""

    default_constraints: Listed[dict[str, Any]] = ()
    defaulting_type: Literal["System", "List"] = "System"

    @model_validator(mode="after")
    def _list_or_system(self) -> PodTopologySpreadArgs:
        constraints = self.default_constraints
        if constraints and self.defaulting_type == "System":
            raise ValueError("defaultConstraints need defaultingType: List")
        if any(c.get("labelSelector") is not None for c in constraints):
            raise ValueError("a default constraint has no labelSelector: it is the pod's Services'")
        kinds = [(c.get("topologyKey"), c.get("whenUnsatisfiable")) for c in constraints]
        if len(set(kinds)) < len(kinds):
            raise ValueError("two default constraints have the same key and whenUnsatisfiable")
        return self


class InterPodAffinityArgs(ArgsModel):
    """InterPodAffinityArgs."""

    hard_pod_affinity_weight: Percentage = 1
    ignore_preferred_terms_of_existing_pods: bool = False


class VolumeBindingArgs(ArgsModel):
    """VolumeBindingArgs; the time a bind may take has no effect here."""

    bind_timeout_seconds: Annotated[int, Field(ge=0, strict=True)] | None = None


class DynamicResourcesArgs(ArgsModel):
    """DynamicResourcesArgs: how long things may take, which has no effect here."""

    filter_timeout: str | None = None
    binding_timeout: str | None = None


class DefaultPreemptionArgs(ArgsModel):
    """DefaultPreemptionArgs."""

    min_candidate_nodes_percentage: Percentage = 10
    min_candidate_nodes_absolute: Annotated[int, Field(ge=0, strict=True)] = 100

    @model_validator(mode="after")
    def _some_candidates(self) -> DefaultPreemptionArgs:
        if not (self.min_candidate_nodes_percentage or self.min_candidate_nodes_absolute):
            raise ValueError("one of the two minima must be above 0")
        return self


def plugin_args(name: str, args: Mapping[str, Any], where: str) -> Args:
    """Return the arguments of our plugin ``name`` for those of Kubernetes'.

    Raises
    ------
    InputError
        For a plugin without arguments, or an argument that is unknown or wrong.
    """
    if name not in _TRANSLATE:
        known = ", ".join(sorted(_TRANSLATE))
        raise InputError(f"{where}: {name} takes no arguments (those that do: {known})")
    return _TRANSLATE[name](args, where)


def _node_resources_fit(args: Mapping[str, Any], where: str) -> Args:
    stated = validated(NodeResourcesFitArgs, args, where)
    given: Args = {
        "ignored_resources": stated.ignored_resources,
        "ignored_resource_groups": stated.ignored_resource_groups,
    }
    strategy = stated.scoring_strategy
    if strategy is not None:
        given["scoring_strategy"] = _strategy(strategy)
    return given


def _strategy(strategy: ScoringStrategy) -> Args:
    given: Args = {"type": strategy.type, **_resources(strategy.resources)}
    if strategy.type == "RequestedToCapacityRatio":
        assert strategy.requested_to_capacity_ratio is not None
        shape = strategy.requested_to_capacity_ratio.shape
        given["shape"] = [{"utilization": p.utilization, "score": p.score} for p in shape]
    return given


def _resources(resources: tuple[Resource | UnitResource, ...]) -> Args:
    """Return nothing where Kubernetes fills in cpu and memory."""
    listed = [{"name": r.name, "weight": r.weight} for r in resources]
    return {"resources": listed} if listed else {}


def _balanced(args: Mapping[str, Any], where: str) -> Args:
    return _resources(validated(NodeResourcesBalancedAllocationArgs, args, where).resources)


def _node_affinity(args: Mapping[str, Any], where: str) -> Args:
    added = validated(NodeAffinityArgs, args, where).added_affinity
    affinity = ManifestField({"nodeAffinity": added}, f"{where}: addedAffinity")
    return {
        "added_required": required_node_terms(affinity),
        "added_preferred": preferred_node_terms(affinity),
    }


def _spread(args: Mapping[str, Any], where: str) -> Args:
    stated = validated(PodTopologySpreadArgs, args, where)
    constraints = ManifestField(list(stated.default_constraints), f"{where}: defaultConstraints")
    return {
        "defaulting_type": stated.defaulting_type,
        "default_constraints": tuple(spread_constraint(c) for c in constraints.items()),
    }


def _as_named(model: type[ArgsModel]) -> Callable[[Mapping[str, Any], str], Args]:
    """Return the translation of arguments that ours have under the same names."""

    def translate(args: Mapping[str, Any], where: str) -> Args:
        return validated(model, args, where).model_dump(exclude={"api_version", "kind"})

    return translate


def _without_effect(model: type[ArgsModel]) -> Callable[[Mapping[str, Any], str], Args]:
    def translate(args: Mapping[str, Any], where: str) -> Args:
        validated(model, args, where)
        return {}

    return translate


_TRANSLATE: dict[str, Callable[[Mapping[str, Any], str], Args]] = {
    "NodeResourcesFit": _node_resources_fit,
    "NodeResourcesBalancedAllocation": _balanced,
    "NodeAffinity": _node_affinity,
    "PodTopologySpread": _spread,
    "InterPodAffinity": _as_named(InterPodAffinityArgs),
    "VolumeBinding": _without_effect(VolumeBindingArgs),
    "DynamicResources": _without_effect(DynamicResourcesArgs),
    "DefaultPreemption": _as_named(DefaultPreemptionArgs),
}

"""Explain pods and print it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schedlab.api import Budget, Cluster
from schedlab.cli.console import console, print_json
from schedlab.cli.explained import print_pod
from schedlab.cli.explained_brief import print_brief
from schedlab.cli.explained_notes import print_notes
from schedlab.config.kube_scheduler import kube_scheduler, load_configuration
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.errors import InputError
from schedlab.explain.answer import answer
from schedlab.explain.counterfactual import counterfactual
from schedlab.explain.report import report
from schedlab.explain.source import find_pod, load_source, profile_of, with_new_pod
from schedlab.explain.turn import NOWHERE, at_turn, in_queue_order
from schedlab.model.objects import Workload
from schedlab.model.scenario import Scenario
from schedlab.registry import Registry

DEFAULT = "kubernetes"


@dataclass(frozen=True)
class Chosen:
    """Who decides: a profile's name, or a KubeSchedulerConfiguration and one of its profiles."""

    name: str | None
    config: Path | None
    scheduler_name: str
    plugin_files: tuple[Path, ...]


@dataclass(frozen=True)
class Question:
    """What is asked on the command line."""

    source: str
    pod: str | None
    scheduler: Chosen
    seed: int
    now: bool


def tell(question: Question, as_json: bool) -> None:
    """Explain one pod, or all waiting ones in brief, on standard output."""
    registry = Registry(question.scheduler.plugin_files)
    scenario = load_source(question.source, question.seed, registry)
    if question.pod is None:
        _tell_all(question, scenario, registry, as_json)
    else:
        _tell_one(question, scenario, registry, as_json)


def _tell_all(question: Question, scenario: Scenario, registry: Registry, as_json: bool) -> None:
    profile, workload = _profile(question.scheduler, scenario, registry), scenario.workload
    if as_json:
        told = answer(profile, in_queue_order(profile, workload))
        print_json(told if scenario.recorded else told | _context(workload))
        return
    budget = Budget(seed=question.seed)
    placement = FilterScore(profile=profile).schedule(Cluster.of(workload), workload.pods, budget)
    print_brief(console(), placement, workload, profile.name, question.source)
    print_notes(console(), workload)


def _context(workload: Workload) -> dict[str, Any]:
    """Return what a reader of the answer as data needs beside it."""
    nodes = [node.name for node in workload.nodes]
    return {"nodes": nodes, "ignored": dict(workload.ignored)}


def _tell_one(question: Question, scenario: Scenario, registry: Registry, as_json: bool) -> None:
    assert question.pod is not None
    if Path(question.pod).is_file():
        scenario, name = with_new_pod(scenario, question.source, Path(question.pod))
    else:
        name = find_pod(question.pod, scenario.workload)
    profile = _profile(question.scheduler, scenario, registry)
    turn = at_turn(profile, scenario.workload, name, now=question.now, seed=question.seed)
    change = counterfactual(turn) if turn.chosen == NOWHERE else None
    told = report(turn, change)
    if as_json:
        print_json(told | {"ignored": dict(scenario.workload.ignored)})
    else:
        print_pod(console(), told)
        print_notes(console(), scenario.workload)


def _profile(chosen: Chosen, scenario: Scenario, registry: Registry) -> Profile:
    """Return who decides: the scenario's own configuration unless another one is asked for."""
    if scenario.recorded and chosen.name in (None, DEFAULT) and chosen.config is None:
        return profile_of(scenario, registry)
    profile = _asked_for(chosen, registry)
    return replace(profile, queue_sort="Arrival") if scenario.recorded else profile


def _asked_for(chosen: Chosen, registry: Registry) -> Profile:
    if chosen.config is not None:
        return _configured(chosen, chosen.config, registry)
    if chosen.scheduler_name:
        raise InputError("--profile chooses within a KubeSchedulerConfiguration: give --config")
    name = chosen.name or DEFAULT
    scheduler = registry.make_scheduler(name, {})
    if not isinstance(scheduler, FilterScore):
        raise InputError(
            f"scheduler {name!r} decides in batches, by no filters and scores, so its choices "
            "cannot be explained; explain takes the profiles of: schedlab list schedulers"
        )
    return scheduler.profile


def _configured(chosen: Chosen, file: Path, registry: Registry) -> Profile:
    """Return the profile of a KubeSchedulerConfiguration, named by the file and itself."""
    if chosen.name is not None:
        raise InputError(
            f"--scheduler {chosen.name} and --config {file} each say who decides: give one of "
            "them (--profile chooses within a configuration)"
        )
    stated = {"configuration": str(file), "scheduler_name": chosen.scheduler_name}
    profile = registry.make_profile(DEFAULT, stated)
    name = kube_scheduler(
        load_configuration(file), str(file), chosen.scheduler_name, registry.extension_points
    ).name
    return replace(profile, name=f"{name} of {file}")

"""Explain pods and print it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from schedlab.api import Budget, Cluster
from schedlab.cli.console import console, print_json
from schedlab.cli.explained import print_pod
from schedlab.cli.explained_brief import print_brief
from schedlab.core.filter_score import FilterScore
from schedlab.core.profile import Profile
from schedlab.errors import InputError
from schedlab.explain.answer import answer
from schedlab.explain.counterfactual import counterfactual
from schedlab.explain.report import report
from schedlab.explain.source import find_pod, load_source, profile_of, with_new_pod
from schedlab.explain.turn import NOWHERE, at_turn, in_queue_order
from schedlab.model.scenario import Scenario
from schedlab.registry import Registry

DEFAULT = "kubernetes"


@dataclass(frozen=True)
class Chosen:
    """Who decides: a profile's name, or a KubeSchedulerConfiguration and one of its profiles."""

    name: str
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
        names = {} if scenario.recorded else {"nodes": [node.name for node in workload.nodes]}
        print_json(told | names)
        return
    budget = Budget(seed=question.seed)
    placement = FilterScore(profile=profile).schedule(Cluster.of(workload), workload.pods, budget)
    print_brief(console(), placement, workload, profile.name, question.source)


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
        print_json(told)
    else:
        print_pod(console(), told)


def _profile(chosen: Chosen, scenario: Scenario, registry: Registry) -> Profile:
    """Return who decides: the scenario's own configuration unless another one is asked for."""
    if scenario.recorded and chosen.name == DEFAULT and chosen.config is None:
        return profile_of(scenario, registry)
    profile = _asked_for(chosen, registry)
    return replace(profile, queue_sort="Arrival") if scenario.recorded else profile


def _asked_for(chosen: Chosen, registry: Registry) -> Profile:
    if chosen.config is not None:
        stated = {"configuration": str(chosen.config), "scheduler_name": chosen.scheduler_name}
        return registry.make_profile(chosen.name, stated)
    if chosen.scheduler_name:
        raise InputError("--profile chooses within a KubeSchedulerConfiguration: give --config")
    scheduler = registry.make_scheduler(chosen.name, {})
    if not isinstance(scheduler, FilterScore):
        raise InputError(
            f"scheduler {chosen.name!r} decides by no filters and scores that could be told; "
            "explain takes the profiles of: schedlab list schedulers"
        )
    return scheduler.profile

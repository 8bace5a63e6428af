"""Dealing the shares of some GPU devices anew, by a plan that leaves more devices whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from ortools.sat.python import cp_model

from schedlab_algorithms.cp_sat.lexicographic import HintedModel, Objective, solve_in_order
from schedlab_algorithms.large_neighbourhood.deal import Cell, Deal, carry_out
from schedlab_algorithms.packing.effort import Effort
from schedlab_algorithms.packing.solving import COST_OF_VARIABLE, SECONDS_OF_VARIABLE

Variables = dict[Cell, cp_model.IntVar]


@dataclass
class DealModel:
    """Variables for node j: ``cuts[q, j]`` devices of pattern q, ``pods[i, j]`` of signature i."""

    deal: Deal
    hinted: HintedModel = field(default_factory=HintedModel)
    cuts: Variables = field(default_factory=dict)
    pods: Variables = field(default_factory=dict)


def deal_anew(deal: Deal, effort: Effort, share: float) -> bool:
    """Deal as planned, with as many waiting pods as possible, or say that it was not found how.

    Spends at most ``share`` deterministic seconds.
    """
    most = len(deal.nodes) * (len(deal.signatures) + len(deal.patterns))
    if not effort.affords(SECONDS_OF_VARIABLE * most):
        return False
    model = _model(deal)
    effort.charge(COST_OF_VARIABLE * len(model.hinted.variables))
    found = solve_in_order(model.hinted, [_waiting_placed(model)], effort, share)
    cuts, pods = _values(model.cuts, found.values), _values(model.pods, found.values)
    last = len(deal.patterns) - 1
    if sum(times for (q, _), times in cuts.items() if q < last) != deal.then.sum():
        return False
    carry_out(deal, cuts, pods)
    return True


def _values(variables: Variables, values: Sequence[int]) -> dict[Cell, int]:
    return {cell: values[v.index] for cell, v in variables.items() if values[v.index]}


def _model(deal: Deal) -> DealModel:
    model = DealModel(deal)
    _add_cuts(model)
    _add_pods(model)
    _add_sizes(model)
    _add_room(model)
    return model


def _add_cuts(model: DealModel) -> None:
    """Cut the devices of each node into what they hold now, new patterns, or one whole pod."""
    deal, total = model.deal, model.hinted.model
    now = np.zeros((len(deal.patterns), len(deal.nodes)), np.int64)
    np.add.at(now, (deal.held, np.searchsorted(deal.nodes, deal.node)), 1)
    new = np.append(deal.then > now[:-1].sum(axis=1), len(deal.wanted) > 0)
    for q, j in np.argwhere(new[:, None] | (now > 0)).tolist():
        model.cuts[q, j] = model.hinted.integer(0, len(deal.devices[j]), int(now[q, j]))
    for j, cuts in _by_column(model.cuts).items():
        total.add(cp_model.LinearExpr.sum([v for _, v in cuts]) <= len(deal.devices[j]))
    for q, cuts in _by_row(model.cuts).items():
        if q < len(deal.then):
            total.add(cp_model.LinearExpr.sum([v for _, v in cuts]) == int(deal.then[q]))


def _add_pods(model: DealModel) -> None:
    """Place every lifted pod, and at most those that wait."""
    deal, problem = model.deal, model.deal.incumbent.problem
    lifted, waiting = deal.placed.sum(axis=1), deal.incumbent.unplaced[deal.signatures]
    most = np.where(lifted > 0, lifted, waiting)
    eligible = problem.eligible[np.ix_(deal.signatures, deal.nodes)]
    for i, j in np.argwhere(eligible).tolist():
        model.pods[i, j] = model.hinted.integer(0, int(most[i]), int(deal.placed[i, j]))
    for i, pods in _by_row(model.pods).items():
        placed = cp_model.LinearExpr.sum([v for _, v in pods])
        model.hinted.model.add(placed == int(most[i]) if lifted[i] else placed <= int(most[i]))


def _add_sizes(model: DealModel) -> None:
    """Let the patterns on each node have as many shares of each size as its pods."""
    deal = model.deal
    size = np.searchsorted(deal.sizes, deal.incumbent.problem.gpu_milli[deal.signatures])
    cuts = _by_column(model.cuts)
    for j, pods in _by_column(model.pods).items():
        for k in range(len(deal.sizes)):
            taken = cp_model.LinearExpr.sum([v for i, v in pods if size[i] == k])
            shares = [int(deal.patterns[q, k]) for q, _ in cuts[j]]
            cut = cp_model.LinearExpr.weighted_sum([v for _, v in cuts[j]], shares)
            model.hinted.model.add(taken == cut)


def _add_room(model: DealModel) -> None:
    """Keep each node within its resources, which the devices are not, and its number of pods."""
    deal, problem = model.deal, model.deal.incumbent.problem
    requests = problem.requests[deal.signatures]
    table = np.column_stack([requests, np.ones(len(requests), np.int64)])
    left = np.column_stack([deal.incumbent.free, deal.incumbent.slots])[deal.nodes]
    room = np.maximum(left + deal.placed.T @ table, 0)
    for j, pods in _by_column(model.pods).items():
        for weights, limit in zip(table[[i for i, _ in pods]].T, room[j].tolist(), strict=True):
            grain = int(np.gcd.reduce(weights))
            if grain:
                taken = [v for _, v in pods], (weights // grain).tolist()
                model.hinted.model.add(cp_model.LinearExpr.weighted_sum(*taken) <= limit // grain)


def _waiting_placed(model: DealModel) -> Objective:
    """Maximise the value of pods placed that waited."""
    deal = model.deal
    moved, weights = len(deal.signatures) - len(deal.wanted), deal.incumbent.problem.value_weights
    terms = [
        (v, int(weights[deal.signatures[i]])) for (i, _), v in model.pods.items() if i >= moved
    ]
    span = len(deal.device) * max((w for _, w in terms), default=0)
    return Objective([v for v, _ in terms], [w for _, w in terms], span)


def _by_row(variables: Variables) -> dict[int, list[tuple[int, cp_model.IntVar]]]:
    found: dict[int, list[tuple[int, cp_model.IntVar]]] = defaultdict(list)
    for (row, column), variable in variables.items():
        found[row].append((column, variable))
    return found


def _by_column(variables: Variables) -> dict[int, list[tuple[int, cp_model.IntVar]]]:
    return _by_row({(column, row): v for (row, column), v in variables.items()})

"""What moving one process would cost, exactly.

A *shift* moves one process; :func:`shifts` prices some processes against every machine.
"""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.machine_reassignment.columns import Floats
from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import State


def shift(state: State, p: int, to: int) -> float:
    """Return what moving one process to one machine adds to :meth:`State.total`."""
    source, first = int(state.at[p]), int(state.problem.initial[p])
    if source == to:
        return 0.0
    columns, s = state.columns, int(state.problem.service[p])
    left = state.slack[source] + (columns.home[p] if source == first else columns.away[p])
    joined = state.slack[to] - (columns.home[p] if to == first else columns.away[p])
    change = -(np.minimum(left, 0) @ columns.weight[source])
    change -= np.minimum(joined, 0) @ columns.weight[to]
    change -= state.machine_cost[source] + state.machine_cost[to]
    change += state.entry[s, to] - state.entry[s, source] + state.fault + state.barred[p, to]
    change += state.machine_move[first, to] - state.machine_move[first, source]
    return float(change + _moving(state, p, s, source, to, first) + _rule(state, s, source, to))


def _moving(state: State, p: int, s: int, source: int, to: int, first: int) -> float:
    weight, moved = state.problem.service_weight, state.moved[s]
    if source == first:
        return state.process_cost[p] + weight * (moved == state.most_moved)
    if to == first:
        alone = moved == state.most_moved and state.movers[moved] == 1
        return -state.process_cost[p] - weight * alone
    return 0.0


def _rule(state: State, s: int, source: int, to: int) -> float:
    problem, faults = state.problem, 0
    before, after = problem.location[source], problem.location[to]
    if problem.spread[s] > 1 and before != after:
        row, missing = state.in_location[s], problem.spread[s] - state.locations[s]
        then = missing + int(row[before] == 1) - int(row[after] == 0)
        faults += max(then, 0) - max(missing, 0)
    before, after = problem.neighbourhood[source], problem.neighbourhood[to]
    if len(state.dependencies.of[s]) and before != after:
        row, dependents = state.in_neighbourhood[s], state.dependents[s]
        faults += dependents[before] * (row[before] == 1) - dependents[after] * (row[after] == 0)
    return state.fault * float(faults)


def shifts(state: State, ps: Ints) -> Floats:
    """Return what moving each of some processes to each machine adds, shape (len(ps), M)."""
    problem, columns, rows = state.problem, state.columns, np.arange(len(ps))
    source, first, s = state.at[ps], problem.initial[ps], problem.service[ps]
    stays = source == first
    away, home = columns.away[ps], columns.home[ps]
    over = away[:, None, :] - state.slack
    price = np.einsum("pmn,mn->pm", np.maximum(over, 0, out=over), columns.weight)
    price[rows, first] = _above(home - state.slack[first], columns.weight[first])
    left = state.slack[source] + np.where(stays[:, None], home, away)
    price -= state.machine_cost
    price += state.entry[s]
    price += state.machine_move[first]
    price += state.barred[ps]
    price += _faults(state, s, source)
    own = _above(-left, columns.weight[source]) - state.machine_cost[source]
    own += state.fault - state.entry[s, source] - state.machine_move[first, source]
    most = problem.service_weight * (state.moved[s] == state.most_moved)
    own += np.where(stays, state.process_cost[ps] + most, 0)
    back = state.process_cost[ps] + most * (state.movers[state.most_moved] == 1)
    price[rows, first] -= np.where(stays, 0, back)
    price += own[:, None]
    price[rows, source] = 0
    return price


def _above(over: Floats, weight: Floats) -> Floats:
    above: Floats = (np.maximum(over, 0) * weight).sum(axis=1)
    return above


def _faults(state: State, s: Ints, source: Ints) -> Floats:
    """Return what breaking and mending spread and others' dependencies adds, by machine."""
    problem, rows = state.problem, np.arange(len(s))
    count, here = state.in_location[s], problem.location[source]
    missing = (problem.spread[s] - state.locations[s])[:, None]
    leaves = (count[rows, here] == 1)[:, None]
    spread = np.maximum(missing + leaves - (count == 0), 0) - np.maximum(missing, 0)
    spread[rows, here] = 0
    count, here = state.in_neighbourhood[s], problem.neighbourhood[source]
    dependents = state.dependents[s]
    lonely = (dependents[rows, here] * (count[rows, here] == 1))[:, None]
    lonely = lonely - dependents * (count == 0)
    lonely[rows, here] = 0
    return state.fault * (spread[:, problem.location] + lonely[:, problem.neighbourhood])

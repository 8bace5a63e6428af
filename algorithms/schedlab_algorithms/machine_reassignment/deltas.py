"""What moves would cost, many at a time: the search's only expensive arithmetic.

A *shift* moves one process; :func:`shifts` prices some processes against every machine.  A
*swap* exchanges the machines of two processes; :func:`swaps` prices some processes against
some partners each.  Shifts are exact.  Swaps are exact but for faults that one half of the
swap causes or mends of the other's services; :func:`shift` twice is exact.
"""

from __future__ import annotations

import numpy as np

from schedlab_algorithms.machine_reassignment.problem import Ints
from schedlab_algorithms.machine_reassignment.state import NEVER, Floats, State


def shift(state: State, p: int, to: int) -> float:
    """Return what moving one process to one machine adds to :meth:`State.total`."""
    source, first = int(state.at[p]), int(state.problem.initial[p])
    if source == to:
        return 0.0
    columns, s = state.columns, int(state.problem.service[p])
    left = state.slack[source] + (columns.home[p] if source == first else columns.away[p])
    joined = state.slack[to] - (columns.home[p] if to == first else columns.away[p])
    change = -np.minimum(left, 0).sum() - np.minimum(joined, 0).sum()
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
    price = np.maximum(over, 0, out=over) @ state.ones
    price[rows, first] = np.maximum(home - state.slack[first], 0) @ state.ones
    left = state.slack[source] + np.where(stays[:, None], home, away)
    price -= state.machine_cost
    price += state.entry[s]
    price += state.machine_move[first]
    price += state.barred[ps]
    price += _faults(state, s, source)
    own = -(np.minimum(left, 0) @ state.ones) - state.machine_cost[source]
    own += state.fault - state.entry[s, source] - state.machine_move[first, source]
    most = problem.service_weight * (state.moved[s] == state.most_moved)
    own += np.where(stays, state.process_cost[ps] + most, 0)
    back = state.process_cost[ps] + most * (state.movers[state.most_moved] == 1)
    price[rows, first] -= np.where(stays, 0, back)
    price += own[:, None]
    price[rows, source] = 0
    return price


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


def swaps(state: State, ps: Ints, qs: Ints) -> Floats:
    """Return what exchanging each process with each of its partners adds.

    Parameters
    ----------
    ps : int64, shape (K,)
    qs : int64, shape (K, Q)

    Returns
    -------
    float64, shape (K, Q)
        At least NEVER where both are on one machine or of one service.
    """
    problem, columns = state.problem, state.columns
    source, first, s = state.at[ps], problem.initial[ps], problem.service[ps]
    target, home, t = state.at[qs], problem.initial[qs], problem.service[qs]
    there, here, service = target, source[:, None], s[:, None]
    stays, out = source == first, target != home
    theirs = columns.away[qs]
    gone = np.where(stays[:, None], columns.home[ps], columns.away[ps])
    over = columns.away[ps][:, None, :] - state.slack[target]
    back = np.nonzero(target == first[:, None])
    over[back] += (columns.home[ps] - columns.away[ps])[back[0]]
    over -= theirs
    resting = np.nonzero(~out)
    over[resting] += theirs[resting] - columns.home[qs[resting]]
    price = np.maximum(over, 0, out=over) @ state.ones
    left = state.slack[source] + gone
    returns = np.nonzero(home == here)
    theirs[returns] = columns.home[qs[returns]]
    theirs -= left[:, None, :]
    price += np.maximum(theirs, 0, out=theirs) @ state.ones
    price -= state.machine_cost[target]
    price += state.entry[service, there] + state.entry[t, here] - state.entry[t, there]
    move = state.machine_move
    price += move[first[:, None], there] + move[home, here] - move[home, there]
    price += state.process_cost[ps][:, None] * (there != first[:, None])
    price += state.process_cost[qs] * ((here != home) * 1.0 - out)
    own = state.machine_cost[source] + state.entry[s, source] - 2 * state.fault
    own += move[first, source] + state.process_cost[ps] * ~stays
    price -= own[:, None]
    price += np.take_along_axis(_faults(state, s, source), target, axis=1)
    price += state.barred[ps[:, None], there] + state.barred[qs, here]
    price[(there == here) | (t == service)] = 2 * NEVER
    return price

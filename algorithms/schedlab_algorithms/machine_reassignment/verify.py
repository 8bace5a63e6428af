"""Which rules an assignment breaks, and its cost: written from the problem's text alone.

Deliberately plain Python over processes, and sharing nothing with the search or
:mod:`~schedlab_algorithms.machine_reassignment.cost`: a mistake there must show here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from schedlab_algorithms.machine_reassignment.problem import Ints, Problem


def faults(problem: Problem, assignment: Ints) -> list[str]:
    """Return every rule that the assignment breaks, in words; none if it is feasible."""
    machines = [int(m) for m in assignment]
    if len(machines) != problem.processes:
        return [f"{len(machines)} machines for {problem.processes} processes"]
    unknown = [m for m in machines if not 0 <= m < problem.machines]
    if unknown:
        return [f"no machine {unknown[0]}: there are {problem.machines}"]
    rules = (_capacity, _conflict, _spread, _dependency)
    return [fault for rule in rules for fault in rule(problem, machines)]


def _capacity(problem: Problem, machines: list[int]) -> Iterator[str]:
    used: dict[tuple[int, int], int] = defaultdict(int)
    for p, machine in enumerate(machines):
        first = int(problem.initial[p])
        for r in range(problem.resources):
            amount = int(problem.requirement[p, r])
            used[machine, r] += amount
            if problem.transient[r] and machine != first:
                used[first, r] += amount
    for (machine, r), amount in sorted(used.items()):
        capacity = int(problem.capacity[machine, r])
        if amount > capacity:
            yield f"machine {machine}: uses {amount} of resource {r}, has {capacity}"


def _conflict(problem: Problem, machines: list[int]) -> Iterator[str]:
    seen: set[tuple[int, int]] = set()
    for p, machine in enumerate(machines):
        pair = int(problem.service[p]), machine
        if pair in seen:
            yield f"service {pair[0]}: two processes on machine {machine}"
        seen.add(pair)


def _places(problem: Problem, machines: list[int], place: Ints) -> dict[int, set[int]]:
    places: dict[int, set[int]] = defaultdict(set)
    for p, machine in enumerate(machines):
        places[int(problem.service[p])].add(int(place[machine]))
    return places


def _spread(problem: Problem, machines: list[int]) -> Iterator[str]:
    locations = _places(problem, machines, problem.location)
    for service in range(problem.services):
        found, least = len(locations[service]), int(problem.spread[service])
        if found < least:
            yield f"service {service}: in {found} locations, must be in {least}"


def _dependency(problem: Problem, machines: list[int]) -> Iterator[str]:
    places = _places(problem, machines, problem.neighbourhood)
    for service, others in enumerate(problem.dependencies):
        for other in others:
            for lonely in sorted(places[service] - places[int(other)]):
                yield f"service {service}: no process of {other} in neighbourhood {lonely}"


def recount(problem: Problem, assignment: Ints) -> int:
    """Return the objective, added up process by process and machine by machine."""
    machines = [int(m) for m in assignment]
    return _rests(problem, machines) + _moves(problem, machines)


def _rests(problem: Problem, machines: list[int]) -> int:
    used = [[0] * problem.resources for _ in range(problem.machines)]
    for p, machine in enumerate(machines):
        for r in range(problem.resources):
            used[machine][r] += int(problem.requirement[p, r])
    total = 0
    for machine in range(problem.machines):
        free = [int(c) - u for c, u in zip(problem.capacity[machine], used[machine], strict=True)]
        for r in range(problem.resources):
            over = used[machine][r] - int(problem.safety[machine, r])
            total += int(problem.load_weight[r]) * max(0, over)
        for b in problem.balances:
            total += b.weight * max(0, b.target * free[b.first] - free[b.second])
    return total


def _moves(problem: Problem, machines: list[int]) -> int:
    process, machine = 0, 0
    by_service: dict[int, int] = defaultdict(int)
    for p, now in enumerate(machines):
        before = int(problem.initial[p])
        if now != before:
            process += int(problem.process_move_cost[p])
            by_service[int(problem.service[p])] += 1
        machine += int(problem.machine_move_cost[before, now])
    return (
        problem.process_weight * process
        + problem.service_weight * max(by_service.values(), default=0)
        + problem.machine_weight * machine
    )

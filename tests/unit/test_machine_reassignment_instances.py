"""The challenge's instances: read as published, and bounds as published or better."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from schedlab.errors import InputError
from schedlab_algorithms.machine_reassignment.bound import lower_bound
from schedlab_algorithms.machine_reassignment.cost import cost_of
from schedlab_algorithms.machine_reassignment.verify import faults, recount
from schedlab_benchmarks import machine_reassignment as experiment
from schedlab_workloads.machine_reassignment import (
    FOLDER_VARIABLE,
    NEIGHBOUR,
    folder_of,
    read_instance,
    read_problem,
)

FOLDER = Path(os.environ.get(FOLDER_VARIABLE) or NEIGHBOUR) / "roadef2012"
needs_instances = pytest.mark.skipif(
    not (FOLDER / "model_a1_1.txt").exists(), reason=f"no instances in {FOLDER}"
)

# Initial cost and lower bound as published with the sources of team J12
# (wjaskowski/roadef-challange-2012-public, original_cost_*.txt and lb_*.txt).
PUBLISHED = {
    "a1_1": (49528750, 44306390),
    "a1_2": (1061649570, 777530730),
    "a1_3": (583662270, 583005700),
    "a1_4": (632499600, 242387530),
    "a1_5": (782189690, 727578290),
    "a2_1": (391189190, 0),
    "a2_2": (1876768120, 13590090),
    "a2_3": (2272487840, 521441700),
    "a2_4": (3223516130, 1680222380),
    "a2_5": (787355300, 307035180),
    "b_01": (7644173180, 3290754940),
    "b_02": (5181493830, 1015153860),
    "b_03": (6336834660, 156631070),
    "b_04": (9209576380, 4677767120),
}

MODEL = """2
1 7 0 9
2
0 0 10 20 8 15 0 3
1 2 30 40 24 30 3 0
2
1 0
2 1 0
3
0 5 6 1
1 7 8 2
1 1 2 3
1
0 1 4 9
1 10 100
"""


@needs_instances
@pytest.mark.parametrize("name", PUBLISHED)
def test_initial_cost_and_bound_are_the_published_ones(name: str) -> None:
    problem = read_instance(FOLDER, name)
    initial, bound = PUBLISHED[name]
    assert cost_of(problem, problem.initial).total == initial
    assert lower_bound(problem) == bound


@needs_instances
@pytest.mark.parametrize("name", ["a1_1", "a2_2"])
def test_the_verifier_agrees_on_the_first_assignment(name: str) -> None:
    problem = read_instance(FOLDER, name)
    assert recount(problem, problem.initial) == PUBLISHED[name][0]
    assert faults(problem, problem.initial) == []


@needs_instances
def test_the_experiment_reports_a_verified_row() -> None:
    told: list[str] = []
    table = experiment.run(["a1_1"], 1.0, 0, FOLDER, told.append)
    (row,) = table.to_dict("records")
    assert row["initial"] == 49528750
    assert row["bound"] <= 44306501 <= row["value"] < 1.01 * 44306501  # Gurobi's optimum
    assert row["distance"] == row["value"] / 44306501 - 1
    assert row["gap"] == (row["value"] - row["bound"]) / row["value"]
    assert table.attrs["traces"]["a1_1"][-1][1] == row["value"]
    assert told[-1].startswith("a1_1: ")
    assert len(experiment.picture(table).axes[0].lines) == 1
    assert experiment.summary(table).endswith("1 of 1")


@needs_instances
def test_the_experiment_names_what_it_does_not_know() -> None:
    with pytest.raises(InputError, match="no instance is called c9"):
        experiment.run(["c9"], 1.0, 0, FOLDER, print)
    with pytest.raises(InputError, match="did you mean 'a1_1'"):
        read_instance(FOLDER, "a1_11")


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        folder_of(tmp_path / "nothing")


def _write(folder: Path, model: str, assignment: str = "0 1 0\n") -> tuple[Path, Path]:
    paths = folder / "model_x.txt", folder / "assignment_x.txt"
    for path, text in zip(paths, (model, assignment), strict=True):
        path.write_text(text)
    return paths


def test_reads_every_field_of_the_format(tmp_path: Path) -> None:
    problem = read_problem(*_write(tmp_path, MODEL))
    assert problem.transient.tolist() == [True, False]
    assert problem.load_weight.tolist() == [7, 9]
    assert (problem.neighbourhood.tolist(), problem.location.tolist()) == ([0, 1], [0, 2])
    assert problem.capacity.tolist() == [[10, 20], [30, 40]]
    assert problem.safety.tolist() == [[8, 15], [24, 30]]
    assert problem.machine_move_cost.tolist() == [[0, 3], [3, 0]]
    assert problem.spread.tolist() == [1, 2]
    assert [d.tolist() for d in problem.dependencies] == [[], [0]]
    assert problem.service.tolist() == [0, 1, 1]
    assert problem.requirement.tolist() == [[5, 6], [7, 8], [1, 2]]
    assert problem.process_move_cost.tolist() == [1, 2, 3]
    (balance,) = problem.balances
    assert (balance.first, balance.second, balance.target, balance.weight) == (0, 1, 4, 9)
    assert (problem.process_weight, problem.service_weight, problem.machine_weight) == (1, 10, 100)
    assert np.array_equal(problem.initial, [0, 1, 0])


@pytest.mark.parametrize(
    ("model", "assignment", "message"),
    [
        (MODEL + "5\n", "0 1 0", "1 integers more"),
        (MODEL[:-5], "0 1 0", "ends within weights: 1 are missing"),
        ("2 x", "0", "expected integers"),
        (MODEL, "0 1", "ends within the assignment: 1 are missing"),
        (MODEL, "0 1 0 0", "1 integers more"),
    ],
)
def test_says_what_is_wrong_with_a_file(
    tmp_path: Path, model: str, assignment: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_problem(*_write(tmp_path, model, assignment))

"""Suites as TOML: what is wrong is said with its place and how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schedlab.config.suite import check_names, load_suite, make_suite
from schedlab.errors import InputError
from schedlab.registry import Registry

GOOD: dict[str, Any] = {"name": "s", "workloads": ["small"], "schedulers": ["first-fit"]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"sheduler": []},
            r"test: sheduler: unknown key; did you mean 'schedulers'\? \(known: name, ",
        ),
        ({"name": "../x"}, "test: name: String should match pattern"),
        ({"workloads": []}, "test: workloads: Tuple should have at least 1 item"),
        ({"schedulers": "first-fit"}, "test: schedulers: "),
        ({"seeds": 0}, "at least one seed is needed"),
        ({"seeds": -3}, "at least one seed is needed"),
        ({"seeds": 10**12}, "at most 10,000 seeds"),
        ({"seeds": [1, 1]}, "a seed is named twice"),
        ({"seeds": [-1]}, r"test: seeds\[0\]: Input should be greater than or equal to 0, got -1"),
        ({"seeds": True}, r"expected a count \(seeds = 3\) or a list of integers"),
        ({"seeds": ["0"]}, r"test: seeds\[0\]: Input should be a valid integer, got '0'"),
        ({"timeout": -1.0}, "test: timeout: Input should be greater than 0, got -1.0"),
        ({"timeout": float("inf")}, "test: timeout: Input should be a finite number"),
        ({"memory_mb": 0}, "test: memory_mb: Input should be greater than 0"),
        ({"budget": {"effort": 0}}, "test: budget.effort: Input should be greater than 0"),
        ({"budget": {"secs": 1}}, "test: budget.secs: unknown key; did you mean 'seconds'"),
        ({"columns": ["gap", "gapp"]}, "test: columns: unknown metric 'gapp'; did you mean 'gap'"),
        ({"workloads": ["small", "small"]}, "'small' is named twice: give each entry its own"),
        ({"schedulers": [{"label": "x"}]}, r"test: schedulers\[0\].name: missing"),
        ({"schedulers": [{"name": "x", "weight": 1}]}, r"schedulers\[0\].weight: unknown key"),
        ({"workloads": [3]}, r"test: workloads\[0\]: "),
    ],
)
def test_a_fault_is_named_with_its_place(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_suite({**GOOD, **changed}, "test")


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        make_suite({**GOOD, "seeds": "x", "timeout": -1, "extra": 1}, "test")
    assert len(str(caught.value).splitlines()) == 3


def test_short_forms_mean_the_long_ones() -> None:
    short = make_suite({**GOOD, "seeds": 3}, "test")
    long = make_suite(
        {
            "name": "s",
            "seeds": [0, 1, 2],
            "workloads": [{"name": "small", "label": "small", "args": {}}],
            "schedulers": [{"name": "first-fit", "label": "first-fit", "args": {}}],
        },
        "test",
    )
    assert short == long


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"workloads": ["smal"]}, r"workloads\[0\]: unknown workload 'smal'; did you mean 'small'"),
        ({"schedulers": ["worst"]}, r"schedulers\[0\]: unknown scheduler 'worst'; did you mean"),
        (
            {"workloads": [{"name": "small", "args": {"nodes": "many"}}]},
            r"workloads\[0\]: arguments of Synthetic: nodes: Input should be a valid integer",
        ),
        (
            {"workloads": [{"name": "small", "args": {"nodes": -4}}]},
            r"workloads\[0\]: .*nodes: expected 1 to [\d,]*, got -4",
        ),
        (
            {"workloads": [{"name": "small", "args": {"node": 4}}]},
            r"workloads\[0\]: arguments of Synthetic: node: unknown key; did you mean 'nodes'",
        ),
        (
            {"schedulers": [{"name": "first-fit", "args": {"tie_brake": "random"}}]},
            r"schedulers\[0\]: scheduler 'first-fit': tie_brake: unknown key; did you mean",
        ),
    ],
)
def test_a_wrong_name_or_argument_is_named_with_its_place(
    changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        check_names(make_suite({**GOOD, **changed}, "test"), Registry(), "test")


def test_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text('name = "s"\nseeds = = 3\n')
    with pytest.raises(InputError, match=r"s\.toml: not valid TOML: .*line 2"):
        load_suite(file, Registry())


def test_a_baseline_that_does_not_compete_is_said(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    text = 'name = "s"\nbaseline = "{}"\nworkloads = ["small"]\nschedulers = ["first-fit"]\n'
    file.write_text(text.format("frist-fit"))
    with pytest.raises(InputError, match=r"s\.toml: baseline: .*did you mean 'first-fit'"):
        load_suite(file, Registry())
    file.write_text(text.format("first-fit"))
    assert load_suite(file, Registry()).baseline == "first-fit"


def test_a_missing_file_or_name_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml: cannot be read"):
        load_suite(tmp_path / "nowhere.toml", Registry())
    with pytest.raises(InputError, match="unknown suite 'smok'; did you mean 'smoke'"):
        load_suite("smok", Registry())


@pytest.mark.parametrize("name", sorted(Registry().suites))
def test_every_packaged_suite_is_right(name: str) -> None:
    registry = Registry()
    suite = load_suite(name, registry)
    check_names(suite, registry, name)
    assert suite.name == name
    assert suite.description

"""Changing a suite by options."""

from __future__ import annotations

from pathlib import Path

import pytest

from schedlab.config.overrides import (
    choose_schedulers,
    choose_seeds,
    choose_workloads,
    parse_seeds,
    set_values,
    with_plugin_files,
)
from schedlab.config.suite import Suite, make_suite
from schedlab.errors import InputError
from schedlab.registry import Registry

PLUGIN = """
from schedlab.api import ScorePlugin

class Mine(ScorePlugin):
    def score(self, pod, nodes):
        return nodes.pod_count

class Other(Mine):
    pass
"""


@pytest.fixture
def suite() -> Suite:
    return make_suite(
        {
            "name": "s",
            "seeds": 2,
            "workloads": ["small", {"name": "small", "label": "v1.2 x", "args": {"pods": 9}}],
            "optional_workloads": [{"name": "spread", "label": "more"}],
            "schedulers": ["first-fit", {"name": "random", "label": "dice", "seeds": 5}],
        },
        "test",
    )


@pytest.fixture
def with_file(tmp_path: Path) -> Registry:
    (tmp_path / "mine.py").write_text(PLUGIN)
    return Registry([tmp_path / "mine.py"])


def labels(suite: Suite, kind: str) -> list[str]:
    return [entry.label for entry in getattr(suite, kind)]


def test_schedulers_are_chosen_by_label_or_added_by_name(suite: Suite) -> None:
    chosen = choose_schedulers(suite, ["best-fit", "dice", "best-fit"], Registry())
    assert labels(chosen, "schedulers") == ["best-fit", "dice"]
    assert chosen.schedulers[1].seeds == (0, 1, 2, 3, 4)
    with pytest.raises(InputError, match="unknown scheduler 'dize'; did you mean 'dice'"):
        choose_schedulers(suite, ["dize"], Registry())


def test_schedulers_of_a_plugin_file_compete(suite: Suite, with_file: Registry) -> None:
    assert labels(with_plugin_files(suite, with_file), "schedulers")[2:] == ["Mine", "Other"]
    chosen = choose_schedulers(suite, ["dice"], with_file)
    assert labels(chosen, "schedulers") == ["dice", "Mine", "Other"]
    chosen = choose_schedulers(suite, ["dice", "Other"], with_file)
    assert labels(chosen, "schedulers") == ["dice", "Other"]
    named = make_suite({**suite.model_dump(), "schedulers": ["Mine"]}, "test")
    assert labels(with_plugin_files(named, with_file), "schedulers") == ["Mine", "Other"]


def test_workloads_are_chosen_by_label_name_or_file(suite: Suite) -> None:
    names = ["more", "v1.2 x", "mixed", "mine/load.toml", "dump.json", "folder/objects"]
    chosen = choose_workloads(suite, names[:5], Registry())
    assert labels(chosen, "workloads") == ["more", "v1.2 x", "mixed", "load", "dump"]
    assert [w.name for w in chosen.workloads[3:]] == ["Synthetic", "Manifests"]
    assert chosen.workloads[4].args == {"paths": ["dump.json"]}
    with pytest.raises(InputError, match="unknown workload 'folder/objects'"):
        choose_workloads(suite, names, Registry())


def test_a_folder_of_manifests_is_a_workload(suite: Suite, tmp_path: Path) -> None:
    [chosen] = choose_workloads(suite, [str(tmp_path)], Registry()).workloads
    assert (chosen.name, chosen.args) == ("Manifests", {"paths": [str(tmp_path)]})


def test_seeds_replace_all_seeds(suite: Suite) -> None:
    chosen = choose_seeds(suite, "7,42-44")
    assert chosen.seeds == (7, 42, 43, 44)
    assert [s.seeds for s in chosen.schedulers] == [None, None]


@pytest.mark.parametrize("text", ["", "x", "3-1", "1,,2", "-1", "0-99999999999", "1.5"])
def test_wrong_seeds_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected numbers and ranges, such as 0,1,2 or 42-51"):
        parse_seeds(text)


def test_values_are_set_by_path(suite: Suite) -> None:
    changed = set_values(
        suite,
        [
            "workloads.small.nodes=7",
            "workloads.v1.2 x.file=some where.toml",
            "schedulers.dice.args.NodeResourcesFit.scoring_strategy.type=MostAllocated",
            'schedulers.dice.filters=["NodeName"]',
            "budget.effort=2.5",
            "timeout = 60",
        ],
    )
    assert changed.workloads[0].args == {"nodes": 7}
    assert changed.workloads[1].args == {"pods": 9, "file": "some where.toml"}
    dice = changed.schedulers[1].args
    assert dice["args"] == {"NodeResourcesFit": {"scoring_strategy": {"type": "MostAllocated"}}}
    assert dice["filters"] == ["NodeName"]
    assert (changed.budget.effort, changed.timeout) == (2.5, 60)
    assert suite.workloads[0].args == {}


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("nonsense", "--set nonsense: expected PATH=VALUE"),
        ("=3", "expected PATH=VALUE"),
        ("workloads.smal.nodes=7", "unknown workload 'smal'; did you mean 'small'"),
        ("schedulers.dice=7", "the form is schedulers.LABEL.key=value"),
        ("budget.effort=lots", "--set budget.effort=lots: budget.effort: Input should be a valid"),
        ("budgets.effort=1", "budgets: unknown key; did you mean 'budget'"),
        ("name.x=1", "'name' is a value and has no keys"),
        ("timeout=-1", "timeout: Input should be greater than 0"),
    ],
)
def test_a_wrong_assignment_is_named(suite: Suite, assignment: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        set_values(suite, [assignment])

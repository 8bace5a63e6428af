"""What changes a trial's identity, and what must not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schedlab.config.paths import anchored
from schedlab.config.suite import Suite, make_suite
from schedlab.errors import InputError
from schedlab.harness.code import FRAMEWORK_PARTS, code_behind, hash_module
from schedlab.harness.identity import canonical, digest, hash_file
from schedlab.harness.matrix import expand
from schedlab.registry import Registry

PLUGIN = """
from schedlab.api import Locality, ScorePlugin

class Mine(ScorePlugin):
    locality = Locality.NODE
    weight: int = 1

    def score(self, pod, nodes):
        return nodes.pod_count * self.weight
"""


def suite(**changed: Any) -> Suite:
    data = {"name": "s", "workloads": ["small"], "schedulers": ["first-fit"]}
    return make_suite({**data, **changed}, "test")


def ids(of: Suite, registry: Registry | None = None) -> list[str]:
    return [spec.id for spec in expand(of, registry or Registry())]


def test_the_same_suite_has_the_same_identities() -> None:
    assert ids(suite(seeds=3)) == ids(suite(seeds=3))
    assert len(set(ids(suite(seeds=3)))) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"seeds": [1]},
        {"budget": {"effort": 3.0}},
        {"budget": {"seconds": 3.0}},
        {"workloads": ["spread"]},
        {"workloads": [{"name": "small", "args": {"pods": 10}}]},
        {"schedulers": ["best-fit"]},
        {"schedulers": [{"name": "first-fit", "args": {"path": "reference"}}]},
        {"schedulers": [{"name": "first-fit", "args": {"tie_break": "random"}}]},
    ],
)
def test_what_decides_the_result_changes_the_identity(changed: dict[str, Any]) -> None:
    assert set(ids(suite(**changed))).isdisjoint(ids(suite()))


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "other", "description": "other"},
        {"timeout": 5.0, "memory_mb": 1000.0},
        {"columns": ["gap_value"], "baseline": "first-fit"},
        {"seeds": [1, 0]},
        {"workloads": [{"name": "small", "label": "other"}]},
        {"workloads": [{"name": "small", "args": {"pods": None}}]},
        {"workloads": [{"name": "Synthetic", "args": {"preset": "small"}}]},
        {"schedulers": [{"name": "first-fit", "label": "other"}]},
        {"schedulers": [{"name": "first-fit", "args": {"path": "incremental"}}]},
        {"schedulers": ["best-fit", "first-fit"]},
    ],
)
def test_names_limits_company_and_spelt_out_defaults_do_not(changed: dict[str, Any]) -> None:
    assert set(ids(suite())) <= set(ids(suite(**changed)))


def test_a_workloads_file_counts_by_its_contents_alone(tmp_path: Path) -> None:
    preset = Registry().presets["small"]
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    shutil.copy(preset, one)
    shutil.copy(preset, two)

    def of(path: Path) -> list[str]:
        return ids(suite(workloads=[{"name": "Synthetic", "args": {"file": str(path)}}]))

    first = of(one)
    assert of(two) == first
    one.write_text(one.read_text() + "\n# changed")
    assert of(one) != first


def test_a_trace_counts_by_its_lists_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = tmp_path / "here", tmp_path / "there"
    for folder in folders:
        folder.mkdir()
        (folder / "openb_node_list_all_node.csv").write_text("sn,cpu_milli,memory_mib,gpu,model\n")
        (folder / "openb_pod_list_default.csv").write_text(
            "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n"
        )
    given = [suite(workloads=[{"name": "Openb", "args": {"folder": str(f)}}]) for f in folders]
    (folders[1] / "README").write_text("another file does not matter")
    monkeypatch.setenv("SCHEDLAB_OPENB", str(folders[0]))
    assert ids(given[0]) == ids(given[1]) == ids(suite(workloads=["Openb"]))


def test_a_plugin_file_counts_where_its_classes_are_used(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(PLUGIN)
    both = suite(schedulers=["first-fit", "Mine"])
    built_in, mine = ids(both, Registry([file]))
    assert built_in == ids(suite())[0]
    file.write_text(PLUGIN.replace("nodes.pod_count *", "-nodes.pod_count *"))
    assert ids(both, Registry([file]))[0] == built_in
    assert ids(both, Registry([file]))[1] != mine


def test_two_labels_for_one_trial_are_refused() -> None:
    twice = suite(schedulers=["first-fit", {"name": "first-fit", "label": "again"}])
    with pytest.raises(InputError, match="same trial under two labels"):
        ids(twice)


def test_the_hash_of_a_package_tells_any_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "somebodys"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/__init__.py"):
        (package / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    __import__("somebodys")
    seen = [hash_module("somebodys")]
    (package / "inner" / "__init__.py").write_text("x = 1")
    seen.append(hash_module("somebodys"))
    (package / "inner" / "__init__.py").rename(package / "inner" / "other.py")
    seen.append(hash_module("somebodys"))
    assert len(set(seen)) == 3
    (package / "notes.txt").touch()
    assert hash_module("somebodys") == seen[-1]


def test_code_is_that_of_every_plugin_and_its_bases(tmp_path: Path) -> None:
    file = tmp_path / "heir.py"
    file.write_text(
        "from schedlab_algorithms.baselines.best_fit import BestFit\nclass Heir(BestFit): pass\n"
    )
    heir = Registry([file]).make_plugin("Heir", {})
    code = code_behind([heir], hash_module)
    assert {"schedlab", "schedlab_algorithms", "schedlab_plugin_file_heir", "numpy"} <= set(code)
    assert "schedlab_workloads" not in code
    folder = Path(__import__("schedlab").__file__).parent
    assert all((folder / part).exists() for part in FRAMEWORK_PARTS)


def test_canonical_data_keeps_values_apart() -> None:
    @dataclass
    class Point:
        x: object

    values = [1, 1.0, "1", True, None, [1], {"1": 1}, Point(1), Point("1"), np.array([1.0])]
    told = [digest(canonical(v)) for v in values]
    assert len(set(told)) == len(values)
    assert canonical((1, {"b", "a"})) == [1, ["a", "b"]]
    assert canonical(np.int64(3)) == 3
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    with pytest.raises(InputError, match="type object has no canonical form"):
        canonical(object())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere: cannot read: No such file"):
        hash_file(tmp_path / "nowhere")


def test_paths_are_taken_from_where_they_are_written(tmp_path: Path) -> None:
    args = {"file": "w.toml", "nodes": 3}
    given = suite(
        workloads=[
            {"name": "Synthetic", "args": args},
            {"name": "Manifests", "args": {"paths": ["a.yaml", "/b.yaml"]}},
            {"name": "Openb", "args": {"pods": "default"}},
        ]
    )
    synthetic, manifests, openb = anchored(given, tmp_path, Registry()).workloads
    assert synthetic.args == {"file": str(tmp_path / "w.toml"), "nodes": 3}
    assert manifests.args == {"paths": [str(tmp_path / "a.yaml"), "/b.yaml"]}
    assert openb.args == {"pods": "default"}

"""The plugins shown in docs/plugins.md keep their contract."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from schedlab.api import Configurable
from schedlab.config.profile import ProfileConfig
from schedlab.plugin_files import classes_in_file
from schedlab.registry import Registry, build
from schedlab.testing import Check
from schedlab.testing.check import run_check
from schedlab.testing.contract import ScorePluginContract, check_parameters
from schedlab.testing.plugin_checks import PLUGIN_CHECKS
from schedlab.testing.suites import SCHEDULER_CHECKS, WORKLOAD_CHECKS, exam_for

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def shown_plugins(folder: Path) -> list[Configurable]:
    """Return an instance of every class in the page's Python blocks."""
    file = folder / "shown_in_docs.py"
    file.write_text("\n\n".join(PYTHON.findall(PAGE.read_text("utf-8"))))
    return [build(cls, {}) for cls in classes_in_file(file)]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Configurable]:
    return {p.name: p for p in shown_plugins(tmp_path_factory.mktemp("docs"))}


SHOWN = [
    "EmptiestCpu",
    "Headroom",
    "FewestPods",
    "AwayFromBatch",
    "MilliLeft",
    "ThousandPerZone",
    "FullestGpu",
    "LargestFirst",
    "TwoSizes",
]


def test_all_shown_plugins_are_tested(plugins: dict[str, Configurable]) -> None:
    assert list(plugins) == SHOWN


@pytest.mark.parametrize("name", SHOWN)
def test_shown_plugin_keeps_its_contract(name: str, plugins: dict[str, Configurable]) -> None:
    for parameter in check_parameters(plugins[name]):
        subject, check = parameter.values
        run_check(check, subject, exam_for(subject))


def test_the_shown_contract_class_makes_a_test_for_each_check(
    plugins: dict[str, Configurable],
) -> None:
    source = re.search(r"```py\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert source is not None
    scope: dict[str, object] = {"EmptiestCpu": type(plugins["EmptiestCpu"])}
    exec(source[1], scope)
    made = scope["TestEmptiestCpu"]
    assert isinstance(made, type)
    assert issubclass(made, ScorePluginContract)
    (mark,) = made.test_contract.pytestmark  # type: ignore[attr-defined]
    ids = [p.id for p in mark.args[1]]
    assert {"shape", "locality", "reference"} <= set(ids)
    for parameter in mark.args[1]:
        subject, check = parameter.values
        assert isinstance(check, Check)
        run_check(check, subject, exam_for(subject))


def test_every_check_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    checks = (*PLUGIN_CHECKS, *SCHEDULER_CHECKS, *WORKLOAD_CHECKS)
    assert [c.name for c in checks if f"`{c.name}`" not in page] == []


def test_every_key_of_a_profile_is_on_the_page_and_the_shown_one_works(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    assert [key for key in ProfileConfig.model_fields if f"| `{key}` |" not in page] == []
    (shown,) = (t for t in TOML.findall(page) if t.startswith("description"))
    file = tmp_path / "shown_plugins.py"
    file.write_text("\n\n".join(PYTHON.findall(page)))
    profile = Registry([file]).make_profile("first-fit", tomllib.loads(shown))
    assert [(p.name, weight) for p, weight in profile.scores] == [
        ("BestFit", 2),
        ("EmptiestCpu", 1),
    ]


def test_every_entry_point_group_is_on_the_page() -> None:
    page, project = PAGE.read_text("utf-8"), PAGE.parents[1] / "pyproject.toml"
    groups = tomllib.loads(project.read_text("utf-8"))["project"]["entry-points"]
    assert [g for g in groups if g.startswith("schedlab.") and g not in page] == []

"""README and docs: links lead somewhere, commands exist, and what is built in is what is named."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

from schedlab.bench.cases import CASES
from schedlab.cli.list import KINDS
from schedlab.cli.main import app
from schedlab.config.profile import KUBERNETES_FILTERS
from schedlab.metrics import METRICS
from schedlab.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
ANYTHING = re.compile(r"[A-Z]{3,}|…|\.\.\.")
"""What stands for what a reader has: RUN, SUITE, runs/ladder-…"""

REGISTRY = Registry()
COMMANDS = typer.main.get_command(app)


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", re.sub(r"\[(.*?)\]\(.*?\)", r"\1", h)) for h in headings]
    return {text.strip().lower().replace(" ", "-") for text in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of every ``schedlab`` command in a page's blocks and inline code."""
    text = page.read_text("utf-8")
    blocks = [
        body for language, body in FENCE.findall(text) if language in ("", "bash", "sh", "console")
    ]
    lines = [line for body in blocks for line in re.split(r"[\n;]", body)]
    inline = re.findall(r"`(schedlab [^`]+)`", FENCE.sub("", text))
    for line in (*lines, *inline):
        found = re.search(r"(?:^|\s|/)(schedlab [a-z].*)", " ".join(line.split("#")[0].split()))
        if found:
            yield shlex.split(found[1])[1:]


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words lead to, and the rest of the words."""
    command: Any = COMMANDS
    while hasattr(command, "get_command") and words and not words[0].startswith("-"):
        command, words = command.get_command(None, words[0]), words[1:]
        assert command is not None
    return command, words


def values(words: list[str], option: str) -> list[str]:
    """Return what a page gives an option, split at commas, without placeholders."""
    given = [words[i + 1] for i, word in enumerate(words[:-1]) if word == option]
    return [v for text in given for v in text.split(",") if not ANYTHING.search(v)]


def unknown(words: list[str]) -> list[str]:
    """Return what a command line names that schedlab does not have."""
    command, rest = command_of(words)
    options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)} | {"-h", "--help"}
    wrong = [w for w in rest if w.startswith("-") and w.split("=")[0] not in options]
    names = {
        "--schedulers": {*REGISTRY.profiles, *REGISTRY.schedulers, "FGD"},
        "--baseline": {*REGISTRY.profiles, *REGISTRY.schedulers, "default"},
        "--cases": set(CASES),
    }
    wrong += [v for option, known in names.items() for v in values(rest, option) if v not in known]
    metrics = values(rest, "--metrics")
    wrong += [m for m in metrics if m not in METRICS and m.split(":")[0] not in METRICS.families]
    first = next((w for w in rest if not w.startswith("-")), "")
    firsts = {
        "run": set(REGISTRY.suites),
        "experiment": {e.name for e in entry_points(group="schedlab.experiments")},
    }
    of_command = firsts.get(words[0], set())
    if (
        rest[:1] == [first]
        and of_command
        and not ANYTHING.search(first)
        and first not in of_command
    ):
        wrong.append(first)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_shown_exists_with_its_options_and_names(page: Path) -> None:
    assert {" ".join(words): wrong for words in commands(page) if (wrong := unknown(words))} == {}


def built_in() -> dict[str, str]:
    """Return the rows of README's table of what is built in, by heading."""
    section = PAGES[0].read_text("utf-8").partition("## What is built in")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ", 1) for line in section.splitlines() if "|" in line]
    return {row[0]: row[1] for row in cells if len(row) == 2}


def words_in(row: str) -> set[str]:
    return set(re.findall(r"[\w-]+", row))


def test_the_built_in_table_has_every_filter_and_score_of_kubernetes() -> None:
    rows = built_in()
    filters = set(re.findall(r"\b[A-Z]\w+", rows["Kubernetes 1.35 filters"]))
    assert filters == set(KUBERNETES_FILTERS) - {"GpuShare"}
    assert set(REGISTRY.profiles["kubernetes"].scores) <= words_in(rows["Kubernetes 1.35 scores"])


def test_the_built_in_table_has_every_scheduler_suite_and_experiment() -> None:
    rows = built_in()
    shared = {n for n in REGISTRY.profiles if n.startswith("fgd")} | {"shadow-price", "dual-price"}
    greedy = {name.strip() for name in re.sub(r"\(.*?\)", "", rows["Greedy baselines"]).split(",")}
    assert greedy == set(REGISTRY.profiles) - shared
    assert set(REGISTRY.schedulers) <= words_in(rows["OR-Tools, batches"])
    named = words_in(re.sub(r"\(\[.*?\)\)", "", rows["Suites"])) - {"and"}
    assert named == set(REGISTRY.suites)
    experiments = {e.name for e in entry_points(group="schedlab.experiments")}
    assert experiments <= words_in(rows["Experiments"])


def test_every_workload_has_its_place_in_the_docs() -> None:
    page = (ROOT / "docs" / "workloads.md").read_text("utf-8")
    headings = set(re.findall(r"^## (\w+)$", page, re.MULTILINE))
    assert set(REGISTRY.workloads) <= headings
    assert [name for name in REGISTRY.presets if f"| `{name}` |" not in page] == []


def test_every_command_and_every_kind_to_list_is_in_readme_or_docs() -> None:
    shown = {words[0] for page in PAGES for words in commands(page)}
    assert set(COMMANDS.list_commands(None)) <= shown
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert "schedlab list " + "|".join(KINDS) in text

"""docs/metrics.md names what tables show, how they are ordered, and every hard constraint."""

from __future__ import annotations

import re
from pathlib import Path

from schedlab.cli.columns import COLUMNS
from schedlab.harness.summary import RANKING
from schedlab.metrics.verify import HARD_CONSTRAINTS

TEXT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_column_is_explained_by_its_heading() -> None:
    rows = [line for line in section("The table").splitlines() if line.startswith("| `")]
    for column in COLUMNS:
        words = column.heading.replace("\n", " ").removesuffix(" %").removesuffix(" µs")
        [row] = [r for r in rows if f"`{column.metric}`" in r.split("|")[2]]
        assert f"`{words}`" in row.split("|")[1]


def test_the_ranking_rule_is_the_one_in_use() -> None:
    rule = section("The table").partition("**The rank.**")[2]
    named = re.findall(r"`(\w+)`", rule.partition("What does not apply")[0])
    assert tuple(named) == RANKING


def test_every_hard_constraint_is_listed() -> None:
    listed = re.findall(r"^\| `([\w-]+)` \|", section("Legal or not"), re.MULTILINE)
    assert set(listed) == {*HARD_CONSTRAINTS, "placement"}

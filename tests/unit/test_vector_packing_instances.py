"""Reading published instances, and packing some of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from schedlab.errors import InputError
from schedlab_algorithms.patterns.bins import BinsFound
from schedlab_benchmarks import vector_packing
from schedlab_benchmarks.vbp import (
    Instance,
    Known,
    instance_folder,
    instance_names,
    read_instance,
    read_known,
)

KNOWN = "set,instance,lb,opt_or_-1,best_heuristic\nTiny,two,2,2,2\nTiny,open,1,-1,3\n"


def ignore(line: str) -> None:
    del line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Tiny").mkdir()
    (tmp_path / "Tiny" / "two.vbp").write_text("2\n10 8\n2\n6 1 2\n3 -1 1\n")
    (tmp_path / "Tiny" / "open.vbp").write_text("1\n4\n1\n3 3\n")
    (tmp_path / "best_known.csv").write_text(KNOWN)
    return tmp_path


def test_an_instance_is_read_as_it_is_written(folder: Path) -> None:
    found = read_instance(folder, "Tiny/two")
    assert found.capacity.tolist() == [10, 8]
    assert found.sizes.tolist() == [[6, 1], [3, -1]]
    assert found.demand.tolist() == [2, 1]
    assert instance_names(folder) == ["Tiny/open", "Tiny/two"]
    assert read_known(folder) == {"Tiny/two": Known(2, 2, 2), "Tiny/open": Known(1, None, 3)}


@pytest.mark.parametrize("text", ["", "2\n10 8\n2\n6 1 2\n", "1\n10\n1\nx 1\n"])
def test_a_file_of_another_form_is_named(folder: Path, text: str) -> None:
    (folder / "Tiny" / "two.vbp").write_text(text)
    with pytest.raises(InputError, match=r"two\.vbp is not a \.vbp instance"):
        read_instance(folder, "Tiny/two")


def test_what_is_missing_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no instance"):
        read_instance(folder, "Tiny/three")
    (folder / "best_known.csv").write_text("set,instance\n")
    with pytest.raises(InputError, match="lacks the column lb"):
        read_known(folder)
    monkeypatch.setenv("SCHEDLAB_PACKING", str(folder / "nowhere"))
    with pytest.raises(InputError, match="no folder"):
        instance_folder()


def test_the_folder_comes_from_the_argument_or_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vbp").mkdir()
    monkeypatch.setenv("SCHEDLAB_PACKING", str(tmp_path))
    assert instance_folder() == tmp_path / "vbp"
    assert instance_folder(tmp_path) == tmp_path / "vbp", "the folder above will do"
    assert instance_folder(tmp_path / "vbp") == tmp_path / "vbp"


def test_the_table_tells_what_was_found_beside_what_is_known(folder: Path) -> None:
    told: list[str] = []
    table = vector_packing.run(["Tiny/*"], 2.0, 0, folder, told.append)
    assert table["instance"].tolist() == ["Tiny/open", "Tiny/two"]
    assert table["items"].tolist() == [3, 3]
    assert table["dims"].tolist() == [1, 2]
    assert table["bins"].tolist() == [3, 2]
    assert table["bound"].tolist() == [3, 2]
    assert table["best_of_351"].tolist() == [3, 2]
    assert table["proven"].all()
    assert len(told) == 2
    assert vector_packing.summary(table).startswith("2 instances: 2 proven optimal")


def test_a_pattern_that_means_nothing_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="no instance is called Tine"):
        vector_packing.run(["Tine/*"], 1.0, 0, folder, ignore)


@pytest.mark.parametrize(
    ("patterns", "complaint"),
    [([[2, 1]], "too full"), ([[2, 0]], "not every item"), ([[1, 1], [2, 0]], "not every item")],
)
def test_a_packing_that_is_none_is_refused(patterns: list[list[int]], complaint: str) -> None:
    instance = Instance("x", np.array([[6], [3]]), np.array([2, 1]), np.array([10]))
    with pytest.raises(AssertionError, match=complaint):
        vector_packing.verify(instance, BinsFound(np.array(patterns), 1))


@pytest.mark.parametrize(
    "name",
    [
        "New/class6_60_3_0",
        "Panigrahy/class1_60_3_0",
        "Panigrahy/class6_60_3_0",
        "Panigrahy/class9_120_5_0",
        "Triplet/classC_60_3_0",
        "Triplet/classF_60_5_1",
    ],
)
def test_published_optima_are_reached_and_proven(shared: Path, name: str) -> None:
    folder = shared / "reference" / "packing" / "vbp"
    known = read_known(folder)[name]
    table = vector_packing.run([name], 30.0, 0, folder, ignore)
    assert table["proven"].all()
    assert table["bins"].tolist() == [known.optimum]

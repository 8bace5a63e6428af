"""Names from entry points, and packages that cannot be imported."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from schedlab import entries
from schedlab.api import Scheduler, ScorePlugin
from schedlab.entries import Classes
from schedlab.errors import InputError

GROUP = "schedlab.plugins"
FIT = "schedlab_algorithms.baselines.best_fit:BestFit"


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    points = [EntryPoint("Gone", "no_such_package:Gone", GROUP), EntryPoint("BestFit", FIT, GROUP)]
    monkeypatch.setattr(entries, "entry_points", lambda group: points)
    return points


@pytest.mark.usefixtures("offered")
def test_a_package_that_cannot_be_imported_stops_only_who_uses_it() -> None:
    classes = Classes(GROUP, ScorePlugin, {})
    assert list(classes) == ["BestFit", "Gone"]
    assert "Gone" in classes
    assert classes["BestFit"].__name__ == "BestFit"
    with pytest.raises(InputError, match=r"'Gone' \(no_such_package:Gone\).*raises on import"):
        classes["Gone"]


@pytest.mark.usefixtures("offered")
def test_a_class_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="is not a Scheduler"):
        Classes("schedlab.schedulers", Scheduler, {})["BestFit"]

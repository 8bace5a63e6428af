"""What is wrong with data is told by path, with the nearest key where one is unknown."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from schedlab.errors import explain_validation
from schedlab.model_keys import keys_at


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seconds: float = 1.0
    node_name: str = Field(default="", alias="nodeName")

    @field_validator("seconds")
    @classmethod
    def _not_two(cls, seconds: float) -> float:
        if seconds == 2:
            raise ValueError("expected anything but two, got two")
        return seconds


@dataclass
class Plain:
    __pydantic_config__ = ConfigDict(extra="forbid")
    inner: Inner | None = None


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    timeout: int = 0
    one: Inner = Inner()
    several: tuple[Inner, ...] = ()
    either: Inner | Plain | None = None


def told(model: type, data: object) -> str:
    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(model).validate_python(data)
    return explain_validation(wrong.value, "here", model)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        (
            Outer,
            {"timout": 3},
            "here: timout: unknown key; did you mean 'timeout'? "
            "(known: timeout, one, several, either)",
        ),
        (
            Outer,
            {"one": {"nodename": "x"}},
            "here: one.nodename: unknown key; did you mean 'nodeName'? (known: seconds, nodeName)",
        ),
        (
            Outer,
            {"several": [{}, {"zzz": 1}]},
            "here: several[1].zzz: unknown key (known: seconds, nodeName)",
        ),
        (Plain, {"iner": None}, "here: iner: unknown key; did you mean 'inner'? (known: inner)"),
        (
            Plain,
            {"inner": {"second": 1}},
            "here: inner.second: unknown key; did you mean 'seconds'? (known: seconds, nodeName)",
        ),
        (
            Outer,
            {"one": {"seconds": 2}},
            "here: one.seconds: expected anything but two, got two",
        ),
    ],
)
def test_a_fault_is_one_line(model: type, data: object, said: str) -> None:
    assert told(model, data) == said


def test_without_a_single_model_there_is_no_guess() -> None:
    assert keys_at(Outer, ("either",)) is None
    assert keys_at(None, ()) is None
    assert keys_at(Outer, ("nothing", "such")) is None

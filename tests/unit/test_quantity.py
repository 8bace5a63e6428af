"""Quantities against apimachinery's own tables, the documentation, and decimal arithmetic."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schedlab.errors import InputError
from schedlab.model.quantity import MAX_INT64, Scalar, milli, parse_quantity, value

# (text, mantissa, power of ten): apimachinery/pkg/api/resource/quantity_test.go, TestQuantityParse.
PARSED = [
    ("0", 0, 0),
    ("0Ki", 0, 0),
    ("1", 1, 0),
    ("1Ki", 1024, 0),
    ("7Mi", 7 * 1024**2, 0),
    ("6Gi", 6 * 1024**3, 0),
    ("5Ti", 5 * 1024**4, 0),
    ("4Pi", 4 * 1024**5, 0),
    ("3Ei", 3 * 1024**6, 0),
    ("100Ti", 100 * 1024**4, 0),
    ("5n", 5, -9),
    ("4u", 4, -6),
    ("3m", 3, -3),
    ("50k", 5, 4),
    ("7M", 7, 6),
    ("6G", 6, 9),
    ("300T", 3, 14),
    ("2P", 2, 15),
    ("1E", 1, 18),
    ("1E-3", 1, -3),
    ("1e3", 1, 3),
    ("1E18", 1, 18),
    ("1e14", 1, 14),
    ("100.035k", 100035, 0),
    ("0.0005k", 5, -1),
    ("0.05000", 5, -2),
    ("0.5e-2", 5, -3),
    ("1.3E+6", 13, 5),
    ("1.53E12", 153, 10),
    ("6.987654321G", 6987654321, 0),
    ("1.01E", 101, 16),
    ("3.001n", 4, -9),
    ("1.1E-9", 2, -9),
    ("0.0000000001", 1, -9),
    ("0.9n", 1, -9),
    ("0.00000012345", 124, -9),
    ("12E", 12, 18),
    ("100.035Ki", 10243584, -2),
    ("0.05Gi", 536870912, -1),
    ("0.025Ti", 274877906944, -1),
    ("0.000000000001Ki", 2, -9),
    (".001", 1, -3),
    (".0001k", 100, -3),
    ("1.", 1, 0),
    ("1.G", 1, 9),
]

# The invalid ones of the same table, and a few more that mean nothing.
BROKEN = ["", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-"]
BROKEN += ["1e4294967297", " 1", "1 ", ".", "Mi", "1 Gi", "1KI", "one", "nan", "1e", "9" * 80]


@pytest.mark.parametrize(("text", "mantissa", "power"), PARSED)
def test_parses_as_apimachinery_does(text: str, mantissa: int, power: int) -> None:
    expected = mantissa * Fraction(f"1e{power}")
    assert parse_quantity(text) == expected
    assert parse_quantity(f"+{text}") == expected
    assert parse_quantity(f"-{text}") == -expected


@pytest.mark.parametrize("scalar", [*BROKEN, True, float("inf"), ["1"], {"cpu": 1}])
def test_refuses_what_is_no_quantity(scalar: Scalar) -> None:
    with pytest.raises(InputError, match="is not a quantity, expected a number"):
        parse_quantity(scalar)


# Kubernetes documentation, "Resource units in Kubernetes".
@pytest.mark.parametrize(
    ("scalar", "expected"),
    [("100m", 100), ("0.1", 100), (0.1, 100), ("0.5", 500), (1, 1000), ("1.0", 1000), (None, 0)],
)
def test_cpu_in_milli_cores(scalar: Scalar, expected: int) -> None:
    assert milli(scalar) == expected


@pytest.mark.parametrize(
    ("scalar", "expected"),
    [
        (128974848, 128974848),
        ("129e6", 129000000),
        ("129M", 129000000),
        ("128974848000m", 128974848),
        ("123Mi", 128974848),
        ("400m", 1),
        (1.5e3, 1500),
    ],
)
def test_memory_in_bytes(scalar: Scalar, expected: int) -> None:
    assert value(scalar) == expected


@pytest.mark.parametrize(("text", "expected"), [("0.1m", 1), ("1n", 1), ("1.0001", 1001)])
def test_milli_rounds_up(text: str, expected: int) -> None:
    assert milli(text) == expected


def test_value_rounds_up_and_is_exact_beyond_floats() -> None:
    assert value("1.1") == 2
    assert value("9007199254740993") == 9007199254740993
    assert value(str(MAX_INT64)) == MAX_INT64


@pytest.mark.parametrize("text", ["-1", "-100m", "-1Gi", "-0.1n"])
def test_refuses_negative_amounts(text: str) -> None:
    for read in (milli, value):
        with pytest.raises(InputError, match=r"is negative, expected 0 or more"):
            read(text)


@pytest.mark.parametrize("text", ["8Ei", "9223372036854775808", "10E", "1e400"])
def test_refuses_amounts_beyond_64_bits(text: str) -> None:
    with pytest.raises(InputError, match=r"is too large, expected at most 9223372036854775807"):
        value(text)


def test_milli_overflows_a_thousand_times_sooner() -> None:
    assert value("10P") == 10**16
    with pytest.raises(InputError, match="too large"):
        milli("10P")


SUFFIXES = {"n": "1e-9", "u": "1e-6", "m": "1e-3", "": "1", "k": "1e3", "M": "1e6", "G": "1e9"}
SUFFIXES |= {"Ki": str(1 << 10), "Mi": str(1 << 20), "Gi": str(1 << 30), "e3": "1e3", "E-2": "1e-2"}


@given(
    units=st.integers(0, 10**6),
    decimals=st.text("0123456789", max_size=12),
    suffix=st.sampled_from(sorted(SUFFIXES)),
)
def test_rounds_up_as_decimal_arithmetic_does(units: int, decimals: str, suffix: str) -> None:
    exact = Context(prec=60)
    number = exact.multiply(Decimal(f"{units}.{decimals or '0'}"), Decimal(SUFFIXES[suffix]))

    def ceiling(scaled: Decimal) -> int:
        return int(scaled.to_integral_value(ROUND_CEILING, exact))

    text = f"{units}.{decimals}{suffix}"
    assert value(text) == ceiling(number)
    assert milli(text) == ceiling(exact.multiply(number, Decimal(1000)))

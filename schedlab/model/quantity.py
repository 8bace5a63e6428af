"""Kubernetes resource quantities, exactly: no floating point anywhere.

Source: ``apimachinery/pkg/api/resource/quantity.go``.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

from schedlab.errors import InputError

Scalar = str | int | float | None
"""What a YAML or JSON document may hold where Kubernetes expects a quantity."""

MAX_INT64 = (1 << 63) - 1

_FORM = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))"
    r"(?:[eE](?P<exponent>[+-]?[0-9]{1,3})|(?P<suffix>[numkMGTPE]|[KMGTPE]i)?)"
)
_LONGEST = 64
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SCALES: dict[str | None, Fraction] = {None: Fraction(1)}
_SCALES.update({s: Fraction(f"1e{e}") for s, e in _POWERS.items()})
_SCALES.update({f"{s}i": Fraction(1024**e) for e, s in enumerate("KMGTPE", start=1)})
_NANO = 10**9


def parse_quantity(scalar: Scalar) -> Fraction:
    """Return the number that Kubernetes reads from a quantity.

    Suffixes ``n u m k M G T P E``, ``Ki`` to ``Ei``, or a decimal exponent; signs and
    decimals; numbers as YAML writes them; null is 0.  What is finer than a nano is
    rounded away from zero, as Kubernetes does.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(scalar, str):
        return _parse(scalar)
    if isinstance(scalar, bool) or not isinstance(scalar, int | float | None):
        raise _broken(scalar)
    return _parse("0" if scalar is None else repr(scalar))


def thousandths(scalar: Scalar) -> int:
    """Return a quantity in thousandths, rounded up: the finest the API server keeps.

    Raises
    ------
    InputError
        If it is no quantity, or negative.
    """
    number = parse_quantity(scalar)
    if number.numerator < 0:
        raise InputError(f"{scalar!r} is negative, expected 0 or more")
    return -(-1000 * number.numerator // number.denominator)


def milli(scalar: Scalar) -> int:
    """Return a quantity in thousandths, rounded up (``Quantity.MilliValue``), as CPU is counted.

    Raises
    ------
    InputError
        If it is no quantity, negative, or beyond 64 bits.
    """
    return as_int64(thousandths(scalar), scalar)


def value(scalar: Scalar) -> int:
    """Return a quantity in whole units, rounded up (``Quantity.Value``), as all but CPU is counted.

    Raises
    ------
    InputError
        If it is no quantity, negative, or beyond 64 bits.
    """
    return as_int64(whole(thousandths(scalar)), scalar)


def whole(amount: int) -> int:
    """Return an amount of thousandths in whole units, rounded up."""
    return -(-amount // 1000)


def as_int64(number: int, said: object) -> int:
    """Return ``number`` if it fits in a signed 64-bit integer, else raise InputError."""
    if number > MAX_INT64:
        raise InputError(f"{said!r} is too large, expected at most {MAX_INT64} (2^63-1)")
    return number


@lru_cache(maxsize=1 << 14)
def _parse(text: str) -> Fraction:
    form = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if form is None:
        raise _broken(text)
    exponent = form["exponent"]
    scale = _SCALES[form["suffix"]] if exponent is None else Fraction(f"1e{exponent}")
    return _away_from_zero(Fraction(form["number"].rstrip(".")) * scale)


def _away_from_zero(number: Fraction) -> Fraction:
    nanos = number * _NANO
    return Fraction(ceil(nanos) if nanos > 0 else floor(nanos), _NANO)


def _broken(scalar: object) -> InputError:
    shown = repr(scalar)
    return InputError(
        f"{shown if len(shown) <= _LONGEST else shown[:_LONGEST] + '...'} is not a quantity, "
        "expected a number with an optional suffix, such as 500m, 1.5, 2Gi or 1e3"
    )

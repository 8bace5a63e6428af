"""A value of a manifest that knows where it is, so that every error can say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schedlab.errors import InputError
from schedlab.model.quantity import thousandths


class Field:
    """One value of a Kubernetes object; a missing one is a field whose value is None.

    ``field["key"]`` and :meth:`items` go down; the other methods read the value as what
    it must be, and raise :class:`InputError` with its path if it is not.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, key: str | int, parent: Field | None = None) -> None:
        self.value = value
        self._key = key
        self._parent = parent

    def __str__(self) -> str:
        """Return ``where: path.in[0].it``."""
        path, field = "", self
        while field._parent is not None:
            key = field._key
            path = (f"[{key}]" if isinstance(key, int) else f".{key}") + path
            field = field._parent
        return f"{field._key}: {path.lstrip('.')}" if path else str(field._key)

    def __getitem__(self, key: str) -> Field:
        held = self.value
        if held is not None and not isinstance(held, dict):
            raise self.expected("a mapping")
        return Field(None if held is None else held.get(key), key, self)

    def replaced(self, value: Any) -> Field:
        """Return the same place with another value."""
        return Field(value, self._key, self._parent)

    @property
    def present(self) -> bool:
        """Whether there is anything here at all."""
        return self.value is not None

    def error(self, message: str) -> InputError:
        """Return the error ``message`` at this place, to be raised."""
        return InputError(f"{self}: {message}")

    def expected(self, what: str) -> InputError:
        """Return the error that this place should have held ``what``."""
        if self.value is None:
            return self.error(f"missing, expected {what}")
        shown = repr(self.value)
        return self.error(f"expected {what}, got {shown[:60]}{'...' if len(shown) > 60 else ''}")

    def items(self) -> list[Field]:
        """Return the elements of a list (none if it is missing)."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.expected("a list")
        return [Field(v, i, self) for i, v in enumerate(self.value)]

    def text(self, default: str | None = None) -> str:
        """Return a string; without a default it may be neither missing nor empty."""
        held = self.value
        if isinstance(held, str) and (held or default is not None):
            return held
        if held is None and default is not None:
            return default
        quotable = isinstance(held, int | float)
        raise self.expected("text (put it in quotes)" if quotable else "text")

    def choice(self, options: Sequence[str], default: str | None = None) -> str:
        """Return a string that is one of ``options``; missing or empty gives the default."""
        if self.value in (None, "") and default is not None:
            return default
        if self.value not in options:
            raise self.expected(f"one of {', '.join(options)}")
        return str(self.value)

    def integer(self, default: int | None = None, low: int = 0, high: int = (1 << 31) - 1) -> int:
        """Return an integer from ``low`` to ``high``."""
        held = self.value
        if held is None and default is not None:
            return default
        if not isinstance(held, int) or isinstance(held, bool) or not low <= held <= high:
            raise self.expected(f"an integer from {low} to {high}")
        return held

    def timestamp(self) -> int:
        """Return an RFC 3339 time in seconds since 1970 (fractions dropped)."""
        text = self.text()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise self.expected("a time like 2026-01-31T12:00:00Z") from None
        if moment.tzinfo is None:
            raise self.expected("a time with its zone, like 2026-01-31T12:00:00Z")
        return int(moment.timestamp())

    def flag(self) -> bool:
        """Return a boolean, False if it is missing."""
        if not isinstance(self.value, bool | None):
            raise self.expected("true or false")
        return bool(self.value)

    def texts(self) -> tuple[str, ...]:
        """Return a list of strings (none if it is missing)."""
        return tuple(i.text("") for i in self.items())

    def strings(self) -> dict[str, str]:
        """Return a mapping of strings to strings, such as labels (empty if it is missing)."""
        return {k: self[k].text("") for k in self._keys()}

    def quantities(self) -> dict[str, int]:
        """Return a resource list in thousandths, rounded up as the API server does."""
        amounts = {}
        for key in self._keys():
            try:
                amounts[key] = thousandths(self.value[key])
            except InputError as error:
                raise self[key].error(str(error)) from None
        return amounts

    def _keys(self) -> list[str]:
        if self.value is None:
            return []
        if not isinstance(self.value, dict):
            raise self.expected("a mapping")
        for key in self.value:
            if not isinstance(key, str):
                raise self.error(f"key {key!r}: expected text (put it in quotes)")
        return list(self.value)

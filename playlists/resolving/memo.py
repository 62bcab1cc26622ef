"""What resolving remembers between profiles and between runs, so that equal work is done once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

T = TypeVar("T")
MEMO_ENTRIES = 400_000
"""Remembered results beyond which everything is forgotten, at the beginning of a run."""


class Memo:
    """Results by what they were made from. Forgetting costs time, never truth.

    Values such as playlists hold mappings and cannot be hashed, so a key names them by a *token*:
    equal values have equal tokens. Not for several threads.
    """

    def __init__(self, most: int = MEMO_ENTRIES) -> None:
        self._most = most
        self._kept: dict[Hashable, object] = {}
        self._tokens: dict[int, tuple[object, int]] = {}
        self._equals: dict[Hashable, list[tuple[object, int]]] = {}
        self._last = 0

    def trim(self) -> None:
        """Forget everything if too much is remembered. Tokens are never given twice."""
        if len(self._kept) + len(self._tokens) > self._most:
            self._kept.clear()
            self._tokens.clear()
            self._equals.clear()

    def token(self, name: Hashable, value: object) -> int:
        """A number that stands for `value`; equal values of one `name` have the same."""
        known = self._tokens.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        equals = self._equals.setdefault((type(value), name), [])
        number = next((number for other, number in equals if other == value), None)
        if number is None:
            number = self._new()
            equals.append((value, number))
        self._tokens[id(value)] = (value, number)
        return number

    def mark(self, value: object) -> int:
        """A number that stands for this very object; its equals have others."""
        known = self._tokens.get(id(value))
        if known is not None and known[0] is value:
            return known[1]
        number = self._new()
        self._tokens[id(value)] = (value, number)
        return number

    def keep(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was kept under `key`, or what `make` returns, kept from now on."""
        try:
            return cast("T", self._kept[key])
        except KeyError:
            made = make()
            self._kept[key] = made
            return made

    def get(self, key: Hashable) -> object | None:
        """What was put under `key`, or None."""
        return self._kept.get(key)

    def put(self, key: Hashable, value: object) -> None:
        """Keep `value` under `key`."""
        self._kept[key] = value

    def _new(self) -> int:
        self._last += 1
        return self._last

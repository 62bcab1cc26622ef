"""Whose turn it is: every store once in a round, at a moment of its own, so that no round comes in
one burst.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection


class Rounds:
    """Rounds of `every_ms`, from the instant `begun_ms` of a clock that never goes back."""

    def __init__(self, every_ms: int, begun_ms: int) -> None:
        self._every_ms = every_ms
        self._since_ms = begun_ms
        self._moments: dict[str, int] = {}

    def due(self, names: Collection[str], now_ms: int) -> list[str]:
        """Those whose moment came since this was last asked, in the order of their moments."""
        since_ms, self._since_ms = self._since_ms, now_ms
        if len(self._moments) > 2 * len(names):
            self._moments.clear()  # of names that are long gone
        next_ones = sorted((self._next(name, since_ms), name) for name in names)
        return [name for moment_ms, name in next_ones if moment_ms <= now_ms]

    def _next(self, name: str, since_ms: int) -> int:
        """The first moment of a name after an instant: the same in each round."""
        if name not in self._moments:
            digest = hashlib.sha256(name.encode()).digest()
            self._moments[name] = int.from_bytes(digest[:6], "big") % self._every_ms
        return since_ms + 1 + (self._moments[name] - since_ms - 1) % self._every_ms

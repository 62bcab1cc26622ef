"""Remembers the newest version told of each thing, so that late calls change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_VERSIONS = 2_000
"""Newest versions remembered, of as many things; older calls about them are ignored."""


class Versions:
    """The newest version told of each thing; the least recently told are forgotten first."""

    def __init__(self, kept: Mapping[str, int]) -> None:
        self._kept = dict(kept)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Versions:
        """From what a connector kept."""
        return cls(dict(state.get("versions", ())))

    def to_state(self) -> dict[str, Any]:
        """In the order in which they were told: JSON objects may lose it, lists do not."""
        return {"versions": list(self._kept.items())[-MAX_VERSIONS:]}

    def is_old(self, key: str, version: str) -> bool:
        """Whether a newer version was told before; else remembers this one. Versions that are no
        numbers are never old.
        """
        if not (version.isascii() and version.isdecimal()):
            return False
        if int(version) < self._kept.get(key, -1):
            return True
        self._kept.pop(key, None)
        self._kept[key] = int(version)
        return False

"""What the page is told: the newest state in sections, and what changed since a reader looked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

Sections = Mapping[str, Any]
"""JSON values by name; a value is never changed once it is on the board."""


class Board:
    """Written by the agent, read by the page's connections. Every method is for any thread."""

    def __init__(self, sections: Sections) -> None:
        self._changed = threading.Condition()
        self._sections = dict(sections)
        self._revs = dict.fromkeys(sections, 1)
        self._rev = 1
        self._closed = False

    def put(self, sections: Sections) -> None:
        """Replace these sections; readers hear of those that differ."""
        with self._changed:
            held = self._sections
            news = {it for it in sections if it not in held or held[it] != sections[it]}
            if news:
                self._rev += 1
                self._sections.update({name: sections[name] for name in news})
                self._revs.update(dict.fromkeys(news, self._rev))
                self._changed.notify_all()

    def since(self, rev: int, timeout_s: float = 0) -> tuple[int, dict[str, Any]] | None:
        """The newest revision and the sections that changed after `rev` (0: all), awaited so long.

        No sections when nothing did; None once the board is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._rev > rev, timeout_s)
            if self._closed:
                return None
            changed = {name: self._sections[name] for name, at in self._revs.items() if at > rev}
            return self._rev, changed

    def close(self) -> None:
        """Let every reader go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

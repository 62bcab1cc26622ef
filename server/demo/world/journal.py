"""What the outside world just did: a short memory that the world's page reads as it grows."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

KEPT_ENTRIES = 200


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Journal:
    """Numbered entries `{"id", "at_ms", "kind", …}`, safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT_ENTRIES)
        self._last_id = 0
        self._grown = threading.Condition()

    def add(self, kind: str, **details: Any) -> dict[str, Any]:
        """Append an entry and wake those who wait for one."""
        with self._grown:
            self._last_id += 1
            entry = {"id": self._last_id, "at_ms": now_ms(), "kind": kind, **details}
            self._entries.append(entry)
            self._grown.notify_all()
        return entry

    @property
    def last_id(self) -> int:
        """The newest entry's number, 0 when there is none."""
        return self._last_id

    def after(self, entry_id: int, wait_s: float = 0) -> list[dict[str, Any]]:
        """Entries newer than `entry_id`, waiting up to `wait_s` seconds for the first."""
        with self._grown:
            self._grown.wait_for(lambda: self._last_id > entry_id, timeout=wait_s)
            return [entry for entry in self._entries if entry["id"] > entry_id]

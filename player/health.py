"""Signs of life, told to systemd where it listens (sd_notify(3)), and what is wrong."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from typing import Any

from player.machine.package import PACKAGE

STALL_S = 60.0
"""An agent that has not turned for so long hangs: systemd is no longer told that it lives."""


class Health:
    """Notes are what is wrong now, counts what happened since the start. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: dict[str, tuple[str, float]] = {}
        self._counts: Counter[str] = Counter()
        self._turned = time.monotonic()
        self._systemd = _notifier()
        self._pulse_s = _watchdog_s() / 2
        self._told = 0.0

    def note(self, code: str, text: str) -> None:
        """Something is wrong: `code` is stable, `text` says what and what to do."""
        with self._lock:
            _, since = self._notes.get(code, ("", time.monotonic()))
            self._notes[code] = text, since

    def clear(self, code: str) -> None:
        """It is right again."""
        with self._lock:
            self._notes.pop(code, None)

    def count(self, what: str, times: int = 1) -> None:
        """Something happened, so many times."""
        with self._lock:
            self._counts[what] += times

    def turned(self) -> None:
        """The agent's loop goes round."""
        self._turned = time.monotonic()
        if self._systemd and self._pulse_s and self._turned - self._told > self._pulse_s:
            self._told = self._turned
            self._systemd.notify("WATCHDOG=1")

    def ready(self) -> None:
        """The page is served and the plan, if there is one, plays."""
        if self._systemd:
            self._systemd.notify("READY=1")

    def stopping(self) -> None:
        """The player ends as it was told."""
        if self._systemd:
            self._systemd.notify("STOPPING=1")

    def troubles(self, now_ms: int) -> dict[str, int]:
        """What is wrong, and since when by a clock that shows `now_ms` (unix ms)."""
        with self._lock:
            now = time.monotonic()
            return {
                code: max(0, now_ms - int((now - since) * 1000))
                for code, (_, since) in self._notes.items()
            }

    @property
    def first_note(self) -> str:
        """The oldest of what is wrong, "" when all is well."""
        with self._lock:
            return next(iter(self._notes), "")

    def to_json(self) -> dict[str, Any]:
        """For people and monitoring."""
        with self._lock:
            alive = time.monotonic() - self._turned < STALL_S
            notes = {code: text for code, (text, _) in self._notes.items()}
            counts = dict(self._counts)
        return {"ok": alive, "package": PACKAGE, "notes": notes, "counts": counts}


def _notifier() -> Any:
    if not os.environ.get("NOTIFY_SOCKET"):
        return None
    try:
        import sdnotify
    except ImportError:
        return None
    return sdnotify.SystemdNotifier()


def _watchdog_s() -> float:
    """systemd's patience in seconds, 0 without a watchdog (sd_watchdog_enabled(3))."""
    wish = os.environ.get("WATCHDOG_USEC", "")
    return int(wish) / 1e6 if wish.isdecimal() else 0.0

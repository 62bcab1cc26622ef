"""What the agent is to hear next, with an end: whoever floods the link fills no memory.

What the link brings is only ever a hint: each report is answered by all that lacks. So beyond the
limits it is dropped and counted, and the agent asks again soon. All else (ends of its own work, its
kiosk's words, that the link is up or down) comes once and is never dropped: there is no more of it
than work begun, wishes and connections.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from player.agent.events import Event
from player.link.door import Heard, Told
from playlists.signing import MAX_BYTES
from playlists.wire.door import Pull

MAX_NEWS = 1_024
"""Messages of the link that wait."""
MAX_NEWS_BYTES = 2 * MAX_BYTES["offers"]
"""The same in bytes: the largest that may come, and as much beside it."""


class Inbox:
    """First in, first out. `put` is for any thread, the rest for the agent's."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._news = self._bytes = self._dropped = 0

    def put(self, event: Event) -> None:
        """Have this heard; news of the link where there is room for it."""
        if isinstance(event, Heard | Told | Pull):
            size = _size(event)
            with self._lock:
                if self._news >= MAX_NEWS or self._bytes + size > MAX_NEWS_BYTES:
                    self._dropped += 1
                    return
                self._news += 1
                self._bytes += size
        self._events.put(event)

    def get(self, wait_s: float = 0) -> Event | None:
        """The next, or None where none comes within this time."""
        try:
            event = self._events.get(block=wait_s > 0, timeout=wait_s)
        except queue.Empty:
            return None
        if isinstance(event, Heard | Told | Pull):
            with self._lock:
                self._news -= 1
                self._bytes -= _size(event)
        return event

    def some(self, wait_s: float) -> Iterator[Event]:
        """What waits, but for what a flood adds meanwhile: the agent must turn in between."""
        for taken in range(MAX_NEWS):
            event = self.get(0 if taken else wait_s)
            if event is None:
                return
            yield event

    def dropped(self) -> int:
        """How many were dropped since this was asked last."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        return dropped


def _size(news: Heard | Told | Pull) -> int:
    return 0 if isinstance(news, Pull) else len(news.token)

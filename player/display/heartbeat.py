"""When the page last said that it lives, and when it last drew a frame.

The page says it every few seconds, with how many frames it has drawn (source_agent.js). A display
that is off asks for no frames, so both are told apart.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from playlists.fields import Fields
from playlists.ids import Json


class Heartbeat:
    """Of the one page; silent since this was made. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard = self._drew = time.monotonic()
        self._frames = 0
        self._dark = False

    def take(self, value: object) -> None:
        """What a page said: {"frames": since it began, "dark": whether it is to show nothing}.
        Raises Invalid.
        """
        given = Fields.of(value)
        frames, dark = given.whole("frames"), given.value("dark") is True
        with self._lock:
            self._heard = time.monotonic()
            if frames != self._frames:
                self._drew = self._heard
            self._frames, self._dark = frames, dark

    def to_json(self) -> Mapping[str, Json]:
        """For the kiosk (`view.Beat`): how long ago, in ms."""
        with self._lock:
            now = time.monotonic()
            return {
                "ago_ms": int((now - self._heard) * 1000),
                "drawn_ago_ms": int((now - self._drew) * 1000),
                "frames": self._frames,
                "dark": self._dark,
            }

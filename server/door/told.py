"""What the door tells the worker: reports and links, gathered for a second; clones at once.

While the worker is away the newest report of each screen is kept, and nothing else grows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from playlists.ids import Json
from server.door.limits import TELL_ROWS

Send = Callable[[Mapping[str, Any]], bool]


class Told:
    """`send` hands one message to the bus and says whether it was taken."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._reports: dict[str, tuple[int, Json]] = {}
        self._links: dict[str, bool] = {}
        self._clones: dict[str, None] = {}

    def report(self, screen: str, received_at: int, report: Json) -> None:
        """A screen's report; `received_at` is unix milliseconds."""
        self._reports[screen] = (received_at, report)

    def up(self, screen: str) -> None:
        """A screen has its first link."""
        self._links[screen] = True

    def down(self, screen: str) -> None:
        """A screen's last link has ended."""
        self._links[screen] = False

    def clone(self, screen: str) -> None:
        """A key is used twice."""
        self._clones[screen] = None
        self.flush()

    def hello(self, screens_up: list[str]) -> None:
        """The worker is back: ask for everything, and say which screens are here, all of them."""
        self._links.clear()
        self._send({"t": "hello"})
        self._send({"t": "links", "up": screens_up, "down": [], "all": True})
        self.flush()

    def flush(self) -> None:
        """Send what was gathered; what the worker does not take stays."""
        for screen in list(self._clones):
            if not self._send({"t": "clone", "screen": screen}):
                return
            del self._clones[screen]
        if self._links:
            up = [screen for screen, is_up in self._links.items() if is_up]
            down = [screen for screen, is_up in self._links.items() if not is_up]
            if not self._send({"t": "links", "up": up, "down": down}):
                return
            self._links.clear()
        while self._reports:
            rows = list(islice(self._reports.items(), TELL_ROWS))
            message = [[screen, received_at, report] for screen, (received_at, report) in rows]
            if not self._send({"t": "reports", "reports": message}):
                return
            for screen, _ in rows:
                del self._reports[screen]

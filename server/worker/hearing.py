"""What the door tells the worker: reports, links and clones, gathered and written in batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from playlists.wire.door import Report
from server.services.base.context import Context
from server.services.publishing.publish import Published
from server.services.screens import devices, reissue
from server.services.screens.screen_states import record_links, record_reports


class Hearing:
    """`take` runs in the bus's threads and only keeps; `flush` writes.

    `tell` is given the heads signed anew for screens that hold more than the record knows.
    """

    def __init__(self, ctx: Context, tell: Callable[[Published], None]) -> None:
        self._ctx = ctx
        self._tell = tell
        self._lock = threading.Lock()
        self._reports: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self._links: dict[str, bool] = {}
        self._all = False
        self._clones: set[str] = set()

    def take(self, message: Mapping[str, Any]) -> bool:
        """Keep a message of the door's; False where it is of another kind."""
        kind = message["t"]
        with self._lock:
            if kind == "reports":
                for screen, received_at, report in message["reports"]:
                    self._reports[screen] = (received_at, report)
            elif kind == "links":
                if message.get("all"):
                    self._links, self._all = {}, True
                self._links.update(dict.fromkeys(message["down"], False))
                self._links.update(dict.fromkeys(message["up"], True))
            elif kind == "clone":
                self._clones.add(message["screen"])
            else:
                return False
        return True

    def flush(self) -> None:
        """Write what was gathered. Who came and went is kept where that fails, as nobody says it
        again; the next reports come by themselves.
        """
        with self._lock:
            reports, self._reports = self._reports, {}
            links, self._links = self._links, {}
            everything, self._all = self._all, False
            clones, self._clones = self._clones, set()
        try:
            self._write(reports, links, everything, clones)
        except Exception:
            with self._lock:
                self._links = self._links if self._all else {**links, **self._links}
                self._all = self._all or everything
                self._clones |= clones
            raise
        said = {screen: Report.from_json(body) for screen, (_, body) in reports.items()}
        again = reissue.after_reports(self._ctx, said)
        if again.heads:
            self._tell(Published(again.heads))

    def _write(
        self,
        reports: Mapping[str, tuple[int, Mapping[str, Any]]],
        links: Mapping[str, bool],
        everything: bool,
        clones: Iterable[str],
    ) -> None:
        """Reports before links: who reported and left is away."""
        for screen in clones:
            devices.hold(self._ctx, screen)
        try:
            if reports:
                record_reports(self._ctx, reports)
        finally:
            if links or everything:
                up = [screen for screen, is_up in links.items() if is_up]
                down = [screen for screen, is_up in links.items() if not is_up]
                record_links(self._ctx, up, down, everything=everything)

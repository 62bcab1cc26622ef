"""One message to many clients: in chunks, so that the loop serves everyone else in between.

`PlainOutlet` is the library's own way, used where the installed libraries are not those whose
frames we know: ten times slower, the same behaviour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent

from server.door.frames import Pushed
from server.door.limits import (
    CHUNK_CLIENTS,
    CHUNK_PAUSE_S,
    CLOSE_GRACE_S,
    MAX_BACKLOG_FRAMES,
    NAMESPACE,
)
from server.door.links import Link


class PlainOutlet:
    """Messages through Socket.IO's own emit and queue. It hears no signs of life."""

    __slots__ = ("_eio_sid", "_on_overflow", "_owed", "_server", "_sid")

    def __init__(self, server: Any, sid: str, eio_sid: str, on_overflow: Callable[[], None]):
        self._server = server
        self._sid = sid
        self._eio_sid = eio_sid
        self._on_overflow = on_overflow
        self._owed: dict[bytes, Pushed] = {}

    def push(self, message: Pushed) -> None:
        """Queue in the library; over the limit, the message's `pull` is owed instead."""
        if self._waiting() >= MAX_BACKLOG_FRAMES and message.pull is not None:
            if not self._owed:
                self._on_overflow()
                gevent.spawn(self._pay)
            self._owed[message.pull.frame] = message.pull
            return
        self._emit(message)

    def probe(self) -> None:
        """Nothing: the library's queue has no such message."""

    def heard_since(self, instant: float) -> bool:
        """Unknown here, so the older of two connections always gives way."""
        return False

    def finish(self, code: int) -> None:
        """Let the library close, after what is queued."""
        gevent.spawn_later(0, self._server.eio.disconnect, self._eio_sid)
        gevent.spawn_later(CLOSE_GRACE_S, self._server.eio.disconnect, self._eio_sid)

    def _emit(self, message: Pushed) -> None:
        self._server.emit(message.event, message.data, to=self._sid, namespace=NAMESPACE)

    def _waiting(self) -> int:
        socket = self._server.eio.sockets.get(self._eio_sid)
        return 0 if socket is None else int(socket.queue.qsize())

    def _pay(self) -> None:
        while self._waiting():
            gevent.sleep(0.1)
        owed, self._owed = self._owed, {}
        for message in owed.values():
            self._emit(message)


class Fanout:
    """Writes to many, and remembers how long the last time took (milliseconds) for how many."""

    def __init__(self) -> None:
        self.last_clients = 0
        self.last_ms = 0.0
        self.rounds = 0

    def broadcast(self, links: list[Link], message: Pushed) -> None:
        """The same message to all of `links`."""
        self.send([(link, message) for link in links])

    def send(self, rows: Iterable[tuple[Link, Pushed]]) -> None:
        """To each its message, in order."""
        begun = time.perf_counter()
        count = 0
        for link, message in rows:
            if count and count % CHUNK_CLIENTS == 0:
                gevent.sleep(CHUNK_PAUSE_S)
            link.outlet.push(message)
            count += 1
        self.last_clients = count
        self.last_ms = (time.perf_counter() - begun) * 1000
        self.rounds += 1

"""The writing side of one connection: never waits, bounds what waits for a slow client.

Everything that leaves on the connection passes here, the library's own packets too, so frames
cannot be interleaved. A frame goes straight into the kernel's buffer; what does not fit waits in a
bounded backlog that its own greenlet drains. When the backlog overflows, what can be asked for
again is dropped, and once the client reads again it is told to `pull` each kind of it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent

from server.door.frames import PING_FRAME, Pushed, close_frame
from server.door.limits import (
    CLOSE_GRACE_S,
    HARD_BACKLOG_BYTES,
    MAX_BACKLOG_BYTES,
    MAX_BACKLOG_FRAMES,
)


class Pipe:
    """`sock` is a gevent socket; its timeout (seconds) ends a client that takes nothing."""

    __slots__ = (
        "_backlog", "_bytes", "_closed", "_draining", "_on_overflow", "_owed", "_sock", "heard_at",
    )  # fmt: skip

    def __init__(self, sock: Any, on_overflow: Callable[[], None]) -> None:
        self._sock = sock
        self._on_overflow = on_overflow
        self._backlog: deque[tuple[bytes, Pushed | None]] | None = None
        self._owed: dict[bytes, Pushed] | None = None
        self._bytes = 0
        self._draining = False
        self._closed = False
        self.heard_at = 0.0
        """When bytes last came from the client, by `time.monotonic()`."""

    def push(self, message: Pushed) -> None:
        """Send a message; a slow client may get its `pull` instead, later."""
        instead = message.pull
        if self._owed and instead is not None and instead.frame in self._owed:
            return
        self._put(message.frame, instead)

    def write(self, data: bytes | bytearray) -> None:
        """What the WebSocket library writes. Raises OSError when the connection has ended."""
        if self._closed:
            raise ConnectionError("This connection has ended.")
        self._put(bytes(data), None)

    def probe(self) -> None:
        """Ask for a sign of life: a live client moves `heard_at`."""
        self._put(PING_FRAME, None)

    def heard_since(self, instant: float) -> bool:
        """Whether bytes came after `instant` (`time.monotonic()`)."""
        return self.heard_at > instant

    def finish(self, code: int) -> None:
        """Close politely: the client has CLOSE_GRACE_S to answer, then the connection is cut."""
        if not self._closed:
            self._put(close_frame(code), None)
            gevent.spawn_later(CLOSE_GRACE_S, self.cut)

    def cut(self) -> None:
        """End the connection now; the library's reader then sees its end and cleans up."""
        self._closed = True
        self._backlog = None
        self._owed = None
        self._bytes = 0
        try:
            self._sock.shutdown(2)
        except OSError:
            pass

    def heard(self) -> None:
        """Bytes came from the client."""
        self.heard_at = time.monotonic()

    def _put(self, data: bytes, instead: Pushed | None) -> None:
        if self._closed:
            return
        if not self._draining:
            try:
                sent = self._sock.send(data, 0, 0.0)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.cut()
                return
            if sent == len(data):
                return
            self._draining = True
            self._backlog = deque()
            gevent.spawn(self._drain, data[sent:])
            return
        assert self._backlog is not None
        self._backlog.append((data, instead))
        self._bytes += len(data)
        if self._bytes > MAX_BACKLOG_BYTES or len(self._backlog) > MAX_BACKLOG_FRAMES:
            self._overflow()

    def _overflow(self) -> None:
        assert self._backlog is not None
        owed = self._owed = self._owed or {}
        for _, instead in self._backlog:
            if instead is not None:
                owed[instead.frame] = instead
        self._backlog = deque(row for row in self._backlog if row[1] is None)
        self._bytes = sum(len(data) for data, _ in self._backlog)
        self._on_overflow()
        if self._bytes > HARD_BACKLOG_BYTES:
            self.cut()

    def _drain(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._sock.send(data) :] or self._next()
        except OSError:
            self.cut()
        self._draining = False

    def _next(self) -> bytes:
        if self._backlog:
            data, _ = self._backlog.popleft()
            self._bytes -= len(data)
            return data
        if self._owed:
            pulls, self._owed = self._owed, None
            return b"".join(pulls)
        return b""

"""What the door adds to gevent-websocket: bounds, silence that ends, and less work per message.

The library checks UTF-8 and removes masks byte by byte in Python: 5 to 20 ms for a long message,
in which nobody else is served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import gevent
from geventwebsocket.exceptions import FrameTooLargeException
from geventwebsocket.handler import WebSocketHandler
from geventwebsocket.websocket import Header

from server.door.limits import (
    BYTES_PER_S,
    HANDSHAKE_S,
    MAX_MESSAGE_BYTES,
    READ_BUFFER_BYTES,
    SILENCE_S,
)
from server.door.links import Allowance
from server.door.pipe import Pipe

TOO_BIG = 1009
"""WebSocket close code."""


def unmasked(header: Any, payload: bytes) -> bytes:
    """The payload without its mask (RFC 6455 section 5.3), as one large number."""
    size = len(payload)
    mask = (header.mask * (size // 4 + 1))[:size]
    plain = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return plain.to_bytes(size, "big")


class _Later:
    """Leaves UTF-8 to the decoding that follows anyway and ends the connection just the same."""

    @staticmethod
    def reset() -> None:
        """Nothing is kept."""

    @staticmethod
    def validate(_: bytes) -> tuple[bool, bool, int, int]:
        """Good so far."""
        return True, True, 0, 0


_LATER = _Later()


def take_over(websocket: Any, on_overflow: Callable[[], None]) -> Pipe:
    """Have the library's WebSocket write through a Pipe and read within an allowance of bytes."""
    pipe = Pipe(websocket.handler.socket, on_overflow)
    allowed = Allowance(MAX_MESSAGE_BYTES, BYTES_PER_S)
    read = websocket.raw_read

    def bounded(size: int) -> bytes:
        if not allowed.take(size):
            pipe.finish(TOO_BIG)
            raise FrameTooLargeException
        data: bytes = read(size)
        pipe.heard()
        return data

    websocket.raw_read = websocket.stream.read = bounded
    websocket.raw_write = pipe.write
    websocket.utf8validator = _LATER
    return pipe


class _Silent:
    """Told when a connection ends."""

    @staticmethod
    def on_close(*_: object) -> None:
        """Nothing to do."""


class Application:
    """A WSGI application with the `current_app` that the library looks for at each end.

    Without it the library makes a class for each end: the only cyclic garbage that connections
    would leave, and a second's work for the collector after ten thousand of them.
    """

    current_app = _Silent()

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass it on."""
        return self._app(environ, start_response)


class Handler(WebSocketHandler):  # type: ignore[misc]
    """gevent-websocket's, with a small read buffer and an end to silence."""

    def __init__(self, sock: Any, address: Any, server: Any, rfile: Any = None) -> None:
        sock.settimeout(HANDSHAKE_S)
        self.on_end: Callable[[], None] | None = None
        """Set once the connection joined the namespace: makes the library forget it at its end."""
        self._timer: Any = None
        super().__init__(sock, address, server, rfile or sock.makefile("rb", READ_BUFFER_BYTES))

    def handle(self) -> None:
        """Serve the connection until its end."""
        try:
            super().handle()
        except TimeoutError:
            pass
        finally:
            if self._timer is not None:
                self._timer.close()

    def upgrade_connection(self) -> Any:
        """Become a WebSocket, and join the namespace within HANDSHAKE_S."""
        result = super().upgrade_connection()
        if getattr(self, "websocket", None) is not None:
            self.socket.settimeout(SILENCE_S)
            self._timer = gevent.get_hub().loop.timer(HANDSHAKE_S)
            self._timer.start(self._cut_unless_joined, self.socket)
        return result

    def run_websocket(self) -> None:
        """Serve the WebSocket; engineio lets an empty message escape as ValueError."""
        try:
            super().run_websocket()
        except ValueError:
            pass
        finally:
            if self.on_end is not None:
                self.on_end()

    def _cut_unless_joined(self, sock: Any) -> None:
        self._timer.close()
        if self.on_end is None:
            try:
                sock.shutdown(2)
            except OSError:
                pass

    def log_request(self) -> None:
        """Nothing: ten thousand lines at a restart help nobody."""


def speed_up() -> None:
    """Have the library remove masks in one step, in this process."""
    Header.unmask_payload = unmasked

"""A websocket whose messages have an end, and which goes where it was sent and nowhere else.

websocket-client itself takes frames and fragments of any length, a handshake of any length, and
follows redirects.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

import engineio.client
import socketio
import websocket
from websocket._abnf import frame_buffer

from playlists.signing import MAX_BYTES

MAX_MESSAGE_BYTES = MAX_BYTES["offers"] + 64 * 1024
HANDSHAKE_S = 15.0
SWITCHED = 101


class BoundedSocket(websocket.WebSocket):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frame_buffer = _Frames(self._recv, True)

    def connect(self, url: str, **options: Any) -> None:
        """Connect. Raises WebSocketException where the other side does not just do so."""
        timer = threading.Timer(HANDSHAKE_S, self._cut)
        timer.daemon = True
        timer.start()
        try:
            super().connect(url, **options, redirect_limit=0)  # type: ignore[no-untyped-call]
            answer = self.handshake_response
            if answer is None or answer.status != SWITCHED:
                raise websocket.WebSocketException("The door points elsewhere.")
        except BaseException:
            self.shutdown()  # type: ignore[no-untyped-call]
            raise
        finally:
            timer.cancel()

    def _cut(self) -> None:
        try:
            if self.sock:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            pass


class _Frames(frame_buffer):
    whole = 0

    def recv_strict(self, bufsize: int) -> bytes:
        if bufsize > MAX_MESSAGE_BYTES:
            raise websocket.WebSocketPayloadException("A message is too long.")
        data: bytes = super().recv_strict(bufsize)
        return data

    def recv_frame(self) -> Any:
        frame = super().recv_frame()
        if frame.opcode == websocket.ABNF.OPCODE_BINARY:
            raise websocket.WebSocketPayloadException("The door speaks text.")
        if frame.opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_CONT):
            self.whole += len(frame.data)
            if self.whole > MAX_MESSAGE_BYTES:
                raise websocket.WebSocketPayloadException("A message is too long.")
            if frame.fin:
                self.whole = 0
        return frame


def bounded_client(sslopt: dict[str, Any]) -> socketio.Client:
    """A Socket.IO client over such a socket."""
    options = {"sslopt": sslopt, "class_": BoundedSocket}
    plain = {"reconnection": False, "handle_sigint": False}
    try:
        return socketio.Client(**plain, websocket_extra_options=options)
    except TypeError:
        # The engineio of Debian 12 takes no options, and knows the library by this name.
        client = socketio.Client(**plain)
        engineio.client.websocket = _Library(options)
        return client


class _Library:
    """websocket-client, whose connections are made with these options."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options

    def __getattr__(self, name: str) -> Any:
        return getattr(websocket, name)

    def create_connection(self, *args: Any, **options: Any) -> Any:
        """Connect."""
        return websocket.create_connection(*args, **{**options, **self._options})

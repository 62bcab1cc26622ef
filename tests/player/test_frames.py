"""A door that means harm: no message without an end, no handshake for ever, no way elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import websocket

from player.link import frames
from player.link.frames import BoundedSocket

TEXT, MORE, BINARY, LAST = 0x1, 0x0, 0x2, 0x80
MOST_MEMORY = 8 * 1024 * 1024
MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Of RFC 6455, section 1.3."""


def frame(first: int, length: int) -> bytes:
    """A frame's head."""
    return struct.pack("!BBQ", first, 127, length)


def welcome(request: bytes) -> bytes:
    """The answer that makes a websocket of a connection."""
    (key,) = re.findall(rb"Sec-WebSocket-Key: (\S+)", request)
    accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
    head = b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


@contextmanager
def door(say: Callable[[socket.socket, bytes], None]) -> Iterator[str]:
    """A door that answers one request so; its address."""

    def serve() -> None:
        with listening.accept()[0] as taken:
            taken.settimeout(1.0)
            try:
                say(taken, taken.recv(65_536))
                taken.recv(1)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(10)


def receive(url: str) -> object:
    """Connect, and take a message."""
    link = websocket.create_connection(url, timeout=5, class_=BoundedSocket)
    try:
        return link.recv()
    finally:
        link.shutdown()


def forever(taken: socket.socket, first: bytes, block: bytes) -> None:
    """Send this, then that again and again, until nobody listens."""
    taken.sendall(first)
    while True:
        taken.sendall(block)


def test_a_message_is_taken_whole_from_its_fragments() -> None:
    def say(taken: socket.socket, request: bytes) -> None:
        said = frame(TEXT, 3) + b"a.b" + frame(MORE | LAST, 2) + b".c"
        taken.sendall(welcome(request) + said)

    with door(say) as url:
        assert receive(url) == "a.b.c"


@pytest.mark.parametrize(
    ("first", "block"),
    [
        (frame(TEXT | LAST, 1 << 40), bytes(65_536)),
        (frame(TEXT, 1) + b"x", frame(MORE, 65_536) + bytes(65_536)),
        (frame(BINARY | LAST, 3) + b"abc", b""),
    ],
    ids=["frame", "fragments", "binary"],
)
def test_a_message_that_is_none_ends_the_link(
    monkeypatch: pytest.MonkeyPatch, first: bytes, block: bytes
) -> None:
    monkeypatch.setattr(frames, "MAX_MESSAGE_BYTES", 1_000_000)

    def say(taken: socket.socket, request: bytes) -> None:
        taken.sendall(welcome(request) + first)
        while block:
            taken.sendall(block)

    tracemalloc.start()
    try:
        with door(say) as url, pytest.raises(websocket.WebSocketPayloadException):
            receive(url)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


def test_a_door_that_points_elsewhere_is_not_followed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        location = f"ws://127.0.0.1:{elsewhere.getsockname()[1]}/"
        answer = f"HTTP/1.1 302 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        with (
            door(lambda taken, request: taken.sendall(answer.encode())) as url,
            pytest.raises(websocket.WebSocketException),
        ):
            receive(url)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_a_handshake_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "HANDSHAKE_S", 0.2)

    def say(taken: socket.socket, request: bytes) -> None:
        forever(taken, b"HTTP/1.1 101 Yes\r\nX: ", b"x" * 1_000)

    with door(say) as url, pytest.raises((websocket.WebSocketException, OSError)):
        receive(url)

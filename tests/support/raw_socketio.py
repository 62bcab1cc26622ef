"""A minimal Socket.IO client's bytes (RFC 6455, Engine.IO 4): no I/O here, so it fits any loop.

For peers that must misbehave (read nothing, send too much) and for ten thousand in one process.
"""

from __future__ import annotations

import json
from typing import Any, Final

NAMESPACE: Final = "/player"
JOIN: Final = f"40{NAMESPACE},"
PONG: Final = "3"
_EVENT: Final = f"42{NAMESPACE},"
_MASK: Final = b"\0\0\0\0"
TEXT: Final = 1
CLOSE: Final = 8
PING: Final = 9


def handshake(host: str) -> bytes:
    """The HTTP request that becomes a WebSocket."""
    lines = (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(text: str, opcode: int = TEXT) -> bytes:
    """A client's frame, masked with zeros: masking is asked for, secrecy is not the point here."""
    body = text.encode()
    size = len(body)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | opcode, 0x80 | 127)) + size.to_bytes(8, "big")
    return head + _MASK + body


def event(name: str, data: Any) -> bytes:
    """A client's event in the namespace."""
    return frame(_EVENT + json.dumps([name, data], separators=(",", ":")))


def read_event(text: str) -> tuple[str, Any] | None:
    """The event that a text frame carries, if it is one."""
    if not text.startswith(_EVENT):
        return None
    name, data = json.loads(text[len(_EVENT) :])
    return name, data


def take_frames(buffer: bytearray) -> list[tuple[int, bytes]]:
    """Take the whole frames (opcode, payload) off the front; a server's frames are not masked."""
    found = []
    at = 0
    while len(buffer) - at >= 2:
        size, start = buffer[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
        if len(buffer) < start + size:
            break
        found.append((buffer[at] & 0x0F, bytes(buffer[start : start + size])))
        at = start + size
    del buffer[:at]
    return found

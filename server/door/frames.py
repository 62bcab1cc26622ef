"""An event as the bytes that go out: a text frame (RFC 6455) with an Engine.IO packet inside.

Built once per message, whoever and however many get it. `matches_library` proves at the start that
these are the bytes that the installed libraries would have sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from playlists.ids import Json
from server.door.limits import MAX_PUSH_BYTES, NAMESPACE

_TEXT: Final = 0x81
"""FIN and opcode 1."""
_PING: Final = 0x89
_CLOSE: Final = 0x88
_EVENT: Final = f"42{NAMESPACE},"
"""Engine.IO message (4), Socket.IO event (2), namespace."""


def _framed(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes((opcode, size))
    elif size < 65536:
        head = bytes((opcode, 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((opcode, 127)) + size.to_bytes(8, "big")
    return head + payload


PING_FRAME: Final = _framed(_PING, b"")


def close_frame(code: int) -> bytes:
    """A closing frame with a status code (RFC 6455 section 7.4)."""
    return _framed(_CLOSE, code.to_bytes(2, "big"))


def event_frame(event: str, data: Json) -> bytes:
    """The frame of one event in the players' namespace."""
    text = _EVENT + json.dumps([event, data], separators=(",", ":"))
    return _framed(_TEXT, text.encode())


@dataclass(frozen=True, slots=True)
class Pushed:
    """A message for any number of clients. `pull` is what a slow one is told instead."""

    event: str
    data: Json
    pull: Pushed | None = None
    frame: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, event: str, data: Json, pull: Pushed | None = None) -> Pushed:
        """Frame it."""
        return cls(event, data, pull, event_frame(event, data))


def pull(what: str, channel: str | None = None) -> Pushed:
    """`pull`: fetch this over HTTP."""
    body: Mapping[str, Json] = {"what": what} | ({"channel": channel} if channel else {})
    return Pushed.of("pull", body)


PULL_HEAD: Final = pull("head")
PULL_FRESHNESS: Final = pull("freshness")


def head(token: str) -> Pushed:
    """A signed head."""
    return Pushed.of("head", token, PULL_HEAD)


def offers(channel: str, token: str) -> Pushed:
    """Signed offers, or the request to pull where they are too long to push."""
    instead = pull("offers", channel)
    return Pushed.of("offers", token, instead) if len(token) <= MAX_PUSH_BYTES else instead


def command(token: str) -> Pushed:
    """A signed command; a slow client asks what it lacks, and hears of it again."""
    return Pushed.of("command", token, PULL_HEAD)


def freshness(token: str) -> Pushed:
    """A store's signed freshness, or the request to pull it."""
    return (
        Pushed.of("freshness", token, PULL_FRESHNESS)
        if len(token) <= MAX_PUSH_BYTES
        else PULL_FRESHNESS
    )


def matches_library() -> str:
    """Why frames must not be written straight to the sockets; "" where they may."""
    try:
        return _differences()
    except Exception as error:
        return f"the libraries are not as expected: {error!r}"


def _differences() -> str:
    import engineio.packet
    import socketio.packet
    from geventwebsocket.websocket import Header, WebSocket

    expected = {"raw_write", "raw_read", "stream", "handler", "utf8validator"}
    missing = expected - set(WebSocket.__slots__)
    if missing or not hasattr(Header, "unmask_payload"):
        return f"gevent-websocket lacks {', '.join(sorted(missing)) or 'Header.unmask_payload'}"
    for data in _SAMPLES:
        inner = socketio.packet.Packet(
            socketio.packet.EVENT, namespace=NAMESPACE, data=["sample", data]
        ).encode()
        text = engineio.packet.Packet(engineio.packet.MESSAGE, inner).encode()
        body = text.encode()
        theirs = bytes(Header.encode_header(True, WebSocket.OPCODE_TEXT, b"", len(body), 0)) + body
        if theirs != event_frame("sample", data):
            return "an event is framed otherwise"
    return ""


_SAMPLES: Final[tuple[Any, ...]] = (
    "a.b-c_d",
    {"what": "offers", "channel": "shop@lille"},
    "é" * 200,
    "x" * 70_000,
)

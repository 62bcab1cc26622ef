"""Reads an answer's body under a cap: bytes on the wire, bytes unpacked, and time in all."""

from __future__ import annotations

import io
import socket
import threading
import zlib
from typing import IO, TYPE_CHECKING, Protocol, cast

from urllib3.exceptions import HTTPError

from server.ports import PermanentError, TemporaryError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK_BYTES = 65_536
GZIP = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952 §2.3.1)."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class Wire(Protocol):
    """Where bytes come from; b"" at the end."""

    def read(self, amt: int, /) -> bytes:
        """At most `amt` bytes."""


class Deadline:
    """Ends a whole request `seconds` after its start by shutting its socket, whatever drips."""

    def __init__(self, seconds: float) -> None:
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self.seconds = seconds
        self.passed = False
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()

    def watch(self, connected: socket.socket) -> None:
        """Shut this socket when the time is over; at once where it is over already."""
        with self._lock:
            self._socket = connected
            if self.passed:
                _shut(connected)

    def error(self) -> TemporaryError:
        """What a request that took too long is told."""
        return TemporaryError(f"The answer took longer than {self.seconds:g} seconds.")

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            if self._socket is not None:
                _shut(self._socket)


def _shut(connected: socket.socket) -> None:
    try:
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # below TLS, which would wait
    except OSError:
        pass


class Body:
    """An answer's bytes, unpacked as they are read, never more than `max_bytes` of them."""

    def __init__(self, wire: Wire, encoding: str, max_bytes: int, deadline: Deadline) -> None:
        """Raises PermanentError for an encoding that was not asked for."""
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise PermanentError("The answer is packed in a way that was not asked for.")
        self._wire, self._deadline = wire, deadline
        self._max_bytes = max_bytes
        self._packed = encoding not in ("", "identity")
        self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB) if self._packed else None
        self._waiting = b""
        self.wire_bytes = 0
        self.unpacked_bytes = 0

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """At most `size` bytes, b"" at the end. Raises TemporaryError (cut short, too slow) or
        PermanentError (over the cap).
        """
        out = self._unpacked(size) if self._packed else self._received(size)
        self.unpacked_bytes += len(out)
        self._check_cap(self.unpacked_bytes)
        return out

    def whole(self) -> bytes:
        """All that is left."""
        parts = []
        while part := self.read():
            parts.append(part)
        return b"".join(parts)

    def unpacked_file(self) -> tuple[Body, bytes]:
        """The body, or what it holds where it is a gzip file, under the same cap; and how it
        begins, already read: a chunk, or all where there is less.
        """
        first = self._beginning()
        if not first.startswith(GZIP):
            return self, first
        inside = Body(_Again(first, self), "gzip", self._max_bytes, self._deadline)
        return inside, inside._beginning()

    def stream(self, first: bytes) -> IO[bytes]:
        """`first` and all that is left, as a file."""
        return io.BufferedReader(cast(io.RawIOBase, _Stream(_Again(first, self))), CHUNK_BYTES)

    def _beginning(self) -> bytes:
        parts, size = [], 0
        while size < CHUNK_BYTES and (part := self.read()):
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def _unpacked(self, size: int) -> bytes:
        out = b""
        while not out:
            packed = self._waiting or self._received(CHUNK_BYTES)
            if self._unpacker is None:  # one gzip member ended: another begins, or nothing does
                if not packed:
                    return b""
                self._unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
            elif not packed:
                raise TemporaryError("The answer was cut short.", unread="truncated")
            try:
                out = self._unpacker.decompress(packed, size)
            except zlib.error:
                raise TemporaryError("The answer’s compression is broken.") from None
            if self._unpacker.eof:
                self._waiting, self._unpacker = self._unpacker.unused_data, None
            else:
                self._waiting = self._unpacker.unconsumed_tail
        return out

    def _received(self, size: int) -> bytes:
        try:
            data = self._wire.read(size)
        except (HTTPError, OSError, ValueError):
            if self._deadline.passed:
                raise self._deadline.error() from None
            raise TemporaryError("The answer was cut short.", unread="truncated") from None
        if self._deadline.passed:
            raise self._deadline.error()
        self.wire_bytes += len(data)
        self._check_cap(self.wire_bytes)
        return data

    def _check_cap(self, count: int) -> None:
        if count > self._max_bytes:
            raise PermanentError(
                f"The answer is over the {self._max_bytes} bytes that are accepted "
                "(ENSEIGNE_FEED_MAX_BYTES). Is this the right address?"
            )


class _Again:
    """Bytes that were already read of a body, then the others."""

    def __init__(self, first: bytes, rest: Wire) -> None:
        self._first, self._rest = first, rest

    def read(self, amt: int, /) -> bytes:
        if not self._first:
            return self._rest.read(amt)
        out, self._first = self._first[:amt], self._first[amt:]
        return out


class _Stream(io.RawIOBase):
    """A wire as a file that is read from the beginning to the end."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        room = memoryview(buffer).cast("B")
        data = self._wire.read(len(room))
        room[: len(data)] = data
        return len(data)

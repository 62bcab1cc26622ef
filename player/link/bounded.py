"""HTTP connections whose answers have an end: no endless head, no silence, no trickle for ever.

The standard library limits a header line and the silence between two bytes, not the whole head,
nor how long a peer may take that sends a byte now and then. Both are counted where bytes are read.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

HEAD_BYTES = 64 * 1024
"""Of status line and headers, 1xx answers before them included."""
HEAD_S = 30.0
SLOW_S = 30.0
SLOW_BYTES = 64 * 1024
"""Who waits SLOW_S for less than this has waited enough. Time in which nothing is asked for (as a
limit of bytes a second has it) does not count.
"""
CHUNKED_BYTES = 64 * 1024 * 1024
"""Of an answer without a length, its chunk lines and trailers included."""


class Watched(io.RawIOBase):
    """A socket's bytes. Reading raises TimeoutError for slowness, HTTPException for excess."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._left: int | None = HEAD_BYTES
        self._deadline: float | None = time.monotonic() + HEAD_S
        self._waited = 0.0
        self._got = 0

    def head_is_read(self, left: int | None) -> None:
        """From now on a body comes, of at most so many bytes."""
        self._left, self._deadline = left, None

    def readable(self) -> bool:
        """It is read only."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there."""
        began = time.monotonic()
        count: int | None = self._raw.readinto(buffer)
        now = time.monotonic()
        self._waited += now - began
        self._got += count or 0
        if self._left is not None:
            self._left -= count or 0
            if self._left < 0:
                raise HTTPException("what was sent has no end")
        if self._deadline is not None and now > self._deadline:
            raise TimeoutError("the head takes too long")
        if self._waited > SLOW_S:
            if self._got < SLOW_BYTES:
                raise TimeoutError("what is sent trickles")
            self._waited, self._got = 0.0, 0
        return count

    def close(self) -> None:
        """Close what lies below too."""
        if not self.closed:
            self._raw.close()
            super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        self._watched = Watched(sock.makefile("rb", buffering=0))
        super().__init__(_Reads(self._watched), *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        super().begin()
        self._watched.head_is_read(CHUNKED_BYTES if self.chunked else None)


class _Reads:
    """Stands in for the socket, of which a response only ever wants this file."""

    def __init__(self, raw: Watched) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BufferedReader:
        """The file to read from."""
        return io.BufferedReader(self._raw)


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def __init__(self, **options: Any) -> None:
        self._options = options
        super().__init__(pool_maxsize=2)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **options: Any
    ) -> None:
        super().init_poolmanager(connections, maxsize, block, **options, **self._options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}


def bounded_session(context: ssl.SSLContext | None = None) -> requests.Session:
    """A requests session that speaks so, over TLS by `context` alone (without one, not at all).

    It keeps no cookies: a peer could have it gather them for ever.
    """
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("http://", _Adapter())
    if context is None:
        session.adapters.pop("https://")
    else:
        session.mount("https://", _Adapter(ssl_context=context))
    return session

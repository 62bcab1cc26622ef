"""Real HTTP servers that answer as a test says, well or badly."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = b"x" * 65_536


@dataclass
class Reply:
    """One answer. `drip` yields bytes after the head instead of a body of known length."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drip: Callable[[threading.Event], Iterator[bytes]] | None = None
    claimed_length: int | None = None


@dataclass
class Peer:
    """A server on the loopback address. `says` gives the answer to a request (path, headers)."""

    says: Callable[[str, dict[str, str]], Reply]
    port: int = 0
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    sent: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """What was asked for."""
        return [path for path, _ in self.asked]


@contextmanager
def peer(says: Callable[[str, dict[str, str]], Reply] | Reply) -> Iterator[Peer]:
    """A server for the length of the block."""
    answer = says
    fixed = (lambda _path, _headers: answer) if isinstance(answer, Reply) else answer
    me = Peer(fixed)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            me.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            me.asked.append((self.path, headers))
            reply = me.says(self.path, headers)
            # A peer that tells its own time does not tell ours too.
            dated = "Date" in reply.headers
            (self.send_response_only if dated else self.send_response)(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.drip is None:
                length = reply.claimed_length
                self.send_header(
                    "Content-Length", str(len(reply.body) if length is None else length)
                )
            self.end_headers()
            for piece in [reply.body] if reply.drip is None else reply.drip(me.stopping):
                me.sent += len(piece)  # who asked may have read it before the write returns
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    break
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    me.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield me
    finally:
        me.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def endless(_stopping: threading.Event) -> Iterator[bytes]:
    """Bytes without end."""
    while True:
        yield CHUNK


def slow(stopping: threading.Event) -> Iterator[bytes]:
    """A byte now and then, so that no read ever times out."""
    while not stopping.wait(0.02):
        yield b" "

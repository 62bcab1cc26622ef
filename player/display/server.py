"""The page and its state, served on this machine to the browser beside it (stdlib HTTP, threads).

GET /, /screen, /page/..., /state, /events (EventSource), /clock, /objects/<sha>, /assets/<sha>
(Range), /health, /painted; POST /played, /painted. It listens on the loopback address unless told
otherwise, answers only to its own host names (so that no page elsewhere can reach it by DNS
rebinding), and takes POSTs only as JSON from its own origin.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from player.display.board import Board
from player.display.files import SANDBOX, byte_range, copy, kind_of
from player.display.heartbeat import Heartbeat
from player.display.page import Page
from player.display.turns import read_turns
from player.display.wishes import Wishes
from player.spool import Turn
from playlists.errors import Invalid
from playlists.fields import parse_json
from playlists.ids import Sha256

MAX_BODY_BYTES = 2 * 1024 * 1024
HEARTBEAT_S = 15.0
"""An EventSource hears something at least this often."""
CLIENT_S = 60.0
"""A connection that takes or sends nothing for so long is ended."""
LOCAL_NAMES = frozenset(("127.0.0.1", "localhost", "::1"))

_SHA = re.compile(r"/(objects|assets)/([0-9a-f]{64})")
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class Behind:
    """What the server asks of the rest of the player; each is called from its threads.

    `file` gives a complete file by kind ("objects" or "assets") and address. `played` takes turns
    and returns once they are on the disk; any error of it is answered 503.
    """

    board: Board
    clock: Callable[[], Mapping[str, int | None]]
    file: Callable[[str, Sha256], Path | None]
    played: Callable[[str, list[Turn]], object]
    health: Callable[[], Mapping[str, Any]]
    wishes: Wishes


class LocalServer:
    """Listens at once (OSError where the port is taken), serves from `start`."""

    def __init__(self, host: str, port: int, page: Page, behind: Behind) -> None:
        kind = _Server6 if ":" in host else _Server
        self._server = kind((host, port), _Handler)
        self._server.page = page
        self._server.behind = behind
        self._server.names = LOCAL_NAMES | {host}
        self._server.heartbeat = Heartbeat()
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="local", daemon=True
        )

    def start(self) -> None:
        """Serve, in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; open connections end with the board."""
        self._server.behind.board.close()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page: Page
    behind: Behind
    names: frozenset[str]
    heartbeat: Heartbeat

    def handle_error(self, request: object, client_address: object) -> None:
        """A page that goes in the middle of a word is no news; anything else is told as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "enseigne"
    sys_version = ""
    timeout = CLIENT_S
    wbufsize = -1  # headers and body leave in one packet

    @property
    def _own(self) -> _Server:
        return cast("_Server", self.server)

    def do_GET(self) -> None:
        self._guard(self._get)

    def do_HEAD(self) -> None:
        self._guard(self._get)

    def do_POST(self) -> None:
        self._guard(self._post)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a page asks often, and its questions are no news."""

    def _guard(self, answer: Callable[[], None]) -> None:
        try:
            if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in self._own.names:
                self._refuse("This player answers to its own address only.", 421)
            else:
                answer()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _get(self) -> None:
        path = urlsplit(self.path).path
        behind = self._own.behind
        named = _SHA.fullmatch(path)
        if named:
            self._file(behind.file(named[1], Sha256(named[2])), named[2])
        elif path == "/state":
            self._json((behind.board.since(0) or (0, {}))[1])
        elif path == "/wishes":
            self._json(behind.wishes.to_json())
        elif path == "/clock":
            self._json(behind.clock())
        elif path == "/health":
            health = behind.health()
            self._json(health, 200 if health["ok"] else 503)
        elif path == "/painted":
            self._json(self._own.heartbeat.to_json())
        elif path == "/events":
            self._events()
        else:
            found = self._own.page.find(path)
            if found is None:
                self._json({"detail": "There is nothing here."}, 404)
            elif self.headers.get("If-None-Match") == found.etag:
                self._answer(304, b"", found.kind, {"ETag": found.etag})
            else:
                kept = {"ETag": found.etag, "Cache-Control": "no-cache"}
                self._answer(200, found.data, found.kind, kept)

    def _post(self) -> None:
        # A page that leaves sends a beacon, which is text/plain but always names its origin.
        origin = self.headers.get("Origin")
        is_own = origin is not None and urlsplit(origin).netloc == self.headers.get("Host")
        if origin is not None and not is_own:
            self._refuse("Only this player's own page may post here.", 403)
        elif not is_own and self.headers.get_content_type() != "application/json":
            self._refuse("Post JSON.", 415)
        elif not 0 <= (length := _length(self.headers.get("Content-Length"))) <= MAX_BODY_BYTES:
            self._refuse(f"A body has a length of at most {MAX_BODY_BYTES} bytes.", 413)
        else:
            self._take(urlsplit(self.path).path, self.rfile.read(length))

    def _take(self, path: str, data: bytes) -> None:
        behind = self._own.behind
        try:
            if path == "/played":
                behind.played(*read_turns(parse_json(data)))
            elif path == "/wishes":
                behind.wishes.take(parse_json(data))
            elif path == "/painted":
                self._own.heartbeat.take(parse_json(data))
            else:
                self._json({"detail": "There is nothing here."}, 404)
                return
        except Invalid as wrong:
            self._json({"detail": str(wrong), "field": wrong.field}, 422)
        except Exception as wrong:  # whatever it is, the page must keep its turns and ask again
            self._json({"detail": str(wrong)}, 503)
        else:
            self._answer(204, b"", "application/json", {})

    def _refuse(self, detail: str, status: int) -> None:
        # The body was not read, so the connection cannot go on.
        self.close_connection = True
        self._json({"detail": detail}, status)

    def _json(self, value: Mapping[str, Any], status: int = 200) -> None:
        data = json.dumps(value, separators=(",", ":")).encode()
        self._answer(status, data, "application/json", {"Cache-Control": "no-store"})

    def _answer(self, status: int, data: bytes, kind: str, headers: Mapping[str, str]) -> None:
        self._head(status, kind, headers, None if status == HTTPStatus.NO_CONTENT else len(data))
        if self.command != "HEAD" and status != HTTPStatus.NOT_MODIFIED:
            self.wfile.write(data)
        self.wfile.flush()

    def _head(self, status: int, kind: str, headers: Mapping[str, str], length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in {**_SECURITY, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _events(self) -> None:
        """Everything first, then what changes, until the page goes (HTML, server-sent events)."""
        self.close_connection = True
        self._head(200, "text/event-stream", {"Cache-Control": "no-store"}, None)
        behind = self._own.behind
        rev = 0
        while (news := behind.board.since(rev, HEARTBEAT_S if rev else 0)) is not None:
            now, sections = news
            name = "alive" if now == rev else "change" if rev else "state"
            rev = now
            data = json.dumps(sections, separators=(",", ":"))
            self.wfile.write(f"event: {name}\ndata: {data}\n\n".encode())
            self.wfile.flush()

    def _file(self, path: Path | None, address: str) -> None:
        try:
            file = None if path is None else path.open("rb")
        except OSError:
            file = None
        if file is None:
            self._json({"detail": "This player does not hold it."}, 404)
            return
        with file:
            size = file.seek(0, 2)
            begin, end = byte_range(self.headers.get("Range"), size)
            file.seek(begin if begin < end else 0)
            headers = {
                "ETag": f'"{address}"',
                "Cache-Control": "public, max-age=31536000, immutable",
                "Accept-Ranges": "bytes",
                "Content-Security-Policy": SANDBOX,
            }
            status = 200
            if begin >= end and size:
                status, begin, end = 416, 0, 0
                headers["Content-Range"] = f"bytes */{size}"
            elif (begin, end) != (0, size):
                status = 206
                headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
            self._head(status, kind_of(path), headers, end - begin)
            if self.command != "HEAD":
                copy(file, self.wfile, end - begin)
            self.wfile.flush()


def _length(header: str | None) -> int:
    return int(header) if header and header.isdecimal() else -1

"""An HTTP server for the shop's own network: private addresses only, each a few connections."""

from __future__ import annotations

import io
import ipaddress
import socket
import sys
import threading
from collections import Counter
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from player.link.bounded import Watched

MOST_CONNECTIONS = 32
MOST_OF_ONE = 4
"""Connections from one address."""
_ANYBODY = ("192.0.2.1", 9)
"""Nobody's (RFC 5737): asked only which way leads out."""
CLIENT_S = 10.0
"""For one block to be taken."""


class NearServer(ThreadingHTTPServer):
    """Turns away who is not near, and who has too many connections already."""

    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__(*args)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether this connection is one that is served."""
        host = client_address[0]
        if not _is_near(host):
            return False
        with self._lock:
            if self._open.total() >= MOST_CONNECTIONS or self._open[host] >= MOST_OF_ONE:
                return False
            self._open[host] += 1
        return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open[client_address[0]] -= 1
                self._open += Counter()  # who has none left is forgotten

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes in the middle of a word, or speaks without end, is no news; a fault of ours is
        told as usual.
        """
        if not isinstance(sys.exc_info()[1], OSError | HTTPException):
            super().handle_error(request, client_address)


class NearHandler(BaseHTTPRequestHandler):
    """Reads with an end, and says nothing of itself."""

    server_version = "enseigne"
    sys_version = ""
    timeout = CLIENT_S
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        raw = socket.SocketIO(self.connection, "r")
        self.rfile = io.BufferedReader(Watched(raw))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def own_address() -> str:
    """This machine's address on the shop's network, "" without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_ANYBODY)
        except OSError:
            return ""
        return str(asking.getsockname()[0])


def _is_near(host: str) -> bool:
    address = ipaddress.ip_address(host)
    return address.is_private or address.is_link_local

"""Gives this player's files to the other players of the shop, to who names one by its whole hash.

GET /assets/<sha256>, from any offset on, and nothing else: no list, no state, no other path. It
serves private addresses only, and each of them a few connections; who reads slowly is cut off.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from player.errors import Unreachable
from player.link.lan_client import ARRIVED
from player.link.near import NearHandler, NearServer
from player.link.throttle import Throttle
from playlists.ids import Sha256

MOST_SENT = 4
"""Files sent at once."""
SENT_BYTES_S = 12 * 1024 * 1024
"""Of all files together: a shop's Wi-Fi carries other things too."""
_BLOCK = 64 * 1024
_ASSET = re.compile(r"/assets/([0-9a-f]{64})")
_RANGE = re.compile(r"bytes=([0-9]{1,15})-")


class LanServer:
    """Listens at once on all addresses (OSError where it cannot), serves from `start`.

    `file` gives a complete file's path; `arrived` the bytes of one on its way from the server.
    """

    def __init__(
        self,
        port: int,
        file: Callable[[Sha256], Path | None],
        arrived: Callable[[Sha256], int | None],
    ) -> None:
        self._server = _Server(("", port), _Handler)
        self._server.file, self._server.arrived = file, arrived
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.2,), name="lan", daemon=True
        )

    def start(self) -> None:
        """Serve, in threads of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.throttle.end()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


class _Server(NearServer):
    file: Callable[[Sha256], Path | None]
    arrived: Callable[[Sha256], int | None]

    def __init__(self, *args: Any) -> None:
        self.throttle = Throttle(SENT_BYTES_S)
        self.sending = threading.BoundedSemaphore(MOST_SENT)
        super().__init__(*args)


class _Handler(NearHandler):
    def do_GET(self) -> None:
        self.close_connection = True
        server = cast("_Server", self.server)
        named = _ASSET.fullmatch(self.path)
        if named is None:
            self._say(404, {})
            return
        address = Sha256(named[1])
        path = server.file(address)
        if path is None:
            arrived = server.arrived(address)
            self._say(404, {} if arrived is None else {ARRIVED: str(arrived)})
        elif not server.sending.acquire(blocking=False):
            self._say(503, {"Retry-After": "2"})
        else:
            try:
                with path.open("rb") as file:
                    self._send(file)
            finally:
                server.sending.release()

    def _send(self, file: BinaryIO) -> None:
        size = file.seek(0, 2)
        wish = _RANGE.fullmatch(self.headers.get("Range", ""))
        begin = int(wish[1]) if wish else 0
        if begin and begin >= size:
            self._say(416, {"Content-Range": f"bytes */{size}"})
            return
        span = {"Content-Range": f"bytes {begin}-{size - 1}/{size}"} if begin else {}
        self._say(206 if begin else 200, span, size - begin)
        file.seek(begin)
        try:
            for block in cast("_Server", self.server).throttle.through(_read(file)):
                self.wfile.write(block)
        except Unreachable:
            return

    def _say(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; sandbox")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _read(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block

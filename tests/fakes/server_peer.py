"""The simulated server on a real port: HTTP by werkzeug, the door by python-socketio."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import socketio
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from playlists.credentials import mint_token
from playlists.wire.door import Prove, Refusal, Report, Welcome, prove_from_json
from tests.fakes.server_sim import Sim
from tests.fakes.shop_content import HOUR_MS, SCREEN

NAMESPACE = "/player"
CUT_BLOCK = 16 * 1024


class Peer:
    """A Sim on a port of `host`. `push` reaches every player that proved its key.

    `cut_assets_at`: bytes of an asset's body after which the line breaks, None not to. `spoil` may
    answer a path in the server's place, as no server would.
    """

    def __init__(self, sim: Sim, ssl_context: Any = None, host: str = "127.0.0.1") -> None:
        self.sim = sim
        self.cut_assets_at: int | None = None
        self.spoil: Callable[[str], Response | None] = lambda path: None
        self.silent = False
        self.proved: dict[str, str] = {}
        self.refuse = ""
        self._nonces: dict[str, str] = {}
        self._lock = threading.RLock()
        self._sio = socketio.Server(async_mode="threading", cors_allowed_origins=[])
        for name in ("connect", "disconnect", "prove", "report"):
            self._sio.on(name, getattr(self, f"_{name}"), namespace=NAMESPACE)
        app = socketio.WSGIApp(self._sio, self._http)
        self._server = make_server(
            host, 0, app, threaded=True, request_handler=_Quiet, ssl_context=ssl_context
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        scheme = "https" if ssl_context else "http"
        self.url = f"{scheme}://{host}:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()

    def push(self, event: str, body: object) -> None:
        """Say something over the socket."""
        for sid in list(self.proved):
            self._sio.emit(event, body, to=sid, namespace=NAMESPACE)

    def hang_up(self) -> None:
        """End every socket."""
        for sid in list(self.proved):
            self._sio.disconnect(sid, namespace=NAMESPACE)

    def _connect(self, sid: str, environ: object) -> None:
        self._nonces[sid] = secrets.token_urlsafe(16)
        self._sio.emit("challenge", {"nonce": self._nonces[sid]}, to=sid, namespace=NAMESPACE)

    def _disconnect(self, sid: str, *reason: object) -> None:
        self.proved.pop(sid, None)

    def _prove(self, sid: str, body: object) -> None:
        prove = prove_from_json(body)
        assert isinstance(prove, Prove)
        with self._lock:
            good = self.sim.proves(self._nonces.pop(sid), prove.screen, prove.sig)
            code = self.refuse or ("" if good else "bad_signature")
            if code:
                refusal = Refusal(code, "no").to_json()
                self._sio.emit("refused", refusal, to=sid, namespace=NAMESPACE)
                return
            token = mint_token(self.sim.secret, SCREEN, self.sim.clock() + HOUR_MS)
            welcome = Welcome(token, self.sim.tell_time(prove.nonce), 45_000).to_json()
        self.proved[sid] = prove.screen
        self._sio.emit("welcome", welcome, to=sid, namespace=NAMESPACE)

    def _report(self, sid: str, body: object) -> None:
        if self.silent:
            return
        with self._lock:
            report = Report.from_json(body)
            self.sim.reports.append(report)
            lacking = self.sim.difference(report)
        for token in lacking["offers"]:
            self._sio.emit("offers", token, to=sid, namespace=NAMESPACE)
        for event in ("head", "freshness", "time"):
            if lacking[event]:
                self._sio.emit(event, lacking[event], to=sid, namespace=NAMESPACE)

    def _http(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        spoiled = self.spoil(request.path)
        if spoiled is not None:
            return spoiled(environ, start)
        with self._lock:
            status, headers, data = self.sim.answer(
                request.method, request.full_path, request.headers, request.get_data()
            )
        answer = Response(data, status, headers)
        answer.headers.setdefault("Content-Type", "application/octet-stream")
        if request.path.startswith("/player/v1/assets/") and self.cut_assets_at is not None:
            cut = self.cut_assets_at
            answer = Response(_broken(data, cut), status, headers)
            answer.headers["Content-Length"] = str(len(data))
        return answer(environ, start)


def _broken(data: bytes, cut: int) -> Iterator[bytes]:
    for at in range(0, min(cut, len(data)), CUT_BLOCK):
        yield data[at : min(at + CUT_BLOCK, cut)]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def running_peer(sim: Sim, ssl_context: Any = None, host: str = "127.0.0.1") -> Iterator[Peer]:
    """A Peer for the length of the block."""
    peer = Peer(sim, ssl_context, host)
    peer.start()
    try:
        yield peer
    finally:
        peer.stop()
